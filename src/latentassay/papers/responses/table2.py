"""Table 2 of LR: what β does to the structure score on five data sets."""

from collections.abc import Iterator, Mapping, Sequence

from latentassay.papers.experiment import Experiment, Options
from latentassay.papers.grids import group_by
from latentassay.papers.responses.beta_vaes import FILES, LATENTS, BetaVAE, BetaVAEs
from latentassay.papers.responses.scores import MEAN_RESPONSES, SEVEN, STRUCTURE, measure_structure
from latentassay.papers.responses.sweep import (
    BETA_NOTE,
    COSTS,
    KERNEL_NOTE,
    RATE_NOTE,
    SEEDS_NOTE,
    TABLES_NOTE,
    describe_scale,
    list_models,
    measure_models,
    note_shapes,
)
from latentassay.papers.results import Cell, Table, over_seeds
from latentassay.papers.runs import Scores

PRINTED = {
    "MNIST": {1: (4.9, 1.3), 2: (1.6, 0.6), 4: (0.7, 0.4), 8: (0.5, 0.2)},
    "Fashion-MNIST": {1: (1.5, 0.7), 2: (1.1, 0.3), 4: (1.1, 0.4), 8: (0.9, 0.1)},
    "3D Shapes": {1: (36.0, 2.0), 2: (33.0, 3.0), 4: (32.0, 1.0), 8: (23.0, 9.0)},
    "MPI3D toy": {1: (3.1, 1.4), 2: (0.8, 0.4), 4: (0.15, 0.04), 8: (0.05, 0.02)},
    "MPI3D real": {1: (8.0, 2.0), 2: (2.9, 0.2), 4: (2.0, 1.0), 8: (0.4, 0.3)},
}
"""Data set → β → structure score × 1000 and the half-width of its 95 % interval, from three seeds."""

OTHERS = {"seven scales": SEVEN, "means": MEAN_RESPONSES}
"""What stands beside the paper's score: that of seven kernels, and that of mean responses, as table 3 has it."""

LATENTS_NOTE = f"LR does not say how many latents the models of table 2 have; these have {LATENTS}."


def make_table(options: Options) -> Table:
    """Measure the structure score × 1000 of β-VAEs on five data sets; columns without files stay empty."""
    vaes = BetaVAEs(options)
    seeds = options.count_seeds(vaes.scale.table_2_seeds)
    models = list_models(vaes, tuple(PRINTED))
    found, absent = measure_models(vaes, measure_structure, models, seeds, files=("structure",))
    return Table(
        title="Structure score × 1000 (latent responses, table 2)",
        what="How far responses to the prior stray from the prior: 0 where the latent space is as unstructured as the "
        "prior. In the paper it falls as β grows.",
        scale=describe_scale(vaes, seeds, PRINTED),
        cells=tuple(_list_cells(found, options.scale)),
        notes=(
            *absent,
            BETA_NOTE,
            KERNEL_NOTE,
            LATENTS_NOTE,
            *note_shapes(vaes),
            TABLES_NOTE,
            RATE_NOTE,
            SEEDS_NOTE,
        ),
    )


def _list_cells(found: Mapping[BetaVAE, Sequence[Scores]], scale: str) -> Iterator[Cell]:
    for models in group_by(found, lambda model: model.describe()).values():
        for model in models:
            row, column = model.describe(), model.data_set
            values = [1000 * scores[STRUCTURE] for scores in found[model]]
            paper, half = PRINTED[column][model.beta]
            yield over_seeds(row, column, values, scale=scale, paper=paper, paper_half=half)
        for words, score in OTHERS.items():
            for model in models:
                values = [1000 * scores[score] for scores in found[model]]
                yield over_seeds(model.describe(), f"{model.data_set}, {words}", values, scale=scale)


EXPERIMENT = Experiment(
    name="responses.table2",
    summary="structure score of β-VAEs on five data sets (LR table 2)",
    files="MNIST, Fashion-MNIST, MPI3D; columns without files stay empty",
    data_sets=FILES,
    costs=COSTS,
    make=make_table,
)
