"""The table of GEO: the numbers behind its figures, for every order of the bound and every number of latents."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from latentassay.core.errors import InputError
from latentassay.core.progress import track
from latentassay.evaluation.separability import FEATURES
from latentassay.papers.geometry import scores
from latentassay.papers.geometry.runs import BATCH, LEARNED, SCALES, Cell, cells, train
from latentassay.papers.pool import each
from latentassay.papers.responses.tables import counted
from latentassay.papers.results import Cell as Number
from latentassay.papers.results import Table, over_seeds, pick
from latentassay.papers.runs import Scores

Folders = Mapping[str, str | Path]

GAP, GAIN = "log p(x) − bound", "gain from σ²"
PROBE, PIXELS = (0.935, 0.005), (0.90, 0.02)

NOTES = (
    "GEO prints its figures' numbers nowhere. Two ranges are in its text: linear classifiers reach 0.93 to 0.94 on "
    "codes, and 0.88 to 0.92 on pixels (of MNIST's own grey); they stand here as their middle ± half their width.",
    "Pixels are black or white, drawn once with their grey as probability, so that log p(x) is that of a density; "
    "GEO does not say what it used. The same pictures are drawn in every epoch.",
    "Components: principal components of posterior means of all test rows with a variance above 0.01. Alignment: mean "
    "|cos| to the axes, matched one to one; by chance: of as many random orthogonal directions.",
    "Bound: of the order trained with, from K samples. log p(x): importance sampling from the posterior on test rows "
    "evenly spaced over the test set, both on the same rows, in nats. Its noise is the Monte Carlo standard error.",
    "α = 1 is trained as a VAE: the same bound in expectation, with its KL in closed form and one sample. Its bound in "
    "this table is estimated from K samples as the others are.",
    "Separability: multinomial logistic regression (C = 1000) on standardised features, learned on training rows and "
    "measured on all test rows.",
    "Width of the turn: share of a way along which a classifier that never saw the model gives the second digit "
    "between 10 and 90 %, mean over 200 pairs of test pictures of different digits that it tells right (20 at "
    "scale smoke); 45 even steps, log-odds straight between them.",
    "Adam's rate is not in GEO's text. Below scale paper it falls along half a cosine, so that few epochs end well.",
    "Intervals are 95 % by Student's t over seeds; every seed has weights, batches and noise of its own.",
)


def table(
    scale: str, folder: Path, *, seeds: int | None = None, data: Folders | None = None, device: str = "auto"
) -> Table:
    """Train VAEs of every order and size, a process for each, and measure them (GEO figures 1 to 3 and 5).

    Args:
        scale: smoke (digits of 8×8, no files), laptop or paper (MNIST).
        folder: where runs and scores are kept; what is there is not done again.
        seeds: how many seeds, from 0 on.
        data: ``mnist`` → its folder, where it is not in the cache.
        device: cpu or auto: networks this small gain nothing from a GPU.

    Raises:
        InputError: an unknown scale, another device, no seeds, or a data set that is not used.
        FileError: the files of MNIST are not there.
        KeyboardInterrupt: Ctrl-C came; what was done is kept.
    """
    if device not in ("auto", "cpu"):
        raise InputError(f"these models train on the cpu, several at a time, got device {device!r}")
    count = counted(seeds, pick(SCALES, scale).seeds)
    wanted = cells(scale, folder, folder_of(scale, data), count)
    each(scores.measure, [cell for cell in wanted if not scores.is_measured(cell)], "models")
    numbers = [*_of_orders(wanted), *_of_probes(wanted), *_of_turns(wanted)]
    seconds = sum(train(cell).seconds for cell in wanted)
    return Table(
        title="The geometry of latent variables on digits (GEO figures 1, 2, 3 and 5)",
        what="VAEs trained by Rényi bounds of several orders α, with k latents: how many principal components of the "
        "posterior means carry information, how tight the bound is, how well a linear classifier tells digits from "
        "codes while the model trains, and how sharply one digit turns into another along five kinds of ways.",
        scale=_told(scale, count, seconds, len(wanted)),
        cells=tuple(numbers),
        notes=NOTES,
    )


def folder_of(scale: str, data: Folders | None) -> Path | None:
    """Return where the digits' files are said to be."""
    given, name = dict(data or {}), pick(SCALES, scale).data
    if unknown := set(given) - {"mnist"}:
        raise InputError(f"only mnist is used here, got --data {', '.join(sorted(unknown))}")
    return Path(given["mnist"]) if name == "mnist" and "mnist" in given else None


