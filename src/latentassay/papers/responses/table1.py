"""Table 1 of LR: what β and d do to disentanglement on 3D Shapes."""

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
    MIG,
    measure_disentanglement,
)
from latentassay.papers.responses.sweep import (
    BETA_NOTE,
    CDS_NOTE,
    COSTS,
    RATE_NOTE,
    SEEDS_NOTE,
    VARIANTS_NOTE,
    describe_scale,
    list_models,
    measure_models,
    note_shapes,
)
from latentassay.papers.results import Cell, Table, row_over_seeds
from latentassay.papers.runs import Scores

COLUMNS = (*CDS_VARIANTS, DCI, IRS, MIG, ALIVE)

PRINTED_COLUMNS = (CDS, DCI, IRS, MIG)
"""Those of the paper; its CDS stands beside the text's variant and beside the authors'."""

PRINTED = {
    (1, 12): (0.44, 0.3, 0.44, 0.07),
    (2, 12): (0.49, 0.36, 0.46, 0.09),
    (4, 12): (0.58, 0.46, 0.51, 0.16),
    (8, 12): (0.71, 0.66, 0.63, 0.21),
    (1, 24): (0.52, 0.49, 0.48, 0.09),
    (2, 24): (0.61, 0.58, 0.52, 0.15),
    (4, 24): (0.72, 0.67, 0.57, 0.17),
    (8, 24): (0.78, 0.73, 0.64, 0.2),
}
"""(β, d) → what the paper prints, means of two seeds."""


def make_table(options: Options) -> Table:
    """Measure CDS, DCI-D, IRS and MIG of β-VAEs on 3D Shapes for every β and d."""
    vaes = BetaVAEs(options)
    seeds = options.count_seeds(vaes.scale.seeds)
    models = [model for latents in (12, 24) for model in list_models(vaes, ("3D Shapes",), latents)]
    found, absent = measure_models(vaes, measure_disentanglement, models, seeds, files=("disentanglement",))
    return Table(
        title="Disentanglement on 3D Shapes (latent responses, table 1)",
        what="How far each latent of a β-VAE serves one factor, by interventions (CDS) and by three scores that only "
        "look at codes, for growing β and 12 or 24 latents.",
        scale=describe_scale(vaes, seeds, ("3D Shapes",)),
        cells=tuple(_list_cells(found, options.scale)),
        notes=(*absent, BETA_NOTE, CDS_NOTE, VARIANTS_NOTE, *note_shapes(vaes), RATE_NOTE, SEEDS_NOTE),
    )


def _list_cells(found: Mapping[BetaVAE, Sequence[Scores]], scale: str) -> Iterator[Cell]:
    for model, scores in found.items():
        printed = dict(zip(PRINTED_COLUMNS, PRINTED[model.beta, model.latents], strict=True))
        printed[CDS_AUTHORS] = printed[CDS]
        row = model.describe(latents=True)
        yield from row_over_seeds(row, COLUMNS, scores, scale=scale, paper=printed)


EXPERIMENT = Experiment(
    name="responses.table1",
    summary="CDS, DCI-D, IRS and MIG of β-VAEs on 3D Shapes (LR table 1)",
    data_sets=FILES,
    costs=COSTS,
    make=make_table,
)
