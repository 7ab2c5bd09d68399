"""What is asked of the models of SA: do latents tell factors apart, how good are samples, how are latents ordered."""

import warnings
from functools import cache
from typing import Any

import numpy as np
from torch import Generator, nn

from latentassay.core.errors import InputError
from latentassay.data import FactorData
from latentassay.evaluation.fidelity import fidelity
from latentassay.features import DEFAULT, EfficientNetLite0
from latentassay.metrics import score
from latentassay.metrics.quality.samples import FewRowsWarning
from latentassay.papers.results import pick
from latentassay.papers.runs import Scores, Settings, measured
from latentassay.papers.structure.runs import SCALES, Cell, shapes, train
from latentassay.responses import Hierarchy, hierarchy
from latentassay.sampling import draw, encode
from latentassay.training.trainer import pick_device

DCI, MIG, IRS, MOD, EXP = "DCI", "MIG", "IRS", "Mod", "Exp"
COLUMNS = {
    "dci": DCI,
    "mig": MIG,
    "irs": IRS,
    "modularity": MOD,
    "explicitness": EXP,
    "completeness": "DCI-c",
    "informativeness": "DCI-i",
    "sap": "SAP",
    "factor_vae": "FactorVAE",
    "beta_vae": "β-VAE",
}
"""Name of a score in ``metrics.score`` → column; the first five are the paper's."""

METRICS = [name for name in COLUMNS if name not in ("completeness", "informativeness")]
LINEAR, CONTEXT, PLACES = "earlier is less linear", "earlier depends on others", "earlier reaches farther"
ACTIVE = "active variables"
BCE, MSE, KINDS = "BCE", "MSE × 1000", ("reconstruction", "hybrid", "prior", "real")
ORDER = (LINEAR, CONTEXT, PLACES, ACTIVE)


def measure(cell: Cell) -> None:
    """Train the model of a cell and measure it; everything is kept in its folder."""
    disentanglement(cell)
    order(cell)
    pictures(cell)


def is_measured(cell: Cell) -> bool:
    """Whether the folder of a cell holds everything that ``measure`` leaves there."""
    return all((cell.home / f"{name}.json").exists() for name in ("disentanglement", "order", "quality"))


def variables(cell: Cell) -> tuple[tuple[int, ...], ...]:
    """Return what is drawn as one in hybrids: the segments of structural and ladder models, else single latents."""
    groups: tuple[tuple[int, ...], ...] = train(cell).model.variables
    return groups


def disentanglement(cell: Cell) -> Scores:
    """Return every score of posterior means of unseen rows, latent by latent (SA table 1)."""
    run, chosen = train(cell), pick(SCALES, cell.scale)

    def ask() -> Scores:
        test = unseen(cell, chosen.codes)
        means = encode(run.model, test).mean.double().numpy()
        asked: dict[str, dict[str, Any]] = {name: {} for name in METRICS}
        panel = score(means, test.factors, metrics=asked | {"dci": {"predictor": chosen.predictor}}, seed=cell.seed)
        return {COLUMNS[found.name.partition("[")[0]]: found.value for found in panel}

    settings: Settings = {"codes": chosen.codes, "predictor": chosen.predictor}
    return measured(run.path, "disentanglement", settings, ask)


def order(cell: Cell) -> Scores:
    """Return how far the variables of one model are ordered, and the parts that this is read off (SA 4.1)."""
    run, chosen = train(cell), pick(SCALES, cell.scale)

    def ask() -> Scores:
        found = hierarchy_of(cell)
        ordered = {LINEAR: found.score, CONTEXT: found.context.score, PLACES: found.extent.score}
        scores: Scores = {name: value for name, value in ordered.items() if value is not None}
        for unit in found.active:
            each = {"linear": found.linear, "context free": found.context_free, "places": found.places}
            scores |= {f"{name} {unit}": float(values[unit]) for name, values in each.items()}
            scores[f"size {unit}"] = float(found.size[unit])
        return scores | {ACTIVE: float(len(found.active))}

    return measured(run.path, "order", {"hybrids": chosen.hybrids}, ask)


def hierarchy_of(cell: Cell) -> Hierarchy:
    """Return the hierarchy of one model, from hybrids of codes of unseen pictures."""
    generator, chosen = Generator().manual_seed(cell.seed), pick(SCALES, cell.scale)
    model, units = train(cell).model, variables(cell)
    rows = unseen(cell, chosen.codes)
    z = draw(model, rows, chosen.hybrids, how="hybrid", units=units, generator=generator)
    return hierarchy(model, z, units=units, generator=generator)


def pictures(cell: Cell) -> Scores:
    """Return errors of reconstructions, and how far they, hybrids and prior samples are from unseen pictures."""
    run, chosen = train(cell), pick(SCALES, cell.scale)

    def ask() -> Scores:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FewRowsWarning)  # at scale smoke alone
            found = fidelity(
                run.model,
                shapes(cell.scale, cell.folder).test,
                n=chosen.images,
                kinds=KINDS,
                stored=shapes(cell.scale, cell.folder).train,
                extractor=_judge(),
                resamples=0,
                generator=Generator().manual_seed(0),
            )
        if found.bce is None:
            raise InputError("the cross entropy of pictures was not measured")
        scores: Scores = {BCE: found.bce, MSE: 1000 * found.mse}
        for kind, distances in found.distances.items():
            scores |= {fd(kind): distances.frechet.score, kid(kind): 1000 * distances.kernel.score}
        return scores

    return measured(run.path, "quality", {"images": chosen.images, "features": DEFAULT}, ask)


def fd(kind: str) -> str:
    """Name of a Fréchet distance."""
    return f"FD, {kind}"


def kid(kind: str) -> str:
    """Name of a kernel distance."""
    return f"KID × 1000, {kind}"


@cache
def _judge() -> nn.Module:
    """The extractor of features, on a GPU where there is one."""
    return EfficientNetLite0().to(pick_device("auto"))


def unseen(cell: Cell, rows: int) -> FactorData:
    """Return the same unseen pictures for every model."""
    test = shapes(cell.scale, cell.folder).test
    return test.take(np.sort(np.random.default_rng(0).permutation(len(test))[:rows]))
