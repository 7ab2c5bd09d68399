"""Tables 3 and 4 of IC: the sizes of its networks, and the number of weights of each."""

from collections.abc import Iterator

from latentassay import models
from latentassay.models.consistency import SIZES
from latentassay.papers.experiment import Experiment, Options
from latentassay.papers.results import Cell, Table, over_seeds

PARAMETERS = "parameters"
"""Trainable weights."""

SIZE_COLUMNS = ("depth", "units N", "unit size")
"""Convolutions of the encoder, latent units, and latents of a unit."""

PRINTED_SIZES = {
    "standard": (12, 12, 1),
    "s": (12, 6, 1),
    "s4": (12, 6, 4),
    "v32": (16, 32, 1),
    "v324": (16, 32, 4),
}
"""Table 3."""

PRINTED_COUNTS = {
    "standard": {"ae": 423_259, "xae": 425_677, "vae": 298_771, "xvae": 301_189, "sae": 442_267, "xsae": 444_685},
    "s": {"ae": 309_973, "xae": 310_984, "vae": 186_025, "xvae": 187_036, "sae": 320_488, "xsae": 320_488},
    "s4": {"xae": 313_936, "xvae": 188_836, "xsae": 323_440},
    "v32": {"ae": 2_840_827, "xae": 2_850_299, "vae": 2_763_707, "xvae": 2_773_179},
    "v324": {"xae": 2_878_523, "xvae": 2_795_259},
}
"""Table 4: size → model → trainable weights."""

SHAPES = {"v32": (3, 128, 128), "v324": (3, 128, 128)}
"""Of faces; the other sizes are for digits."""

NOTES = (
    "Table 3 prints a depth of 12 for sizes S and S4; the counts of table 4 come out to the digit with 6, not with 12.",
    "Table 4 prints XSAE-S's count for SAE-S as well; without the 1,011 weights of its causal block it is 319,477.",
    "Table 4 leaves out the 496 gates of 32 units, though it counts those of 6 and of 12.",
)


def make_table(options: Options) -> Table:
    """Build every network of IC's grid and count its weights; nothing is trained, and one scale is all there is."""
    return Table(
        title="Networks of IC (tables 3 and 4)",
        what="How deep the networks are, how many units they have, and how many trainable weights.",
        scale={"scale": options.scale},
        cells=(*_list_sizes(options.scale), *_list_counts(options.scale)),
        notes=NOTES,
    )


def _list_sizes(scale: str) -> Iterator[Cell]:
    for name, printed in PRINTED_SIZES.items():
        size = SIZES[name]
        ours = (size.depth, size.latents, size.unit)
        for column, value, paper in zip(SIZE_COLUMNS, ours, printed, strict=True):
            yield over_seeds(_title(name), column, [value], scale=scale, paper=paper)


def _list_counts(scale: str) -> Iterator[Cell]:
    for name, printed in PRINTED_COUNTS.items():
        for model, paper in printed.items():
            row = f"{_title(name)}, {model.upper()}"
            yield over_seeds(row, PARAMETERS, [count_weights(f"{model}-{name}")], scale=scale, paper=paper)


def count_weights(name: str) -> int:
    """Return how many trainable weights a model of the grid has.

    >>> count_weights("ae-s")
    309973
    """
    model = models.build(name, x_shape=SHAPES.get(name.rpartition("-")[2], (1, 28, 28)))
    return sum(weights.numel() for weights in model.parameters() if weights.requires_grad)


def _title(size: str) -> str:
    return {"standard": "Standard", "s": "S", "s4": "S4"}.get(size, size)


EXPERIMENT = Experiment(
    name="consistency.parameters",
    summary="sizes and numbers of weights of IC's networks (IC tables 3 and 4)",
    costs=dict.fromkeys(("smoke", "laptop", "paper"), "seconds"),
    make=make_table,
)
