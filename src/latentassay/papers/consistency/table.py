"""The table of IC: quality, consistency, sparsity and independence for the whole grid, beside tables 1 and 2."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from latentassay.core.errors import InputError
from latentassay.papers.consistency import scores
from latentassay.papers.consistency.runs import BETA, FAMILIES, SCALES, SEEDS, VARIANTS, Cell, cells, train
from latentassay.papers.pool import each
from latentassay.papers.responses.tables import counted
from latentassay.papers.results import Cell as Number
from latentassay.papers.results import Table, over_seeds, pick

Folders = Mapping[str, str | Path]

QUALITY = (scores.ERROR, *(f"{name}, {kind}" for kind in scores.KINDS for name in ("FD", "KID × 1000")))
CONSISTENCY = (scores.INV, scores.INV_ALL, f"{scores.INV}, {scores.PAPER}", scores.EQV, scores.COLLAPSED)
SELF = tuple(f"SCN, {how}" for how in scores.SAMPLERS)
SELF_PAPER = tuple(f"{name}, {scores.PAPER}" for name in SELF)
STRUCTURE = (scores.SPARSE, scores.MMD, scores.P_VALUE)

TABLE_2 = {
    "AE": (0.96, 0.75, 0.66),
    "XAE": (0.96, 0.81, 0.68),
    "XCAE-I": (0.95, 0.88, 0.80),
    "XCAE-E": (0.95, 0.88, 0.80),
}
"""Posterior, hybrid, uniform. The table says XCAE, not which of the two."""

NOTES = (
    "INV, EQV and SCN: 1 is perfect. Our scale divides by variances only, and does not change when latents are "
    "rescaled; the paper's divides a squared distance by a standard deviation, so its SCN and INV change with the "
    "scale of the latents, which nothing fixes in an AE or SAE. Only the latter stand beside table 2.",
    "INV is the mean over pairs of units that are not collapsed; INV of all entries, as the paper averages, "
    "counts what never answers as invariant, and unit diagonals besides. Collapsed: less than an eighth of the "
    "variance of a unit's intervention comes back. EQV is the mean over all entries of units that are not "
    "collapsed.",
    "Latents for INV and EQV: prior samples in VAEs, posterior samples of test rows otherwise (IC A.4.3). "
    "Interventions take their values from posterior samples.",
    "Sparsity: share of the 15 possible edges whose gate is below ½. Table 1 says 41.66 % for 6 latents, 45.83 % "
    "for 12 and 48.44 % for 32: that is (n − 1) / 2n, the share of places below the diagonal of n × n, which "
    "could never hold an edge. No mask has entered it, so it stands beside no number of ours.",
    "MMD²: between posterior samples of 1,000 test rows and the same with every unit shuffled, by an inverse "
    "multiquadratic kernel, × 1000 (figure 8); p: of the hypothesis that the units are independent.",
    "FD and KID: of the features of a classifier of these digits, so they compare with each other and not with "
    "figure 5a, whose numbers the paper does not print. Samples: of the prior in VAEs, hybrids otherwise. "
    "Traversals: posterior samples with one unit moved to anywhere between its extremes.",
    f"The paper gives neither β nor the variance of its Gaussian decoder: here β = {BETA:g} and σ = 1. At β = 1 so "
    "few steps leave most units of a VAE collapsed.",
    "Below scale paper Adam's rate falls along half a cosine from 0.002, batches are smaller and steps are few.",
    "XC-I and XC-E: λ = 4 beside a squared error summed over pixels (times ½), one random unit a step.",
    "Intervals are 95 % by Student's t over seeds.",
)


def table(
    scale: str, folder: Path, *, seeds: int | None = None, data: Folders | None = None, device: str = "auto"
) -> Table:
    """Train the whole grid, a process for each model, and measure it (IC tables 1, 2; figures 5, 8, 26 to 28).

    Args:
        scale: smoke (digits of 8×8, no files), laptop or paper (MNIST).
        folder: where runs and scores are kept; what is there is not done again.
        seeds: how many of the paper's seeds 11, 13, 17, 37, 121.
        data: ``mnist`` → its folder, where it is not in the cache.
        device: cpu or auto.

    Raises:
        InputError: an unknown scale, another device, no seeds or more than five, or a data set that is not used.
        FileError: the files of MNIST are not there.
        KeyboardInterrupt: Ctrl-C came; what was done is kept.
    """
    if device not in ("auto", "cpu"):
        raise InputError(f"these models train on the cpu, several at a time, got device {device!r}")
    wanted = wanted_cells(scale, folder, seeds, data)
    each(scores.measure, [cell for cell in wanted if not scores.is_measured(cell)], "models")
    return Table(
        title="Interventional consistency on digits (IC tables 1 and 2, figures 5, 8 and 26 to 28)",
        what="Autoencoders, VAEs and structural autoencoders, plain, with a causal block (X), and trained to be "
        "invariant (XC-I) or equivariant (XC-E): how well they reconstruct and sample, how consistent they are when "
        "intervened on, and how independent their latents are.",
        scale=_told(wanted),
        cells=tuple(_numbers(wanted)),
        notes=NOTES,
    )


def wanted_cells(scale: str, folder: Path, seeds: int | None, data: Folders | None) -> list[Cell]:
    """Return the cells of the first so many seeds."""
    given, chosen = dict(data or {}), pick(SCALES, scale)
    if unknown := set(given) - {"mnist"}:
        raise InputError(f"only mnist is used here, got --data {', '.join(sorted(unknown))}")
    count = counted(seeds, chosen.seeds)
    if count > len(SEEDS):
        raise InputError(f"the paper has {len(SEEDS)} seeds, got {count}")
    return cells(scale, folder, Path(given["mnist"]) if "mnist" in given and chosen.data == "mnist" else None, count)


def grouped(wanted: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Return row → its cells, a seed each; families together, variants in the paper's order."""
    kinds = [(family, variant) for family in FAMILIES for variant in (*VARIANTS, *["AVAE"] * (family == "vae"))]
    groups = {kind: [cell for cell in wanted if (cell.family, cell.variant) == kind] for kind in kinds}
    return {named(*kind): own for kind, own in groups.items()}


