"""Sections that look like those of a real model: 24 units of which 11 are alive, small colour pictures."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from latentassay import report
from latentassay.assay.question import known_questions
from latentassay.assay.questions.factors import FactorsEvidence
from latentassay.assay.questions.field import FieldEvidence
from latentassay.assay.questions.graph import GraphEvidence
from latentassay.assay.questions.holes import HolesEvidence
from latentassay.assay.questions.reconstruction import ReconstructionEvidence
from latentassay.assay.questions.responses import ResponsesEvidence
from latentassay.assay.questions.traversals import TraversalsEvidence
from latentassay.assay.questions.units import UnitsEvidence
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Meta, Score, Section


def ball(values: np.ndarray, channels: int, size: int = 32) -> np.ndarray:
    """Pictures ``(n, channels, size, size)`` of a soft ball placed and coloured by values ``(n, 5)``."""
    grid = (np.arange(size) + 0.5) / size * 2 - 1
    y, x = np.meshgrid(grid, grid, indexing="ij")
    v = np.tanh(values / 2)[:, :, None, None]
    distance = np.hypot(x - 0.5 * v[:, 0], y - 0.5 * v[:, 1])
    inside = 1 / (1 + np.exp((distance - 0.35 - 0.15 * v[:, 2]) * 24))
    hue = np.stack([0.5 + 0.5 * np.cos(v[:, 3] * 3 + shift) for shift in (0, 2.1, 4.2)], 1)
    floor = np.stack([0.55 + 0.4 * np.sin(v[:, 4] * 3 + shift) * np.ones_like(y) for shift in (0, 2, 4)], 1)
    shade = 0.75 + 0.25 * (y < 0.1)
    return (inside[:, None] * hue + (1 - inside[:, None]) * floor * shade)[:, :channels].astype(np.float32)


def observe(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Observations ``(n, *shape)`` for latent values ``(n, 5)``: pictures, curves, or a helix."""
    if len(shape) == 3:
        return ball(values, shape[0], shape[1])
    if shape[0] in (2, 3):
        t = values[:, 0] * 2
        return np.stack([np.cos(t), np.sin(t), values[:, 1]], 1)[:, : shape[0]]
    t = np.linspace(0, 1, shape[0])
    return np.sin(6 * t * (1 + 0.2 * values[:, :1]) + values[:, 1:2]) * (1 + 0.3 * values[:, 2:3])


def score(name: str, label: str, value: float, half: float | None = None, unit: str = "") -> Score:
    low, high = (None, None) if half is None else (value - half, value + half)
    definition = f"{label}: mean over samples of what the section measures, as its source defines it."
    return Score(name, label, value, definition, 1024, 7, low, high, unit)


@pytest.fixture
def make_sections() -> Callable[..., list[Section]]:
    """A function (units, alive, x_shape) → all sections."""
    return build


def section(key: str, evidence: object, scores: tuple = (), findings: tuple = (), **named: str) -> Section:
    """A section of a question that is known, with these words in place of its own."""
    (question,) = (question for question in known_questions() if question.key == key)
    return replace(question.section(evidence, scores, findings), **named)


def build(units: int = 24, alive: int = 11, shape: tuple[int, ...] = (3, 32, 32)) -> list[Section]:
    rng = np.random.default_rng(5)
    labels = tuple(str(unit) for unit in range(units))
    order = rng.permutation(units)
    mask = np.zeros(units, dtype=bool)
    mask[order[:alive]] = True
    live = np.flatnonzero(mask)
    return [
        _reconstruction(rng, shape),
        _units(rng, labels, mask),
        *_responses(rng, labels, mask),
        _traversals(rng, tuple(labels[unit] for unit in live), shape),
        _field(rng, shape),
        Section(
            "structure",
            "Structure of the prior",
            "Do samples from the prior come back as they went?",
            (score("structure.score", "Structure score", 0.0123, 0.0031),),
            (
                Finding(
                    "structure.ok", "Prior samples come back almost where they started.", "good", ("structure.score",)
                ),
            ),
        ),
        _holes(rng, shape),
        _factors(rng, labels, mask),
    ]


def _reconstruction(rng: np.random.Generator, shape: tuple[int, ...]) -> Section:
    values = rng.normal(size=(12, 5))
    originals = observe(values, shape)
    columns = np.full(originals.shape[1], 1 / originals.shape[1])
    return section(
        "reconstruction",
        ReconstructionEvidence(
            originals=originals,
            reconstructions=observe(values * 0.9, shape),
            error=rng.gamma(4, 2, 1024),
            explained=Estimate(0.971, stderr=0.001, n=1024),
            mse=Estimate(0.00423, stderr=0.00006, n=1024),
            constant=Estimate(0.0, stderr=0.0001, n=1024),
            constant_of_error=Estimate(0.0, stderr=0.003, n=1024),
            kept_without_constant=Estimate(0.971, stderr=0.001, n=1024),
            bias=np.zeros(originals.shape[1:]),
            bias_stderr=np.full(originals.shape[1:], 0.005),
            column_share=columns,
            column_kept=np.full_like(columns, 0.971),
            column_kept_stderr=np.full_like(columns, 0.001),
            mean_kept=Estimate(0.971, stderr=0.001, n=1024),
            drowned=Estimate(0.0, stderr=0.001, n=1024),
            largest=Estimate(columns[0], stderr=0.001, n=1024),
            few=len(columns),
        ),
        (score("reconstruction.mse", "Squared error per pixel", 0.00423, 0.00011),),
        (Finding("reconstruction.ok", "Reconstructions explain 97.1 % ± 0.2 of the variance.", "good", ()),),
    )


