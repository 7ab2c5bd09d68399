"""Does the decoder stretch along its latents, and along what?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import name_units
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding, Picture, Score
from latentassay.core.levels import GRAVE, grade
from latentassay.geometry.alignment import matched_means, unit_columns
from latentassay.geometry.orthogonality import DEGENERATE, SINGULAR
from latentassay.geometry.permutations import distance_by_chance, nearest_signed_permutation
from latentassay.geometry.precision import noise_floor
from latentassay.metrics.disentanglement.polarized import NEGLIGIBLE, polarized_regime
from latentassay.sampling import decode
from latentassay.stats.intervals import proportion, student_estimate

MOST_POINTS = 64
"""Codes at which the decoder is linearised, at most."""

FEWEST_POINTS = 16
"""And at least."""

MOST_UNITS = 16
"""Units that are compared, the most responsive, where there are more."""

MOST_ROWS = 512
"""Rows that principal components are those of, at most."""

TOGETHER = 1 << 23
"""Numbers of Jacobians that are held at once."""

STEP = 0.05
"""Over which the decoder is linearised, to each side, in standard deviations of the latent."""

OFF = Bounds(0.0, 0.25, 0.5, "of the distance from the axes that directions drawn at random have")
"""How far principal directions may lie off the axes. More of it is no fault by itself: only VAEs are drawn to them."""

NOTHING = 1.005
"""Waste below this is not worth a number."""

OPEN = 0.5
"""Share of codes with directions that are stretched alike, beyond which nothing is said of where they lie."""

POLARIZED = Bounds(0.0, NEGLIGIBLE, 0.1, "of the divergence; below 3 % the thesis calls a regime polarized")
"""How far the divergence may be from that of units that are known well or switched off."""


@dataclass(frozen=True)
class DirectionsEvidence:
    """The decoder linearised at ``n`` real codes, ``J = U S Vᵀ`` over ``k`` units that answer.

    Attributes:
        distances: of V from the nearest signed permutation, ``(n,)``.
        turned: mean of ``V²``, directions by size in rows, ``(k, k)``.
        stretch: median singular values, largest first, ``(k,)``.
        waste: noise along the axes over what it costs along the best directions, ``(n,)``.
        alignment: mean |cosine| of units with principal components of the data, matched, ``(n,)``.
        degenerate: share of points with two singular values that hardly differ.
        divergence: ΔKL, how far the divergence is from that of the polarized regime; ``None`` without a prior.
        mixed: units that are neither known well nor switched off.
        labels: names of the k units.
        singular: points that were left out, since the units do not span as many directions there.
    """

    distances: Float[np.ndarray, " n"]
    turned: Float[np.ndarray, "k k"]
    stretch: Float[np.ndarray, " k"]
    waste: Float[np.ndarray, " n"]
    alignment: Float[np.ndarray, " n"]
    degenerate: Estimate
    divergence: Estimate | None
    mixed: tuple[str, ...]
    labels: tuple[str, ...]
    singular: int


def passes_needed(context: Context) -> int | None:
    """Derivatives along every unit at the fewest points; two units of one latent must answer."""
    units = _units(context)
    if len(units) < 2 or int(np.prod(context.data.x_shape)) < len(units):
        return None
    return FEWEST_POINTS * 2 * len(units)


def _units(context: Context) -> list[int]:
    """The most responsive units of one latent in a vector; places have no axes."""
    if len(context.model.latent_shape) != 1:
        return []
    scalars = [unit for unit in context.ledger.live if len(context.matrix.units.groups[unit]) == 1]
    return sorted(context.ledger.strongest(scalars, MOST_UNITS))


def measure(context: Context) -> DirectionsEvidence | None:
    """Linearise the decoder at posterior means; ``None`` where some unit moves nothing, and has no direction."""
    units = _units(context)
    latents = [context.matrix.units.groups[unit][0] for unit in units]
    n = context.rows_at(2 * len(units), least=FEWEST_POINTS, most=context.at_most(MOST_POINTS))
    z = context.codes.mean[torch.randperm(context.n, generator=context.generator("directions"))[:n]]
    components = _components(context.x(slice(MOST_ROWS)), len(units))
    roots, cosines = [], []
    at_once = max(1, TOGETHER // (len(units) * components.shape[1]))
    for start in range(0, n, at_once):
        points = z[start : start + at_once]
        j = _jacobians(context, points, latents)
        if not bool((j.norm(dim=1) > 0).all()):
            return None
        roots.append(torch.linalg.qr(j, mode="r").R)  # of the same lengths and singular values as J, and small
        cosines.append(np.abs(components @ unit_columns(j).numpy()))
    return _evidence(context, units, torch.cat(roots), np.concatenate(cosines))


def _jacobians(context: Context, z: Tensor, latents: list[int]) -> Float[Tensor, "n values k"]:
    """Central differences over a small share of every latent's spread, which any decoder has."""
    steps = STEP * context.codes.mean[:, latents].std(0)
    moves = torch.zeros(len(latents), z.shape[1], dtype=z.dtype)
    moves[torch.arange(len(latents)), latents] = steps.to(z.dtype)
    ahead, behind = (
        decode(context.model, (z[:, None] + sign * moves).flatten(0, 1), batch_size=context.batch_size)
        .flatten(1)
        .double()
        .view(len(z), len(latents), -1)
        for sign in (1, -1)
    )
    return ((ahead - behind) / (2 * steps.double())[:, None]).mT