def named(family: str, variant: str) -> str:
    """Return the paper's name of a model.

    >>> named("vae", "XC-I"), named("ae", "plain"), named("sae", "X")
    ('XCVAE-I', 'AE', 'XSAE')
    """
    return variant if variant == "AVAE" else VARIANTS[variant].format(family).upper()


def _numbers(wanted: Sequence[Cell]) -> Iterator[Number]:
    groups = grouped(wanted)
    for columns in (QUALITY, CONSISTENCY, SELF, SELF_PAPER, STRUCTURE):
        for row, own in groups.items():
            found = [scores.consistency(cell) | scores.pictures(cell) for cell in own]
            name = f"{row}{_SUFFIX[columns]}"
            for column, printed in zip(columns, _printed(row, columns), strict=True):
                if values := [score[column] for score in found if column in score]:
                    yield over_seeds(name, column, values, scale=own[0].scale, paper=printed)


def _printed(row: str, columns: Sequence[str]) -> tuple[float | None, ...]:
    """What table 2 says, where it does."""
    known = TABLE_2.get(row, ()) if columns is SELF_PAPER else ()
    return tuple(known) + (None,) * (len(columns) - len(known))


_SUFFIX = {
    QUALITY: " · pictures",
    CONSISTENCY: " · interventions",
    SELF: " · no intervention",
    SELF_PAPER: " · no intervention, paper’s scale",
    STRUCTURE: " · structure",
}


def _told(wanted: Sequence[Cell]) -> dict[str, str]:
    scale, chosen = wanted[0].scale, pick(SCALES, wanted[0].scale)
    seeds = sorted({cell.seed for cell in wanted})
    seconds = {cell.model: train(cell).seconds for cell in wanted if cell.seed == seeds[0]}
    size = "28×28" if chosen.data == "mnist" else "8×8"
    return {
        "scale": scale,
        "seeds": ", ".join(map(str, seeds)),
        "data": f"{chosen.data}, {60_000 if chosen.data == 'mnist' else 1200:,} rows of {size} to learn from",
        "network": f"size {chosen.size.upper()}: 6 + 6 convolutions of 32 filters, 6 latents",
        "training": f"{chosen.steps:,} steps of {chosen.batch_size}, Adam {chosen.lr:g}",
        "measured on": f"{chosen.rows:,} latents × {chosen.values} values, {chosen.images:,} pictures of each kind",
        "time": f"{min(seconds.values()):.0f} to {max(seconds.values()):.0f} s of training a model on one core",
    }
