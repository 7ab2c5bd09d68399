"""Figures 4–6, 10–11 and 25–30 of LR: one report for each model, its scores side by side in a table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from latentassay.assay import Assay, assay
from latentassay.core.progress import track
from latentassay.core.storage import write_whole
from latentassay.papers.responses.models import Subjects
from latentassay.papers.responses.tables import (
    BETA,
    REDRAWN,
    SEEDS,
    Folders,
    asking,
    counted,
    told_of,
    unless_absent,
)
from latentassay.papers.results import Cell, Table, over_seeds
from latentassay.papers.runs import Scores, measured


class Shown(NamedTuple):
    """One model whose figures the paper shows."""

    subject: str
    beta: int
    latents: int
    figures: str


MODELS = (
    Shown("3D Shapes", 1, 24, "beside 10"),
    Shown("3D Shapes", 4, 24, "4 to 6, 11 to 16"),
    Shown("MNIST", 1, 2, "25 to 27"),
    Shown("Fashion-MNIST", 8, 2, "28 to 30"),
)
"""The captions of figures 28 to 30 say MNIST; they stand in the section on Fashion-MNIST."""

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

SAMPLES = {"smoke": 128, "laptop": 1024, "paper": 4096}
READ = (
    "Each model's report shows its response matrix and graph (figures 6 and 11), the conditioned matrix beside DCI's "
    "(figure 6), divergence, mean curvature and decodings of a plane (figures 4, 25, 28), its response field (27, 30), "
    "and paths (figure 5). Scores that do not apply to a model stay empty."
)


def reports(
    scale: str,
    folder: Path | None = None,
    *,
    seeds: int | None = None,
    data: Folders | None = None,
    device: str = "auto",
) -> Table:
    """Train the models whose figures LR shows, and write an assay's report for every seed of each.

    Reports are kept beside the runs, as ``report.html``. Arguments and errors as ``table1``.
    """
    subjects = Subjects(scale, folder, data=data, device=device)
    count, cells, absent = counted(seeds, 1), list[Cell](), list[str]()
    for shown in track(MODELS, "models"):
        row = f"{shown.beta}-VAE, {shown.subject}, d = {shown.latents}"
        ask = asking(_asker(subjects), shown.subject, shown.beta, shown.latents)
        (found,) = unless_absent(absent, [ask], count)
        for column in COLUMNS:
            values = [scores[column] for scores in found if column in scores]
            cells.append(over_seeds(f"{row} (figures {shown.figures})", column, values, scale=scale))
    return Table(
        title="The figures of latent responses as reports",
        what="The models whose figures the paper shows, each with a report of its own beside its run.",
        scale=told_of(subjects, count, {shown.subject: None for shown in MODELS}),
        cells=tuple(cells),
        notes=(*dict.fromkeys(absent), READ, BETA, REDRAWN, SEEDS),
    )


def _asker(subjects: Subjects) -> Any:
    def ask(subject: str, beta: int, latents: int, seed: int) -> Scores:
        run = subjects.run(subject, beta, latents, seed)

        def measure() -> Scores:
            made = _assayed(subjects, subject, beta, latents, seed)
            if run.path is not None:
                write_whole(run.path / "report.html", made.to_html().encode())
            found = made.scores
            return {column: scale * found[name].value for column, (name, scale) in COLUMNS.items() if name in found}

        return measured(run.path, "report", {"samples": SAMPLES[subjects.name]}, measure)

    return ask


def _assayed(subjects: Subjects, subject: str, beta: int, latents: int, seed: int) -> Assay:
    model, rows = subjects.model_and_unseen_rows(subject, beta, latents, seed)
    samples = min(SAMPLES[subjects.name], len(rows))
    return assay(model, rows, samples=samples, seed=seed, name=f"{beta}-VAE, d = {latents}, seed {seed}")