def _units(rng: np.random.Generator, labels: tuple[str, ...], mask: np.ndarray) -> Section:
    response = np.where(mask, rng.uniform(0.62, 0.99, len(mask)), rng.uniform(0, 0.05, len(mask)))
    sentence = f"{mask.sum()} of {len(mask)} units are alive."
    return section(
        "units",
        UnitsEvidence(
            mean_std=np.where(mask, rng.uniform(0.9, 1.0, len(mask)), rng.uniform(0, 0.05, len(mask))),
            posterior_std=np.where(mask, rng.uniform(0.03, 0.3, len(mask)), rng.uniform(0.97, 1, len(mask))),
            response=response,
            response_stderr=0.01 + 0.02 * response,
            kl=np.where(mask, rng.uniform(0.8, 3.5, len(mask)), 0.001),
            expected=np.where(mask, 0.97, 0.01),
            effect=np.where(mask, 1 / max(mask.sum(), 1), 0.0),
            effect_stderr=np.where(mask, 0.01, 0.0),
            states=tuple("alive" if alive else "dead" for alive in mask),
            labels=labels,
            threshold=0.354,
            dimension=Estimate(mask.sum()),
            variables=int(mask.sum()),
            strength=None,
        ),
        (score("units.alive", "Alive units", float(mask.sum()), 0.5), score("units.kl", "KL", 23.4, 0.7, "nats")),
        (Finding("units.alive", sentence, "note", ("units.alive",), remedy="Fewer units would do: try 12 latents."),),
    )


def _responses(rng: np.random.Generator, labels: tuple[str, ...], mask: np.ndarray) -> list[Section]:
    size, live = len(mask), np.flatnonzero(mask)
    normalized = np.where(np.outer(mask, mask), rng.gamma(1, 0.03, (size, size)), rng.gamma(1, 0.004, (size, size)))
    normalized[live, live] = rng.uniform(0.7, 0.98, len(live))
    pairs = live[:2].reshape(1, 2) if len(live) > 1 else np.empty((0, 2), dtype=int)
    for j, k in pairs:
        normalized[j, k], normalized[k, j] = 0.44, 0.38
    for j, k in itertools.pairwise(live[2:]):
        normalized[j, k] = rng.uniform(0.05, 0.35)
    off = normalized * (1 - np.eye(size))
    edges = np.argwhere(off >= 0.1)
    response = section(
        "responses",
        ResponsesEvidence(
            matrix=normalized * 1.4,
            normalized=normalized,
            normalized_stderr=normalized * 0.03,
            coupling=normalized**2,
            coupling_stderr=normalized**2 * 0.06,
            used=np.full(size, 1024),
            live=mask,
            labels=labels,
        ),
        (score("responses.leak", "Response outside the diagonal", 0.31, 0.02),),
        (Finding("responses.leak", "Interventions on unit 4 also move unit 21.", "warning", ("responses.leak",)),),
    )
    graph = section(
        "graph",
        GraphEvidence(
            edges=edges,
            weights=off[edges[:, 0], edges[:, 1]],
            pairs=pairs,
            nodes=live,
            variables=(),
            labels=labels,
            threshold=0.1,
        ),
        (),
        (Finding("graph.pair", "Units 4 and 21 form one variable.", "note"),),
    )
    return [response, graph]


