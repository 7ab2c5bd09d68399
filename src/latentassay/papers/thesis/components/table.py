"""Tables 3.2, 3.3 and 3.4 of the thesis, and the numbers behind figures 3.4 and 3.7."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from latentassay.core.errors import InputError
from latentassay.core.progress import track
from latentassay.papers.pool import each
from latentassay.papers.responses.tables import counted
from latentassay.papers.results import Cell as Number
from latentassay.papers.results import Table, over_seeds, pick
from latentassay.papers.thesis.components import scores
from latentassay.papers.thesis.components.many import train_all
from latentassay.papers.thesis.components.runs import FILES, PIXELS, SCALES, SQUARES, TASKS, VARIANTS, Cell
from latentassay.training.checkpoint import read_manifest
from latentassay.training.trainer import pick_device

Folders = Mapping[str, str | Path]

WIDE = 10
"""Latents of the second column of table 3.2."""

RANDOM = "random decoder"
TABLE_2 = {
    "dSprites": (0.978, 0.906),
    "fMNIST": (0.998, 0.977),
    "MNIST": (0.998, 0.995),
    "Synth. Lin.": (0.998, 0.967),
    "Synth. Non-Lin.": (0.999, 0.985),
}
TABLE_3 = {
    ("dSprites", "β-VAE"): ((0.33, 0.15), (0.76, 0.08)),
    ("dSprites", "VAE"): ((0.21, 0.10), (1.08, 0.15)),
    ("dSprites", "AE"): ((0.09, 0.04), (1.62, 0.03)),
    ("dSprites", "β-VAEΣ"): ((0.12, 0.06), (1.73, 0.14)),
    ("dSprites", RANDOM): (None, (1.86, 0.11)),
    ("Synth. Lin.", "β-VAE"): ((0.99, 0.01), (0.00, 0.00)),
    ("Synth. Lin.", "AE"): ((0.71, 0.19), (0.33, 0.18)),
    ("Synth. Lin.", "β-VAEΣ"): ((0.71, 0.31), (0.34, 0.35)),
    ("Synth. Lin.", RANDOM): (None, (0.79, 0.21)),
    ("Synth. Non-Lin.", "β-VAE"): ((0.73, 0.16), (0.18, 0.02)),
    ("Synth. Non-Lin.", "AE"): ((0.59, 0.30), (0.54, 0.13)),
    ("Synth. Non-Lin.", "β-VAEΣ"): ((0.42, 0.24), (0.55, 0.02)),
    ("Synth. Non-Lin.", RANDOM): (None, (0.89, 0.16)),
    ("MNIST", "VAE"): (None, (1.59, 0.08)),
    ("MNIST", "AE"): (None, (1.83, 0.05)),
    ("MNIST", "β-VAEΣ"): (None, (1.93, 0.08)),
    ("MNIST", RANDOM): (None, (2.11, 0.11)),
    ("fMNIST", "VAE"): (None, (1.36, 0.05)),
    ("fMNIST", "AE"): (None, (1.87, 0.03)),
    ("fMNIST", "β-VAEΣ"): (None, (2.02, 0.08)),
    ("fMNIST", RANDOM): (None, (2.11, 0.11)),
}
TABLE_4 = {1.0: ((0.51, 0.28), (0.49, 0.32)), 1.2: ((0.76, 0.25), (0.20, 0.24)), 1.5: ((0.98, 0.06), (0.01, 0.06))}

NOTES = (
    "DtO: mean over points of ‖V − P‖_F, V of the decoder's Jacobian and P the nearest signed permutation; units whose "
    "mean has a standard deviation above ½, in autoencoders all, since nothing fixes the scale of their codes. "
    "Random orthogonal matrices have 0.55, 1.63 and 1.91 for 2, 5 and 6 units: a random decoder is one of them if its "
    "singular values are far apart. The thesis prints larger values for random decoders than chance allows by this "
    "norm, so its norm or its points are others than its equation 3.25 says.",
    "DS: 3.32 with the normaliser that keeps it within 0 and 1 (share of the best constant's error that is removed), "
    "5 neighbours, 80/20 split of the test rows. In dSprites shape is a class and the others are numbers; in the "
    "squares both factors are.",
    "Share of training polarized: from the log of the run, |KL − KL≈| / KL of means over 50 steps, or over 500 where "
    "models trained side by side on a GPU, units counted as moving batch by batch; the thesis looks every 500 batches.",
    "At scales smoke and laptop the linear squares are trained at β = 0.1 in tables 3.3 and 3.4 and figure 3.5: at the "
    "printed 10⁻⁴ the pull towards the axes is too weak for so few steps, as the line search shows, which has both. "
    "Table 3.2 takes the printed β.",
    "The likelihood of the squares is a squared error summed over coordinates, so β = 1 collapses both units "
    "(2 Var[w] of the weaker direction is 0.17), as the thesis says of the VAE.",
    "dSprites below scale paper: pixels averaged over squares and β divided by the number of pixels in each, so that "
    "the balance of both terms stays about the same; layers are narrower. Adam at 0.001 stands for AdaGrad at 0.01.",
    "The thesis prints epochs, but no batch sizes.",
    "Degenerate points: share of points where two neighbouring singular values differ by less than 5 %; DtO means "
    "nothing there.",
    "Intervals are 95 % by Student's t over seeds; the thesis does not say what its ± are, and of how many runs.",
)


def table(
    scale: str, folder: Path, *, seeds: int | None = None, data: Folders | None = None, device: str = "auto"
) -> Table:
    """Train every model of chapter 3 and measure it.

    Args:
        scale: smoke (digits in place of MNIST and Fashion-MNIST), laptop, gpu (the printed epochs, but dSprites of
            laptop) or paper.
        folder: where runs and scores are kept; what is there is not done again.
        seeds: how many seeds, at most; as many as the scale has for each data set where left out.
        data: ``mnist`` and ``fashion-mnist`` → their folders, where they are not in the cache.
        device: on a GPU models train side by side, on the cpu in a process each; auto takes a GPU that torch can use.

    Raises:
        InputError: an unknown scale or device, no seeds, or a data set that is not used.
        FileError: the files of MNIST or Fashion-MNIST are not there.
        KeyboardInterrupt: Ctrl-C came; what was done is kept.
    """
    wanted = Wanted(scale, folder, seeds, data)
    if pick_device(device).type != "cpu":
        train_all(wanted.all, device=device)
    each(scores.measure, [cell for cell in wanted.all if not scores.is_measured(cell)], "models")
    return Table(
        title="Orthogonality, disentanglement and the polarized regime (thesis tables 3.2 to 3.4, figures 3.4, 3.7)",
        what="β-VAEs, VAEs, autoencoders and β-VAEs with full covariance on synthetic and real data: how far their "
        "decoders keep to the axes, how well single units tell factors, and what β does to both.",
        scale=_told(wanted),
        cells=(*_table_2(wanted), *_table_3(wanted), *_table_4(wanted), *_line(wanted), *_restarts(wanted)),
        notes=NOTES,
    )


class Wanted:
    """Every model that the tables and figures rest on, a list of seeds for each."""

    def __init__(self, scale: str, folder: Path, seeds: int | None, data: Folders | None):
        given = dict(data or {})
        if unknown := set(given) - set(FILES.values()):
            raise InputError(f"only {' and '.join(FILES.values())} are used here, got --data {', '.join(unknown)}")
        self.scale, self._folder = scale, folder
        self._files = {name: Path(given[file]) for name, file in FILES.items() if file in given}
        self._seeds, chosen = seeds, pick(SCALES, scale)
        counted(seeds, 1)
        self.main = {
            (name, variant): self._cells(name, variant, self._beta(name, variant))
            for name in TASKS
            if name not in SQUARES.values()
            for variant in VARIANTS
            if not self._left_out(name, variant)
        }
        self.wide = {
            name: self._cells(name, "VAE" if name in PIXELS else "β-VAE", TASKS[name].beta, latents=WIDE, most=1)
            for name in TABLE_2
        }
        self.ratios = {ratio: self._cells(name, "β-VAE", chosen.linear) for ratio, name in SQUARES.items()}
        self.line = {
            (name, beta): self._cells(name, "β-VAE", beta, most=chosen.line if name != "dSprites" else 1)
            for name in ("dSprites", "Synth. Lin.", "Synth. Non-Lin.")
            for beta in TASKS[name].line
        }

    @staticmethod
    def _left_out(name: str, variant: str) -> bool:
        """The thesis chooses β by DS, so there is no β-VAE without factors; VAEs of the squares collapse."""
        return variant == "β-VAE" if name in PIXELS else variant == "VAE" and name != "dSprites"

    def _beta(self, name: str, variant: str) -> float:
        """β of a column of table 3.3; an autoencoder has none."""
        if variant in ("AE", "VAE"):
            return 0.0 if variant == "AE" else 1.0
        return pick(SCALES, self.scale).linear if name == "Synth. Lin." else TASKS[name].beta

    def _cells(
        self, name: str, variant: str, beta: float, *, latents: int | None = None, most: int | None = None
    ) -> list[Cell]:
        scale = pick(SCALES, self.scale).elsewhere.get(name, self.scale)
        first = Cell(scale, self._folder, self._files.get(name), name, variant, beta, 0, latents or TASKS[name].latents)
        count = min(self._seeds or first.size.seeds, first.size.seeds, most or first.size.seeds)
        return [first._replace(seed=seed) for seed in range(count)]

    @property
    def all(self) -> list[Cell]:
        """All of them once, quick ones first and the first seed of each before the second of any."""
        groups = (self.main, self.ratios, self.line, self.wide)
        cells = dict.fromkeys(cell for group in groups for own in group.values() for cell in own)
        return sorted(cells, key=lambda cell: (cell.data == "dSprites" or cell.data in PIXELS, cell.seed))


def _table_2(wanted: Wanted) -> Iterator[Number]:
    for name, paper in TABLE_2.items():
        printed = (name, TASKS[name].beta)
        own = wanted.line[printed] if printed in wanted.line else wanted.main[name, "VAE"]
        for column, cells, value in zip(("d = factors", f"d = {WIDE}"), (own, wanted.wide[name]), paper, strict=True):
            yield _number(f"β-VAE, {name}", f"{scores.REGIME}, {column}", cells, scores.REGIME, paper=(value, None))


def _table_3(wanted: Wanted) -> Iterator[Number]:
    for name in TABLE_2:
        for variant in VARIANTS:
            if (name, variant) in wanted.main:
                own = wanted.main[name, variant]
                ds, dto = TABLE_3[name, variant]
                row = f"{name}, {variant}"
                if name not in PIXELS:
                    yield _number(row, scores.DS, own, scores.DS, paper=ds)
                yield _number(row, scores.DTO, own, scores.DTO, paper=dto)
                for column in (scores.FULL, scores.ACTIVE, scores.CLOSE):
                    yield _number(row, column, own, column)
        own = wanted.main[name, "AE"]
        values = [scores.random_decoder(cell, pick(SCALES, wanted.scale).points) for cell in own]
        paper, half = TABLE_3[name, RANDOM][1]
        yield over_seeds(f"{name}, {RANDOM}", scores.DTO, values, scale=wanted.scale, paper=paper, paper_half=half)


def _table_4(wanted: Wanted) -> Iterator[Number]:
    for ratio, own in wanted.ratios.items():
        for column, paper in zip((scores.DS, scores.DTO), TABLE_4[ratio], strict=True):
            yield _number(f"Synth. Lin., β-VAE, ratio {ratio:g}", column, own, column, paper=paper)
        yield _number(f"Synth. Lin., β-VAE, ratio {ratio:g}", scores.CLOSE, own, scores.CLOSE)


def _line(wanted: Wanted) -> Iterator[Number]:
    for (name, beta), own in track(wanted.line.items(), "line search", len(wanted.line)):
        for column in (scores.DS, scores.DTO, scores.ACTIVE):
            yield _number(f"{name}, β = {beta:g}", column, own, column)


def _restarts(wanted: Wanted) -> Iterator[Number]:
    own = wanted.main["dSprites", "β-VAE"]
    for step in own[0].size.snapshots:
        for column in (scores.DS, scores.DTO):
            values = [found[column] for cell in own if column in (found := scores.of_model(cell, step))]
            yield over_seeds(f"dSprites, β-VAE, after {step:,} steps", column, values, scale=wanted.scale)


def _number(
    row: str,
    column: str,
    own: Sequence[Cell],
    score: str,
    paper: tuple[float | None, float | None] | None = None,
) -> Number:
    """One cell; seeds whose model has no such score count among none."""
    values = [found[score] for cell in own if score in (found := scores.of_model(cell))]
    printed, half = paper or (None, None)
    return over_seeds(row, column, values, scale=own[0].scale, paper=printed, paper_half=half)


def _told(wanted: Wanted) -> dict[str, str]:
    scale, cells = pick(SCALES, wanted.scale), wanted.all
    sprites = pick(SCALES, wanted.main["dSprites", "AE"][0].scale)
    seconds = sum(read_manifest(cell.home).seconds for cell in cells)
    both = [name for name in PIXELS if wanted.scale != "smoke"]
    dots = _length(cells, "Synth. Lin.", "Synth. Non-Lin.", *SQUARES.values())
    return {
        "squares": f"{scale.squares:,} rows, {dots}, up to {scale.dots.seeds} seeds; {scale.line} in the line search",
        "dSprites": f"{sprites.sprites:,} rows, pixels averaged over {sprites.pooled}×{sprites.pooled}, layers "
        f"{sprites.narrow} times narrower, {_length(cells, 'dSprites')}, "
        f"{sprites.restarts.seeds} β-VAEs and {sprites.image.seeds} of each other",
        **{name: f"{_length(cells, name)}, {scale.image.seeds} seeds" for name in both},
        **({} if both else {"8×8 digits in place of MNIST, fMNIST": _length(cells, *PIXELS)}),
        "test": f"the last 10 % of the rows of a split by the seed; Jacobians at {scale.points:,} of them",
        "time": f"{len(cells)} models, trained in {seconds / 60:.0f} minutes",
    }


def _length(cells: Sequence[Cell], *names: str) -> str:
    """How long the models of some data sets were trained, and how much of what was printed that is."""
    own = [cell for cell in cells if cell.data in names]
    steps = sorted({read_manifest(cell.home).step for cell in own})
    size = own[0].size
    between = f"{steps[0]:,}" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,}"
    learnt = read_manifest(own[0].home).data.n
    epochs = " to ".join(dict.fromkeys(f"{step * size.batch_size / learnt:.3g}" for step in (steps[0], steps[-1])))
    return f"{between} steps of {size.batch_size} ({epochs} epochs; the thesis {TASKS[own[0].data].epochs})"
