"""Figures 7 and 12 of SA from the runs of the table: reconstructions of what was held out, and their errors."""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from torch import Tensor

from latentassay.data import FactorData
from latentassay.evaluation.extrapolation import ARMS
from latentassay.papers.page import Picture
from latentassay.papers.structure.extrapolation.drawing import extrapolation
from latentassay.papers.structure.extrapolation.runs import ERROR, SETTINGS, Cell, parts, train
from latentassay.papers.structure.extrapolation.table import Folders, by_arm, wanted_cells
from latentassay.papers.variants import by_variant
from latentassay.sampling import decode, encode

SHOWN = 2
"""Pictures of each model and arm."""

TITLES = {"neither": "no update", "encoder": "encoder only", "decoder": "decoder only", "both": "both"}


def pictures(scale: str, folder: Path, *, seeds: int | None = None, data: Folders | None = None) -> list[Picture]:
    """Draw figures 7 and 12 from the runs in ``folder``; what is missing is trained first."""
    wanted = wanted_cells(scale, folder, seeds, data)
    return [picture for setting in SETTINGS for picture in _of_setting(wanted, setting)]


def _of_setting(wanted: list[Cell], setting: str) -> list[Picture]:
    chosen, first = SETTINGS[setting], [cell for cell in wanted if cell.setting == setting and cell.seed == 0]
    found = {model: by_arm(wanted, setting, model) for model in chosen.models}
    errors = {
        model: {TITLES[arm]: [each[ERROR] for each in scores] for arm, scores in arms.items()}
        for model, arms in found.items()
    }
    x = shown(parts(*first[0][:3]).held_out, chosen.factor)
    rows: dict[str, dict[str, np.ndarray]] = {model: {} for model in chosen.models}
    for cell in first:
        model = train(cell).model
        rows[cell.model][TITLES[cell.arm]] = decode(model, encode(model, x).mean).numpy()
    means = {model: {arm: float(np.mean(values)) for arm, values in arms.items()} for model, arms in errors.items()}
    figure, held = chosen.figure, f"{chosen.factor} {', '.join(map(str, chosen.values))}"
    return [
        Picture(
            f"figure-{figure}",
            f"Reconstructions of {held}, held out at first (SA figure {figure})",
            f"Unseen pictures with values that the first phase did not see ({held}), and their reconstructions by what "
            "was updated in the second. Below each: MSE × 1000 over all such pictures.",
            extrapolation(x.numpy(), rows, numbers=means),
        ),
        Picture(
            f"figure-{figure}-errors",
            f"Errors on {held}, held out at first (SA figure {figure})",
            "MSE × 1000 on unseen pictures with the values held out, on a logarithmic axis, by what was updated.",
            by_variant(errors, "MSE × 1000", log=True, order=[TITLES[arm] for arm in ARMS]),
        ),
    ]


def shown(data: FactorData, factor: str) -> Float[Tensor, "k c h w"]:
    """Return pictures ``(SHOWN, *x_shape)`` with the least and the greatest values there are, the rest at random."""
    order = np.random.default_rng(0).permutation(len(data))
    sorted_rows = order[np.argsort(data.factors[order, data.factor_names.index(factor)], kind="stable")]
    return data.batch(sorted_rows[np.linspace(0, len(data) - 1, SHOWN).round().astype(int)])
