"""Table 3 of LR: what β does to structure and disentanglement on MPI3D, toy and real."""

from collections.abc import Iterator, Mapping, Sequence

from latentassay.papers.experiment import Experiment, Options
from latentassay.papers.responses.beta_vaes import FILES, BetaVAE, BetaVAEs
from latentassay.papers.responses.scores import (
    ALIVE,
    CDS,
    CDS_AUTHORS,
    CDS_VARIANTS,
    DCI,
    IRS,
    MEAN_RESPONSES,
    MIG,
    SEVEN,
    STRUCTURE,
    measure_disentanglement,
    measure_structure,
)
from latentassay.papers.responses.sweep import (
    BETA_NOTE,
    CDS_NOTE,
    COSTS,
    KERNEL_NOTE,
    RATE_NOTE,
    SEEDS_NOTE,
    TABLES_NOTE,
    VARIANTS_NOTE,
    describe_scale,
    list_models,
    measure_models,
)
from latentassay.papers.results import Cell, Table, row_over_seeds
from latentassay.papers.runs import Scores

HUNDRED = "SS × 100"
"""The structure score of mean responses by the authors' kernel, which the table's values fit."""

SAMPLED = "SS × 100, sampled"
"""The same of sampled responses, as equation 3 has it and table 2."""

SEVEN_SCALES = "SS × 100, seven scales"
"""Of sampled responses by the mean of seven kernels."""

COLUMNS = (HUNDRED, SAMPLED, SEVEN_SCALES, *CDS_VARIANTS, DCI, IRS, MIG, ALIVE)

PRINTED_COLUMNS = (HUNDRED, CDS, DCI, IRS, MIG)
"""Those of the paper."""

PRINTED = {
    "MPI3D toy": {
        1: (7.81, 0.69, 0.33, 0.58, 0.32),
        2: (17.66, 0.86, 0.17, 0.59, 0.14),
        4: (17.38, 0.66, 0.11, 0.61, 0.05),
        8: (23.63, 1.0, 0.13, 0.79, 0.1),
    },
    "MPI3D real": {
        1: (4.36, 0.61, 0.24, 0.51, 0.07),
        2: (10.13, 0.69, 0.26, 0.72, 0.24),
        4: (17.5, 0.4, 0.09, 0.75, 0.04),
        8: (17.85, 0.7, 0.08, 0.71, 0.04),
    },
}
"""Data set → β → what the paper prints; the caption says structure score × 100."""


def make_table(options: Options) -> Table:
    """Measure structure score × 100, CDS, DCI-D, IRS and MIG of β-VAEs on MPI3D; rows without files stay empty."""
    vaes = BetaVAEs(options)
    seeds = options.count_seeds(vaes.scale.seeds)
    models = list_models(vaes, tuple(PRINTED))
    files = ("structure", "disentanglement")
    found, absent = measure_models(vaes, measure_both, models, seeds, files=files)
    return Table(
        title="Structure and disentanglement on MPI3D (latent responses, table 3)",
        what="The scores of tables 1 and 2 on a robot arm, rendered (toy) and photographed (real). Where β collapses "
        "the posterior few causal units are left, and CDS flatters the model.",
        scale=describe_scale(vaes, seeds, PRINTED),
        cells=tuple(_list_cells(found, options.scale)),
        notes=(
            *absent,
            TABLES_NOTE,
            BETA_NOTE,
            CDS_NOTE,
            VARIANTS_NOTE,
            KERNEL_NOTE,
            RATE_NOTE,
            SEEDS_NOTE,
        ),
    )


def measure_both(vaes: BetaVAEs, model: BetaVAE) -> Scores:
    """Return the structure scores × 100 and the scores of table 1 of one model."""
    structure = measure_structure(vaes, model)
    return {
        HUNDRED: 100 * structure[MEAN_RESPONSES],
        SAMPLED: 100 * structure[STRUCTURE],
        SEVEN_SCALES: 100 * structure[SEVEN],
        **measure_disentanglement(vaes, model),
    }


def _list_cells(found: Mapping[BetaVAE, Sequence[Scores]], scale: str) -> Iterator[Cell]:
    for model, scores in found.items():
        printed = dict(zip(PRINTED_COLUMNS, PRINTED[model.data_set][model.beta], strict=True))
        printed[CDS_AUTHORS] = printed[CDS]
        row = model.describe(data_set=True)
        yield from row_over_seeds(row, COLUMNS, scores, scale=scale, paper=printed)


EXPERIMENT = Experiment(
    name="responses.table3",
    summary="all scores of β-VAEs on MPI3D, toy and real (LR table 3)",
    files="MPI3D; rows without files stay empty",
    data_sets=FILES,
    costs=COSTS,
    make=make_table,
)
