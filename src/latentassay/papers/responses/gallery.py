"""Figures 4, 6, 10 to 30 of LR as pictures: which model each shows, and how it is drawn."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure

from latentassay import sampling
from latentassay.data import FactorData
from latentassay.metrics import dci
from latentassay.papers.page import Picture
from latentassay.papers.responses.beta_vaes import LATENTS, Absent, BetaVAE, BetaVAEs
from latentassay.papers.responses.planes import FAR, NEAR, PlaneScale, choose_planes, draw_arrows, draw_plane
from latentassay.papers.responses.scales import BetaVAEScale
from latentassay.plots.matrices import factor_maps, full_matrix
from latentassay.plots.style import WIDE, figure_of, sheet
from latentassay.responses import ResponseMatrix, conditioned_response_matrix, response_matrix

KL = "sigma"
"""The KL term of the models that are drawn: that which LR's authors ran."""

Kind = Literal["matrices", "plane", "arrows"]


class Shown(NamedTuple):
    """What a figure of the paper shows.

    Attributes:
        figure: its number there, fit for a file name; with the number of latents where the paper has another.
        data_set: one of ``DATA_SETS``.
        betas: its models; those that the scale has.
        latents: number of latents d.
        kind: how it is drawn.
        plane: which plane, from that whose latents move each other most on.
        reach: how far the plane goes from the origin.
    """

    figure: str
    data_set: str
    betas: tuple[int, ...]
    latents: int
    kind: Kind
    plane: int = 0
    reach: float = NEAR


ALL = (1, 2, 4, 8)

SHAPES = "3D Shapes"

PLANES = 5
"""Of the 4-VAE on 3D Shapes in figures 12 to 16, after that of figure 4."""

FIGURES = (
    Shown("4", SHAPES, (4,), 24, "plane"),
    Shown("6-and-11", SHAPES, (4,), 24, "matrices"),
    Shown("10", SHAPES, ALL, LATENTS, "matrices"),
    *(Shown(str(12 + i), SHAPES, (4,), 24, "plane", plane=i + 1) for i in range(PLANES)),
    *(Shown(f"{12 + i}-with-12-latents", SHAPES, (4,), LATENTS, "plane", plane=i) for i in range(PLANES)),
    Shown("17", "MPI3D toy", ALL, LATENTS, "matrices"),
    Shown("18", "MPI3D real", ALL, LATENTS, "matrices"),
    Shown("19", "MPI3D toy", (1,), LATENTS, "plane", plane=0),
    Shown("20", "MPI3D toy", (1,), LATENTS, "plane", plane=1),
    Shown("21", "MPI3D toy", (4,), LATENTS, "plane", plane=0),
    Shown("22", "MPI3D real", (1,), LATENTS, "plane", plane=0),
    Shown("23", "MPI3D real", (1,), LATENTS, "plane", plane=1),
    Shown("24", "MPI3D real", (8,), LATENTS, "plane", plane=0),
    Shown("25", "MNIST", (1,), 2, "plane"),
    Shown("26", "MNIST", (1,), 2, "plane", reach=FAR),
    Shown("27", "MNIST", (1,), 2, "arrows"),
    Shown("28", "Fashion-MNIST", (8,), 2, "plane"),
    Shown("29", "Fashion-MNIST", (8,), 2, "plane", reach=FAR),
    Shown("30", "Fashion-MNIST", (8,), 2, "arrows"),
)
"""In the paper's order. Its captions of figures 28 to 30 say MNIST; they stand in the section on Fashion-MNIST."""

CAPTIONS = {
    "matrices": "Responses of all latents, what latents predict (DCI) and what they move (conditioned on one factor).",
    "plane": "Divergence with posterior samples in green, mean curvature and decodings of a plane, other latents at "
    "the most central code; below, those of the field averaged over posterior samples (mean field), and its arrows.",
    "arrows": "Where responses move latents of a grid.",
}
"""Kind → its caption."""


class Measured(NamedTuple):
    """What all figures of one model are drawn from.

    Attributes:
        network: the model.
        rows: data kept from it.
        z: posterior samples of some of them, ``(n, d)``.
        matrix: their response matrix.
    """

    network: Any
    rows: FactorData
    z: torch.Tensor
    matrix: ResponseMatrix