def _traversals(rng: np.random.Generator, labels: tuple[str, ...], shape: tuple[int, ...]) -> Section:
    rows, steps = len(labels), 9
    values = np.tile(np.linspace(-2, 2, steps), (rows, 1))
    z = np.tile(rng.normal(size=5) * 0.4, (rows, steps, 1))
    for row in range(rows):
        z[row, :, row % 5] = values[row] * (1 - 0.1 * (row // 5))
    images = observe(z.reshape(-1, 5), shape).reshape(rows, steps, *shape)
    return section("traversals", TraversalsEvidence(images=images, values=values, labels=labels))


def _field(rng: np.random.Generator, shape: tuple[int, ...]) -> Section:
    axis = np.linspace(-3, 3, 60)
    x, y = np.meshgrid(axis, axis)
    vectors = np.stack([-0.35 * np.sin(2.2 * x), -0.3 * np.sin(2.2 * y + 0.3 * x)], -1)
    divergence = -0.77 * np.cos(2.2 * x) - 0.66 * np.cos(2.2 * y + 0.3 * x)
    unit = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    curvature = -0.5 * (np.gradient(unit[..., 0], axis, axis=1) + np.gradient(unit[..., 1], axis, axis=0))
    centres = np.linspace(-3, 3, 12)
    gx, gy = np.meshgrid(centres, centres)
    z = np.stack([gx, gy, 0 * gx, 0.5 * gy, gx * 0.3], -1).reshape(-1, 5)
    return section(
        "field",
        FieldEvidence(
            xs=axis,
            ys=axis,
            vectors=vectors,
            divergence=divergence,
            curvature=curvature,
            posterior=rng.normal(size=(600, 2)) * 0.25 + rng.integers(-1, 2, (600, 2)) * 2.85,
            reconstructions=observe(z, shape).reshape(12, 12, *shape),
            latents=(4, 21),
            slopes=rng.normal(size=128) * 0.1 + 0.9,
            slope_units=("4", "21"),
            expanding=Estimate(0.02),
            converging=Estimate(0.9),
            still=False,
            exact=False,
        ),
        (score("field.divergence", "Mean divergence at data", -0.82, 0.03),),
        (Finding("field.ok", "Data lie where responses flow together.", "good", ("field.divergence",)),),
    )


def _holes(rng: np.random.Generator, shape: tuple[int, ...]) -> Section:
    posterior, prior, hybrid = (rng.lognormal(mean, 0.35, 2048) for mean in (-1.0, -0.6, -0.8))
    pictures = {name: observe(rng.normal(size=(10, 5)) * 1.2, shape) for name in ("prior_samples", "hybrid_samples")}
    worst = rng.normal(size=(8, 5)) * 3
    shares = (Estimate(0.072), Estimate(0.04), Estimate(0.02), Estimate(0.06))
    return section(
        "holes",
        HolesEvidence(
            distance_posterior=posterior,
            distance_prior=prior,
            distance_hybrid=hybrid,
            **pictures,
            worst=observe(worst, shape),
            repaired=observe(worst * 0.5, shape),
            threshold=float(np.quantile(posterior, 0.99)),
            hybrid=shares,
            prior=shares,
            hybrid_gains=(Estimate(0.032), Estimate(0.052)),
            prior_gains=(Estimate(0.032), Estimate(0.052), Estimate(0.0)),
            nearby_gains=(Estimate(0.032), Estimate(0.052), Estimate(0.0)),
            variant="",
            nearby_variant="",
        ),
        (
            score("holes.prior", "Holes in the prior", 0.072, 0.008, "%"),
            score("holes.hybrid", "Holes in hybrids", 0.031, 0.006, "%"),
        ),
        (
            Finding(
                "holes.prior",
                "7.2 % ± 0.8 of prior samples fall in holes.",
                "problem",
                ("holes.prior",),
                remedy="Draw hybrid samples instead, or respond once before decoding.",
            ),
        ),
    )


def _factors(rng: np.random.Generator, labels: tuple[str, ...], mask: np.ndarray) -> Section:
    names = ("floor hue", "wall hue", "object hue", "scale", "shape", "orientation")
    live = np.flatnonzero(mask)
    information = np.where(mask, rng.gamma(1, 0.02, (6, len(mask))), 0.001)
    for factor in range(6):
        information[factor, live[factor % len(live)]] = rng.uniform(0.4, 0.95)
    scores = (score("factors.mig", "MIG", 0.412, 0.013), score("factors.cds", "CDS", 0.733))
    rows = tuple((s.name.removeprefix("factors."), s.label, s.estimate, s.definition, s.n, s.unit) for s in scores)
    return section(
        "factors",
        FactorsEvidence(
            conditioned=information * 0.9 + 0.02 * mask,
            importance=information / information.sum(1, keepdims=True),
            information=information,
            alive=mask,
            factor_names=names,
            labels=labels,
            panel=rows[:1],
            causal=rows[1:],
            left_out=(),
            rare=(),
            rows=1024,
            passes_short=None,
        ),
        scores,
        (Finding("factors.mig", "The factors are partly disentangled (MIG 0.41 ± 0.01).", "note", ("factors.mig",)),),
    )


META = Meta(
    model="β-VAE (β = 4, 24 latents)",
    data="3D Shapes, re-rendered",
    date="2026-11-22",
    rows=1024,
    available=10_000,
    x_shape=(3, 32, 32),
    latent_shape=(24,),
    units=24,
    prior="StandardNormal",
    seed=7,
    grid=50,
    groups=50,
    precision=0.05,
    budget=120.0,
    used=(256, 1024),
    claims=21,
    false_alarms=0.15,
    seconds=18.8,
    preparing=8.1,
    device="cpu",
    dtype="float32",
    versions={"latentassay": "0.1.0", "torch": "2.13.0", "numpy": "2.3.0"},
)


@pytest.fixture(scope="session")
def sections() -> list[Section]:
    """All sections of the usual model."""
    return build()


@pytest.fixture(scope="session")
def html(sections: list[Section]) -> str:
    """Their page."""
    return report.render(sections, META, title="What this latent space is like")
