"""Figures 4–6 and 10–30 of LR: pictures of its models, a report for four of them, and their scores in a table."""

from collections.abc import Iterator, Mapping, Sequence

from latentassay.assay import Assay, assay
from latentassay.core.storage import write_whole
from latentassay.papers.experiment import LONG, Experiment, Options
from latentassay.papers.page import Picture
from latentassay.papers.responses.beta_vaes import FILES, BetaVAE, BetaVAEs
from latentassay.papers.responses.gallery import draw_gallery, list_drawn
from latentassay.papers.responses.sweep import BETA_NOTE, REDRAWN_NOTE, SEEDS_NOTE, describe_scale, measure_models
from latentassay.papers.results import Cell, Table, row_over_seeds
from latentassay.papers.runs import Scores, measure_once
from latentassay.training import Run

REPORTED = {
    BetaVAE("3D Shapes", 1, 24): "beside 11",
    BetaVAE("3D Shapes", 4, 24): "4 to 6, 11 to 16",
    BetaVAE("MNIST", 1, 2): "25 to 27",
    BetaVAE("Fashion-MNIST", 8, 2): "28 to 30",
}
"""Model → figures of the paper that show it; a report each, with either KL term. The other models of its figures are
only drawn (``gallery``)."""

TRAINED = "trained"
"""What the file is called that says of a model that it is trained."""

COLUMNS: Mapping[str, tuple[str, float]] = {
    "alive units": ("units.alive", 1.0),
    "strength": ("units.strength", 1.0),
    "CDS": ("factors.cds", 1.0),
    "DCI-D": ("factors.dci", 1.0),
    "causal structure × 1000": ("structure.causal", 1000.0),
    "prior holes %": ("holes.prior", 100.0),
    "beside neighbours %": ("holes.prior.nearby", 100.0),
    "converging %": ("field.converging", 100.0),
    "line cost": ("paths.straight", 1.0),
    "path ÷ line": ("paths.gain", 1.0),
}
"""Column → name of the assay's score, and what it is multiplied by."""

REPORT_NOTE = (
    "Each model's report shows its response matrix and graph (figures 6 and 11), the conditioned matrix beside DCI's "
    "(figure 6), divergence, mean curvature and decodings of a plane (figures 4, 25, 28), its response field (27, 30), "
    "and paths (figure 5). Scores that do not apply to a model stay empty."
)
GALLERY_NOTE = (
    "Figures 4, 6 and 10 to 30 are drawn of models with the σ-KL, which the authors ran: matrices of every β (10, 17, "
    "18), several planes of one model (12 to 16, with 24 latents as in the paper and with 12; 19 to 24), and planes "
    "that reach to ± 4 (26, 29). Those whose data have no files, and planes of models with too few latents alive, are "
    "left out."
)


def make_table(options: Options) -> Table:
    """Train the models whose figures LR shows, and write an assay's report for every seed of each.

    Reports are kept beside the runs, as ``report.html``; rows without files stay empty.
    """
    vaes = BetaVAEs(options)
    seeds = options.count_seeds(1)
    found, absent = measure_models(vaes, read_report, list_reported(vaes), seeds, files=("report",))
    return Table(
        title="The figures of latent responses as reports",
        what="The models whose figures the paper shows, each with a report of its own beside its run.",
        scale=describe_scale(vaes, seeds, {model.data_set for model in REPORTED}),
        cells=tuple(_list_cells(found, options.scale)),
        notes=(*absent, REPORT_NOTE, GALLERY_NOTE, BETA_NOTE, REDRAWN_NOTE, SEEDS_NOTE),
    )


def list_reported(vaes: BetaVAEs) -> list[BetaVAE]:
    """Return the models that have a report, with each KL term of the scale."""
    return [model._replace(kl=kl) for model in REPORTED for kl in vaes.scale.kls]


def draw_figures(options: Options) -> list[Picture]:
    """Draw figures 4, 6 and 10 to 30 of the first seed, training the models that no report needed."""
    vaes = BetaVAEs(options)
    measure_models(vaes, train_only, list_drawn(vaes.scale), 1, files=(TRAINED,))
    return draw_gallery(vaes)


def train_only(vaes: BetaVAEs, model: BetaVAE) -> Scores:
    """Train a model where that is not done, and note how many steps it took."""
    run = vaes.run(model)
    return measure_once(run.path, TRAINED, {}, lambda: {"steps": float(run.step)})


def _list_cells(found: Mapping[BetaVAE, Sequence[Scores]], scale: str) -> Iterator[Cell]:
    for model, scores in found.items():
        shown = REPORTED[BetaVAE(model.data_set, model.beta, model.latents)]
        row = f"{model.describe(latents=True, data_set=True)} (figures {shown})"
        yield from row_over_seeds(row, COLUMNS, scores, scale=scale)


def read_report(vaes: BetaVAEs, model: BetaVAE) -> Scores:
    """Return what the report of a model says, writing it beside its run first where that is not done."""
    run = vaes.run(model)

    def measure() -> Scores:
        result = _assay(vaes, model, run)
        if run.path is not None:
            write_whole(run.path / "report.html", result.to_html().encode())
        scores = result.scores
        return {column: scale * scores[name].value for column, (name, scale) in COLUMNS.items() if name in scores}

    return measure_once(run.path, "report", {"samples": vaes.scale.samples}, measure)


def _assay(vaes: BetaVAEs, model: BetaVAE, run: Run) -> Assay:
    network, rows = vaes.place(run), vaes.unseen_rows(model)
    samples, name = min(vaes.scale.samples, len(rows)), f"{model.describe(latents=True)}, seed {model.seed}"
    return assay(network, rows, samples=samples, seed=model.seed, name=name)


EXPERIMENT = Experiment(
    name="responses.figures",
    summary="pictures of the models whose figures LR shows, and reports (figures 4–6, 10–30)",
    files="MNIST, Fashion-MNIST, MPI3D; rows and pictures without files stay empty",
    data_sets=FILES,
    costs={
        "smoke": "some minutes",
        "laptop": "about an hour on two cores",
        "gpu": "about ten minutes on one large GPU",
        "paper": LONG,
    },
    make=make_table,
    draw=draw_figures,
)
