"""Figures 7 and 12 of SA: the error of what was held out, by what was updated afterwards."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from latentassay.core.errors import InputError
from latentassay.evaluation.extrapolation import ARMS, closed
from latentassay.papers.pool import each
from latentassay.papers.responses.tables import counted
from latentassay.papers.results import Cell as Number
from latentassay.papers.results import Table, over_seeds, pick
from latentassay.papers.runs import Scores
from latentassay.papers.structure.extrapolation.runs import (
    ERROR,
    KEPT,
    SCALES,
    SETTINGS,
    STDERR,
    Cell,
    cells,
    is_measured,
    measure,
    measure_arms,
    train,
)
from latentassay.papers.structure.runs import SCALES as STRUCTURE
from latentassay.papers.structure.runs import shapes

Folders = Mapping[str, str | Path]

AT_ONCE = 4
"""Models that share a GPU, which waits for the host most of the time."""

CLOSED = {"encoder": "closed by encoder", "decoder": "closed by decoder"}
NOVEL = "held-out ÷ other, {arm}"
"""How much worse what was held out is reconstructed than the rest; training that helps all alike leaves it as it is."""

NOTES = (
    "MSE × 1000 of reconstructions from mean codes, per value, of unseen pictures with the values held out: the ball "
    "(shape 2), or the two most extreme orientations on either side (0, 1, 13, 14). All arms begin with the same "
    "weights and see the same batches; a part that is not updated keeps every bit.",
    "Closed by encoder, by decoder: (neither − this arm) / (neither − both), what updating that part alone closes of "
    "the gap that updating both closes; beside it the same of the paper's numbers.",
    "Held-out ÷ other: the error of pictures with the values held out over that of pictures without. Pictures of some "
    "values are easier than others, so what it comes down to when both are updated need not be 1; how far an arm "
    "brings it there does not depend on how much better more steps make everything.",
    "Other values: the same error of unseen pictures without the values held out; the paper has nothing beside it.",
    "Weights of regularisations are divided by the number of pixels that were averaged into one.",
    "The optimiser begins afresh in the second phase, in every arm; the paper does not say what it does.",
    "Intervals are 95 % by Student's t over seeds; one seed has none.",
)


def table(
    scale: str, folder: Path, *, seeds: int | None = None, data: Folders | None = None, device: str = "auto"
) -> Table:
    """Train every model without some values, go on with all of them in four ways, and measure (SA figures 7 and 12).

    Args:
        scale: smoke, laptop, gpu or paper.
        folder: where pictures, runs and scores are kept; what is there is not done again.
        seeds: how many seeds, from 0 on; as many as the scale has where left out.
        data: nothing; 3D Shapes are drawn here.
        device: cpu, a core for each model, or a GPU, for several models at a time; auto is the cpu.

    Raises:
        InputError: an unknown scale, no seeds, or a data set that is not used.
        KeyboardInterrupt: Ctrl-C came; what was done is kept.
    """
    wanted = wanted_cells(scale, folder, seeds, data)
    missing = [cell for cell in wanted if not is_measured(cell)]
    if missing:
        shapes(scale, folder, pick(SCALES, scale).pooled)  # drawn once, before many processes ask for them
    on, processes = ("cpu", None) if device in ("auto", "cpu") else (device, AT_ONCE)
    models = list(dict.fromkeys(cell._replace(arm="neither") for cell in missing))
    each(partial(measure_arms, device=on), models, "models", processes=processes)
    return Table(
        title="Extrapolation: which part takes up new values (SA figures 7 and 12)",
        what="Autoencoders trained without some values of a factor of 3D Shapes, then on all values with the encoder, "
        "the decoder, both or neither updated: how well unseen pictures with those values are reconstructed.",
        scale=_told(wanted),
        cells=tuple(_numbers(wanted)),
        notes=NOTES,
    )


def wanted_cells(scale: str, folder: Path, seeds: int | None, data: Folders | None) -> list[Cell]:
    """Return the cells of so many seeds.

    Raises:
        InputError: an unknown scale, no seeds, or data that are not used.
    """
    if data:
        raise InputError(f"3D Shapes are drawn here and need no files, got --data {', '.join(data)}")
    return cells(scale, folder, counted(seeds, pick(SCALES, scale).seeds))


def by_arm(wanted: Sequence[Cell], setting: str, model: str) -> dict[str, list[Scores]]:
    """Return arm → scores of every seed."""
    own = [cell for cell in wanted if (cell.setting, cell.model) == (setting, model)]
    return {arm: [measure(cell) for cell in own if cell.arm == arm] for arm in ARMS}


def _numbers(wanted: Sequence[Cell]) -> Iterator[Number]:
    scale = wanted[0].scale
    found = {(s, m): by_arm(wanted, s, m) for s, chosen in SETTINGS.items() for m in chosen.models}
    for (setting, model), arms in found.items():
        row, paper = f"{model}, no {setting}", dict(zip(ARMS, SETTINGS[setting].models[model], strict=True))
        for arm, scores in arms.items():
            yield over_seeds(row, arm, _errors(scores), scale=scale, paper=paper[arm])
        seeds = [dict(zip(arms, values, strict=True)) for values in zip(*map(_errors, arms.values()), strict=True)]
        for part, column in CLOSED.items():
            ours = [shares[part] for shares in map(closed, seeds) if part in shares]
            yield over_seeds(row, column, ours, scale=scale, paper=round(closed(paper)[part], 2))
        for arm, scores in arms.items():
            ratios = [each[ERROR] / each[KEPT] for each in scores]
            yield over_seeds(row, NOVEL.format(arm=arm), ratios, scale=scale)
    for (setting, model), arms in found.items():
        for arm, scores in arms.items():
            yield over_seeds(f"{model}, no {setting}: other values", arm, [each[KEPT] for each in scores], scale=scale)


def _errors(scores: Sequence[Scores]) -> list[float]:
    return [each[ERROR] for each in scores]


def _told(wanted: Sequence[Cell]) -> dict[str, str]:
    scale = wanted[0].scale
    chosen, pictures = pick(SCALES, scale), pick(STRUCTURE, scale)
    side = 64 // chosen.pooled
    relative = max(found[STDERR] / found[ERROR] for found in map(measure, wanted))
    seconds = sum(train(cell).seconds for cell in wanted)
    return {
        "data": f"3D Shapes drawn anew at {side}×{side}, {chosen.rows:,} pictures to learn from",
        "network": f"{pictures.filters} channels, 12 latents",
        "training": f"{chosen.first:,} steps and then {chosen.second:,}, of {chosen.batch_size}, Adam {chosen.lr:g}",
        "seeds": ", ".join(str(seed) for seed in sorted({cell.seed for cell in wanted})),
        "measured on": f"up to {chosen.tested:,} unseen pictures with the values held out, and as many others; "
        f"standard errors over pictures are at most {100 * relative:.1f} % of the value",
        "time": f"{len(wanted)} models, {seconds / 60:.0f} minutes of training in all",
    }