def grouped(wanted: Sequence[Cell]) -> dict[tuple[float, int], list[Cell]]:
    """Return (α, k) → its cells, a seed each."""
    groups: dict[tuple[float, int], list[Cell]] = {}
    for cell in wanted:
        groups.setdefault((cell.alpha, cell.latents), []).append(cell)
    return groups


def _of_orders(wanted: Sequence[Cell]) -> Iterator[Number]:
    columns = (
        scores.COMPONENTS,
        scores.ALIGNED,
        scores.CHANCE,
        scores.BOUND,
        scores.LIKELIHOOD,
        GAP,
        scores.NOISE,
        scores.EFFECTIVE,
        scores.FEW,
    )
    for (alpha, latents), own in track(grouped(wanted).items(), "tables", len(grouped(wanted))):
        found = [_with_gap(scores.spectrum_and_likelihood(cell)) for cell in own]
        yield from _row(f"α = {alpha:g}, k = {latents}", columns, found, own[0].scale)


def _with_gap(found: Scores) -> Scores:
    return {**found, GAP: found[scores.LIKELIHOOD] - found[scores.BOUND]}


def _of_probes(wanted: Sequence[Cell]) -> Iterator[Number]:
    scale, vaes = wanted[0].scale, grouped([cell for cell in wanted if cell.is_vae])
    real = pick(SCALES, scale).data == "mnist"
    first = next(iter(vaes.values()))[0]
    yield over_seeds(
        "pixels", FEATURES[0], [scores.pixels(first)["mean"]], scale=scale, **_paper(PIXELS if real else None)
    )
    for (_, latents), own in vaes.items():
        for epoch in pick(SCALES, scale).snapshots:
            found = [_with_gain(scores.separability(cell, epoch)) for cell in own]
            last = real and epoch == pick(SCALES, scale).epochs
            name = f"VAE, k = {latents}, after {epoch} epoch{'s' * (epoch > 1)}"
            yield from _row(name, (*FEATURES, GAIN), found, scale, FEATURES if last else ())


def _with_gain(found: Scores) -> Scores:
    return {**found, GAIN: found[FEATURES[1]] - found[FEATURES[0]]}


def _of_turns(wanted: Sequence[Cell]) -> Iterator[Number]:
    for (_, latents), own in grouped([cell for cell in wanted if cell.is_vae]).items():
        found = [scores.turns(cell) for cell in own]
        for way in scores.WAYS:
            values = [{**score, scores.WIDTH: score[f"{scores.WIDTH}, {way}"]} for score in found]
            yield from _row(f"VAE, k = {latents}, {way}", (scores.WIDTH, scores.RIGHT), values, own[0].scale)


def _row(
    row: str, columns: Sequence[str], found: Sequence[Scores], scale: str, published: Sequence[str] = ()
) -> Iterator[Number]:
    for column in columns:
        paper = _paper(PROBE if column in published else None)
        yield over_seeds(row, column, [score[column] for score in found], scale=scale, **paper)


def _paper(printed: tuple[float, float] | None) -> dict[str, float | None]:
    middle, half = printed or (None, None)
    return {"paper": middle, "paper_half": half}


def _told(scale: str, seeds: int, seconds: float, models: int) -> dict[str, str]:
    chosen = pick(SCALES, scale)
    ends = "0.001 → 0" if chosen.schedule == "cosine" else "0.001"
    steps = chosen.epochs * (LEARNED[chosen.data] // BATCH)
    return {
        "scale": scale,
        "seeds": "0" if seeds == 1 else f"0 to {seeds - 1}",
        "data": f"{chosen.data}, {LEARNED[chosen.data]:,} rows to learn from, black and white",
        "network": f"MLP, two layers of 200 ReLU each side, {', '.join(map(str, chosen.latents))} latents, Bernoulli",
        "training": f"{chosen.epochs} epochs ({steps:,} steps of {BATCH}), Adam {ends}, K = {chosen.samples}",
        "log p(x)": f"{chosen.draws:,} samples for each of {chosen.rows:,} test rows",
        "time": f"{seconds / models:.0f} s of training a model on one core, {models} models",
    }
