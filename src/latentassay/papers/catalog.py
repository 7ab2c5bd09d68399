"""Every experiment by its name, and one function that makes one and writes what came out."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import matplotlib

from latentassay.core.errors import InputError
from latentassay.core.storage import replacing, write_whole
from latentassay.papers import consistency, geometry, structure
from latentassay.papers.page import Picture, render
from latentassay.papers.responses import figures, helix
from latentassay.papers.responses import tables as responses
from latentassay.papers.results import Table
from latentassay.papers.structure import extrapolation
from latentassay.papers.thesis import components, perturbed
from latentassay.plots.style import figure_of

DPI = 200


class Experiment(NamedTuple):
    """A table or figure of a paper that can be made again.

    Attributes:
        name: paper and what of it.
        summary: one line about it.
        needs: data sets that need files, and what stays empty without them.
        costs: scale → what it takes.
        table: ``(scale, folder, *, seeds, data, device)`` → table.
        draw: ``(scale, folder, *, seeds, data)`` → its figures, from the same runs.
    """

    name: str
    summary: str
    needs: str
    costs: Mapping[str, str]
    table: Callable[..., Table]
    draw: Callable[..., list[Picture]] | None = None

    @property
    def told(self) -> str:
        """What it needs and costs, in one line."""
        costs = "; ".join(f"{scale} {words}" for scale, words in self.costs.items())
        return f"files: {self.needs}. Time: {costs}."


class Made(NamedTuple):
    """What ``reproduce`` made: the table, and the files it wrote."""

    table: Table
    files: tuple[Path, ...]


def _helix_table(
    scale: str, folder: Path, *, seeds: int | None, data: Mapping[str, str | Path] | None, device: str
) -> Table:
    if data:
        raise InputError(f"the helix needs no files, got --data {', '.join(data)}")
    return helix.helix(scale, folder, seeds=seeds)


def _helix_pictures(
    scale: str, folder: Path, *, seeds: int | None, data: Mapping[str, str | Path] | None
) -> list[Picture]:
    return helix.pictures(scale, folder, seeds=seeds)


_LONG = "weeks on two cores, hours on a GPU"
EXPERIMENTS = (
    Experiment(
        "responses.helix",
        "the double helix: two ways across a latent plane (LR figures 2 and 3)",
        "nothing",
        {"smoke": "seconds", "laptop": "half a minute", "paper": "2 minutes"},
        _helix_table,
        _helix_pictures,
    ),
    Experiment(
        "responses.figures",
        "a report each of the models whose figures LR shows (figures 4–6, 10–11, 25–30)",
        "MNIST, Fashion-MNIST; rows without files stay empty",
        {"smoke": "a minute", "laptop": "about half an hour on two cores", "paper": _LONG},
        figures.reports,
    ),
    Experiment(
        "responses.table1",
        "CDS, DCI-D, IRS and MIG of β-VAEs on 3D Shapes (LR table 1)",
        "nothing",
        {"smoke": "half a minute", "laptop": "about an hour on two cores", "paper": _LONG},
        responses.table1,
    ),
    Experiment(
        "responses.table2",
        "structure score of β-VAEs on five data sets (LR table 2)",
        "MNIST, Fashion-MNIST, MPI3D; columns without files stay empty",
        {"smoke": "half a minute", "laptop": "about an hour on two cores", "paper": _LONG},
        responses.table2,
    ),
    Experiment(
        "responses.table3",
        "all scores of β-VAEs on MPI3D, toy and real (LR table 3)",
        "MPI3D; rows without files stay empty",
        {"smoke": "half a minute", "laptop": "about an hour on two cores", "paper": _LONG},
        responses.table3,
    ),
    Experiment(
        "geometry.digits",
        "bounds, components, separability and ways between digits for every α and k (GEO figures 1–5)",
        "MNIST, except at scale smoke",
        {"smoke": "a minute", "laptop": "about two hours on two cores", "paper": "about two weeks on two cores"},
        geometry.table,
        geometry.pictures,
    ),
    Experiment(
        "consistency.grid",
        "AE, β-VAE and SAE, plain, with a causal block, and trained to be consistent (IC tables 1–2, figures 2–35)",
        "MNIST, except at scale smoke",
        {"smoke": "several minutes", "laptop": "about two hours on two cores", "paper": _LONG},
        consistency.table,
        consistency.pictures,
    ),
    Experiment(
        "pca.orthogonality",
        "orthogonality, disentanglement and the polarized regime (thesis tables 3.2–3.4)",
        "MNIST and Fashion-MNIST, except at scale smoke",
        {
            "smoke": "a few minutes",
            "laptop": "about an hour on two cores",
            "gpu": "laptop's dSprites, and minutes on a GPU",
            "paper": _LONG,
        },
        components.table,
        components.pictures,
    ),
    Experiment(
        "consistency.graphs",
        "does a causal block find a known graph? chain, fork and collider",
        "nothing",
        {"smoke": "seconds", "laptop": "about six minutes", "paper": "about an hour"},
        consistency.graphs,
    ),
    Experiment(
        "pca.perturbation",
        "VAEs and PCL on data moved by ε against VAEs, beside noise as large (PCA table 4.2)",
        "nothing",
        {"smoke": "half a minute", "laptop": "about half an hour on one core", "paper": _LONG},
        perturbed.table,
        perturbed.pictures,
    ),
    Experiment(
        "structure.table1",
        "SAEs, AdaAEs, VLAEs and VAEs on 3D Shapes: disentanglement, samples, order (SA table 1, figures 2–11)",
        "nothing",
        {
            "smoke": "a few minutes",
            "laptop": "about 80 minutes on two cores",
            "gpu": "an estimated hour on a GPU",
            "paper": _LONG,
        },
        structure.table,
        structure.pictures,
    ),
    Experiment(
        "structure.extrapolation",
        "which half of an autoencoder takes up what it has never seen (SA figures 7 and 12)",
        "nothing",
        {
            "smoke": "a few minutes",
            "laptop": "about 40 minutes on two cores",
            "gpu": "an estimated hour on a GPU",
            "paper": _LONG,
        },
        extrapolation.table,
        extrapolation.pictures,
    ),
)


def experiment(name: str) -> Experiment:
    """Return an experiment by its name.

    Raises:
        InputError: there is none; says which are near.

    >>> experiment("responses.table1").costs["laptop"]
    'about an hour on two cores'
    """
    for known in EXPERIMENTS:
        if known.name == name:
            return known
    names = [known.name for known in EXPERIMENTS]
    near = get_close_matches(name.lower(), names, 3, 0.4) or names
    raise InputError(f"no experiment is called {name!r}; did you mean {', '.join(near)}?")


def reproduce(
    name: str,
    *,
    scale: str,
    folder: Path,
    seeds: int | None = None,
    data: Mapping[str, str | Path] | None = None,
    device: str = "auto",
) -> Made:
    """Make an experiment and write its table as JSON and HTML and its figures as PNG and SVG.

    Args:
        name: one of ``EXPERIMENTS``.
        scale: smoke, laptop, paper, or gpu where the experiment has it.
        folder: where everything goes; trainings that are done there are not done again.
        seeds: how many seeds, from 0 on; as many as the scale has where left out.
        data: name of a data set → folder with its files, where they are not in the cache.
        device: as ``fit`` takes it.

    Raises:
        InputError: an unknown name, scale or data set; no seeds; a folder that holds runs of other settings.
        FileError: something cannot be read or written.
        KeyboardInterrupt: Ctrl-C came; what was done is kept.
    """
    chosen = experiment(name)
    table = chosen.table(scale, folder, seeds=seeds, data=data, device=device)
    pictures = chosen.draw(scale, folder, seeds=seeds, data=data) if chosen.draw else []
    stem = f"{name}-{scale}"
    table.to_json(folder / f"{stem}.json")
    write_whole(folder / f"{stem}.html", render(table, pictures).encode())
    drawn = [_save(picture, folder / f"{stem}-{picture.name}.{kind}") for picture in pictures for kind in KINDS]
    return Made(table, (folder / f"{stem}.json", folder / f"{stem}.html", *drawn))


def parse_folders(pairs: Sequence[str]) -> dict[str, Path]:
    """Read ``name=folder`` words.

    Raises:
        InputError: a word is of another form.

    >>> parse_folders(["mnist=data/mnist"])["mnist"].name
    'mnist'
    """
    parts = [pair.partition("=") for pair in pairs]
    if wrong := [name for name, sign, folder in parts if not (name and sign and folder)]:
        raise InputError(f"--data takes NAME=FOLDER such as mnist=data/mnist, got {', '.join(map(repr, wrong))}")
    return {name: Path(folder).expanduser() for name, _, folder in parts}


KINDS = ("png", "svg")


def _save(picture: Picture, path: Path) -> Path:
    """Write a figure in one piece; the same figure gives the same file."""
    metadata = {"Date": None} if path.suffix == ".svg" else {}
    with replacing(path) as part, matplotlib.rc_context({"svg.hashsalt": picture.name}):
        figure_of(picture.figure).savefig(part, format=path.suffix[1:], dpi=DPI, metadata=metadata)
    return path