def _components(x: Tensor, k: int) -> Float[np.ndarray, "k values"]:
    """The first k principal components of rows, by their products with each other: there are fewer rows than pixels."""
    centred = (x - x.mean(0)).flatten(1).double()
    sizes, mixtures = torch.linalg.eigh(centred @ centred.mT)
    found: np.ndarray = (mixtures[:, -k:].mT @ centred / sizes[-k:, None].clamp(min=1e-300).sqrt()).cpu().numpy()
    return found


def _evidence(context: Context, units: list[int], roots: Tensor, cosines: np.ndarray) -> DirectionsEvidence | None:
    _, stretch, vt = torch.linalg.svd(roots)
    regular = stretch[:, -1] > SINGULAR * stretch[:, 0]
    if int(regular.sum()) < FEWEST_POINTS:
        return None
    v, values = vt.mT[regular], stretch[regular]
    close = int((values[:, :-1] < DEGENERATE * values[:, 1:]).any(1).sum())
    divergence, mixed = _regime(context)
    return DirectionsEvidence(
        distances=nearest_signed_permutation(v).distance.numpy(),
        turned=v.square().mean(0).mT.contiguous().numpy(),
        stretch=values.median(0).values.numpy(),
        waste=noise_floor(roots[regular]).waste.numpy(),
        alignment=matched_means(cosines)[regular.numpy()],
        degenerate=proportion(close, len(values)),
        divergence=divergence,
        mixed=mixed,
        labels=tuple(context.ledger.labels(units)),
        singular=int((~regular).sum()),
    )


def _regime(context: Context) -> tuple[Estimate | None, tuple[str, ...]]:
    """ΔKL, and the units between known well and switched off."""
    if not context.has_normal_prior or not bool((context.codes.std > 0).all()):
        return None, ()
    found = polarized_regime(context.codes.mean, context.codes.std)
    names = [f"{latent}" for latent, state in enumerate(found.states) if state == "mixed"]
    return found.score, tuple(names)