def draw_gallery(vaes: BetaVAEs) -> list[Picture]:
    """Draw every figure whose data are there and whose models the scale has."""
    pictures: list[Picture] = []
    for model, shown in _group_models(vaes.scale).items():
        try:
            measured = _measure(vaes, model)
        except Absent:
            continue
        pictures.extend(_draw_model(vaes.scale, model, measured, shown))
    order = [shown.figure for shown in FIGURES]
    return sorted(pictures, key=lambda picture: order.index(picture.name.removeprefix("figure-").split("-beta")[0]))


def list_drawn(scale: BetaVAEScale) -> list[BetaVAE]:
    """Return the models that figures are drawn of at a scale."""
    return list(_group_models(scale))


def _group_models(scale: BetaVAEScale) -> dict[BetaVAE, list[Shown]]:
    """Return model → its figures."""
    found: dict[BetaVAE, list[Shown]] = {}
    for shown in FIGURES:
        for beta in shown.betas if shown.latents == 2 else sorted(set(shown.betas) & set(scale.betas)):
            model = BetaVAE(shown.data_set, beta, shown.latents, kl=KL)
            found.setdefault(model, []).append(shown)
    return found


def _measure(vaes: BetaVAEs, model: BetaVAE) -> Measured:
    network, rows = vaes.place(vaes.run(model)), vaes.unseen_rows(model)
    generator = torch.Generator().manual_seed(model.seed)
    chosen = torch.randperm(len(rows), generator=generator)[: vaes.scale.samples]
    z = sampling.drawn(sampling.encode(network, rows, rows=chosen, generator=generator))
    return Measured(network, rows, z, response_matrix(network, z, generator=generator))


def _draw_model(scale: BetaVAEScale, model: BetaVAE, measured: Measured, shown: Sequence[Shown]) -> Iterator[Picture]:
    fine = PlaneScale(scale.grid, scale.means)
    planes = choose_planes(measured.matrix, PLANES + 1)
    for each in shown:
        if each.kind != "matrices" and each.plane >= len(planes):
            continue
        name = f"figure-{each.figure}" + f"-beta{model.beta}" * (len(each.betas) > 1)
        where, number = model.describe(latents=True, data_set=True), each.figure.replace("-", " ")
        yield Picture(
            name,
            f"{where} (LR figure{'s' * ('and' in number)} {number}).",
            CAPTIONS[each.kind],
            _draw(each, measured, fine, scale, planes),
        )


def _draw(
    shown: Shown, measured: Measured, fine: PlaneScale, scale: BetaVAEScale, planes: Sequence[tuple[int, int]]
) -> Figure:
    if shown.kind == "matrices":
        return draw_matrices(measured, scale)
    if shown.kind == "arrows":
        return figure_of(draw_arrows(measured.network, measured.z, planes[shown.plane], fine))
    return draw_plane(measured.network, measured.z, planes[shown.plane], fine, reach=shown.reach)


def draw_matrices(measured: Measured, scale: BetaVAEScale) -> Figure:
    """Draw the response matrix of all latents above DCI's importances and the conditioned matrix over means."""
    network, rows = measured.network, measured.rows
    labels = list(range(measured.z.shape[1]))
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(rows), generator=generator)[: scale.codes]
    codes = sampling.encode(network, rows, rows=chosen).mean.double().numpy()
    importance = dci(codes, rows.factors[chosen.numpy()], predictor=scale.predictor, generator=0).importance
    moved = conditioned_response_matrix(
        network, rows, generator=generator, groups_per_factor=scale.groups, over="means", average="roots"
    )
    figure = sheet(WIDE, 11.6)
    grid = figure.add_gridspec(3, 1, height_ratios=[2.2, 1.0, 1.0])
    full_matrix(measured.matrix.matrix.numpy(), labels, ax=figure.add_subplot(grid[0]))
    factor_maps(
        rows.factor_names,
        labels,
        importance=np.asarray(importance),
        conditioned=moved.matrix.numpy(),
        axes=[figure.add_subplot(grid[i]) for i in (1, 2)],
    )
    return figure