def judge(evidence: DirectionsEvidence, context: Context) -> Judgement:
    """Say whether the directions that the decoder stretches along are its latents."""
    k, seed = len(evidence.labels), context.seed
    chance = distance_by_chance(k)
    distance = _mean(evidence.distances)
    scores = [
        Score.of(
            "directions.distance",
            "Distance to orthogonality",
            distance,
            "thesis, equation 3.25, mean over codes of ‖V − P‖_F: V the right singular vectors of the Jacobian with "
            f"respect to {k} units that answer, by differences over ± {STEP} standard deviations, and P the nearest "
            f"signed permutation; {chance:.2f} by chance",
            n=len(evidence.distances),
            seed=seed,
        ),
        Score.of(
            "directions.waste",
            "Cost of noise along the axes",
            _mean(evidence.waste),
            "thesis, equations 3.18 to 3.24, mean over codes of (Π ‖J_j‖² / Π s_j²)^(1/k): what noise costs along the "
            "axes over what it costs along the best directions; 1 where these are the axes",
            n=len(evidence.waste),
            seed=seed,
        ),
        Score.of(
            "directions.pca",
            "Alignment with principal components",
            _mean(evidence.alignment),
            "thesis, theorem 2, mean |cosine| between the columns of the Jacobian and as many principal components of "
            "the data, matched one to one; 1 for a linear VAE",
            n=len(evidence.alignment),
            seed=seed,
        ),
    ]
    findings = [_axes_finding(evidence, distance, float(chance))]
    if evidence.divergence is not None:
        scores.append(
            Score.of(
                "directions.polarized",
                "Divergence beyond the polarized regime",
                evidence.divergence,
                "thesis, equations 3.5 and 3.38, |KL − KL≈| / KL with KL≈ that of units whose mean moves, without "
                "their variance: 0 where every unit is known well or switched off",
                n=context.n,
                seed=seed,
                unit="%",
            )
        )
        findings.append(_regime_finding(evidence, evidence.divergence))
    return Judgement(tuple(scores), tuple(findings))


def _mean(values: Float[np.ndarray, " n"]) -> Estimate:
    return student_estimate(float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5, len(values))


def _axes_finding(evidence: DirectionsEvidence, distance: Estimate, chance: float) -> Finding:
    """Being off the axes is no fault, so that it is a note however far they are."""
    waste, alike = _mean(evidence.waste), float(evidence.degenerate)
    times = "what" if (waste.high or 0) < NOTHING else f"{waste} times what"
    cost = f"noise along the latents costs {times} it would along these directions"
    if alike > OPEN:
        says = f"At {100 * alike:.0f} % of the codes the decoder stretches two directions alike, which leaves them open"
        return Finding("directions", f"{says}; {cost}.", "note", ("directions.distance", "directions.waste"))
    share = distance.scaled(1 / chance)
    level = grade(share, OFF)
    says = {
        "good": "The decoder stretches along its latents",
        "note": "The decoder stretches nearly along its latents",
        "unsure": "Whether the decoder stretches along its latents is not sure",
    }.get(level, "The decoder stretches along directions of its own, not along its latents")
    return Finding(
        "directions",
        f"{says}: its principal directions lie {share.scaled(100)} % as far off them as random ones, and {cost}.",
        "note" if level in GRAVE else level,
        ("directions.distance", "directions.waste"),
        direction="above",
        estimate=share,
        bounds=OFF,
        settle=how_to_settle(share, OFF),
    )


def _regime_finding(evidence: DirectionsEvidence, divergence: Estimate) -> Finding:
    level = grade(divergence, POLARIZED)
    are = "lie" if len(evidence.mixed) > 1 else "lies"
    between = f"; {name_units(evidence.mixed)} {are} between" if evidence.mixed else ""
    says = {
        "good": "The divergence is that of the polarized regime, whose units are known well or switched off",
        "unsure": "Whether the divergence is that of the polarized regime is not sure",
    }.get(level, "The divergence is not that of the polarized regime, whose units are known well or switched off")
    return Finding(
        "directions.polarized",
        f"{says}: they differ by {divergence.scaled(100)} %{between}.",
        "note" if level in GRAVE else level,
        ("directions.polarized",),
        subjects=evidence.mixed,
        direction="above",
        estimate=divergence,
        bounds=POLARIZED,
        settle=how_to_settle(divergence, POLARIZED),
    )


def figures(evidence: DirectionsEvidence) -> Iterator[Picture]:
    """Yield the directions beside the units."""
    yield Picture(
        "turned",
        "What the decoder stretches along",
        "Every row is a principal direction of the decoder at real codes, the one that it stretches most first, and "
        "the number behind it says how far. Cells are squared shares of the units in it, mean over codes: one dark "
        "cell in each row and column means that directions are units.",
        partial(plots.principal_directions, evidence.turned, evidence.stretch, evidence.labels),
    )


QUESTION = Question(
    key="directions",
    title="Principal directions",
    text="Does the decoder stretch along its latents, and along what?",
    evidence=DirectionsEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=0.5,
)
