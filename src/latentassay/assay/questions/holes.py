"""Which samples does the model itself not recognise?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import FEWEST_DRAWN, Context
from latentassay.assay.maps import present
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding, Picture, Score
from latentassay.core.levels import GRAVE, grade, worst
from latentassay.responses import Holes, HoleShare, respond
from latentassay.responses.holes import find_holes_beside
from latentassay.sampling import decode, hybrid, prior

PICTURES = 16
"""Samples that are shown of each kind."""

NEIGHBOURS = 20
"""Real latents beside which a distance is judged."""

PER_KIND = 2
"""Passes that every latent of a kind takes: its response, and the response of that."""

PER_CODE = 2
"""Passes that every real code takes: the code, and its response."""

BOUNDS = Bounds(
    0.01,
    0.03,
    0.1,
    "share of samples that move further than 99 % of real data do: 1 % is as good as data, thrice that is one odd "
    "sample on a sheet of 32, and from one in ten on samples cannot be taken for data",
    problem=0.2,
)

WORTH = 0.5
"""Part of the holes that a repair must close to be named."""


@dataclass(frozen=True)
class HolesEvidence:
    """Distances between latents and their responses, and which share lies beyond that of 99 % of real data.

    Attributes:
        distance_posterior: of posterior samples, ``(n,)``.
        distance_hybrid: of hybrids, whose units come from different data, ``(m,)``; ``None`` of one variable alone.
        distance_prior: of prior samples, ``(m,)``; ``None`` without a prior.
        hybrid_samples: decodings of hybrids, ``(k, *x_shape)``, or ``None``.
        prior_samples: decodings of prior samples, ``(k, *x_shape)``, or ``None``.
        worst: decodings of the samples of greatest distance, ``(w, *x_shape)``.
        repaired: decodings of their responses, ``(w, *x_shape)``.
        threshold: distance beyond which a latent lies in a hole.
        hybrid: share of hybrids in holes, as it is, after one response, after drawing those again, and beside their
            real neighbours; or ``None``.
        prior: the same of prior samples, or ``None``.
        hybrid_gains: by how much one response, and drawing those in holes again, lower the share of hybrids.
        prior_gains: the same of prior samples, and last by how much hybrids are in holes less often, where
            there are any; or ``None``.
        nearby_gains: of the prior's samples, or of hybrids without a prior, beside their real neighbours.
        variant: how holes were found.
        nearby_variant: how beside real neighbours.
    """

    distance_posterior: Float[np.ndarray, " n"]
    distance_hybrid: Float[np.ndarray, " m"] | None
    distance_prior: Float[np.ndarray, " m"] | None
    hybrid_samples: Float[np.ndarray, "k *x_shape"] | None
    prior_samples: Float[np.ndarray, "k *x_shape"] | None
    worst: Float[np.ndarray, "w *x_shape"]
    repaired: Float[np.ndarray, "w *x_shape"]
    threshold: float
    hybrid: tuple[Estimate, Estimate, Estimate, Estimate] | None
    prior: tuple[Estimate, Estimate, Estimate, Estimate] | None
    hybrid_gains: tuple[Estimate, Estimate]
    prior_gains: tuple[Estimate, ...] | None
    nearby_gains: tuple[Estimate, ...]
    variant: str
    nearby_variant: str


def passes_needed(context: Context) -> int | None:
    """The fewest latents of every kind; without alive units there is no distance that counts.

    Hybrids of one variable are posterior samples, so that without a prior there is nothing to ask about.
    """
    applies = context.ledger.live and (context.model.prior or context.mixes)
    return _per_latent(context) * min(context.n, FEWEST_DRAWN) if applies else None


def _per_latent(context: Context) -> int:
    return PER_CODE + PER_KIND * (2 if context.model.prior else 1)


def measure(context: Context) -> HolesEvidence:
    """Draw samples of every kind, let them respond, and decode some."""
    generator, per_latent = context.generator("holes"), _per_latent(context)
    n = min(context.at_most(context.first), max(FEWEST_DRAWN, context.passes // per_latent))
    # The second time every distance is divided by that of the real codes beside it: restless data hide no hole then.
    holes, nearby = find_holes_beside(
        context.model,
        context.data,
        neighbours=(None, NEIGHBOURS),
        generator=generator,
        n=n,
        units=context.variables,
        active=context.active_latents,
        worst=PICTURES,
        batch_size=context.batch_size,
    )
    hybrids = hybrid(context.z, PICTURES, generator=generator, units=context.variables, pool=None)
    furthest = (holes.prior or holes.hybrid).worst
    samples = prior(context.model, PICTURES, generator=generator) if holes.prior else None
    return HolesEvidence(
        distance_posterior=holes.posterior_distance.numpy(),
        distance_hybrid=holes.hybrid.distance.numpy() if context.mixes else None,
        distance_prior=None if holes.prior is None else holes.prior.distance.numpy(),
        hybrid_samples=decode(context.model, hybrids).numpy() if context.mixes else None,
        prior_samples=None if samples is None else decode(context.model, samples).numpy(),
        worst=decode(context.model, furthest).numpy(),
        repaired=decode(context.model, respond(context.model, furthest)).numpy(),
        threshold=holes.threshold,
        hybrid=_shares(holes.hybrid, nearby.hybrid) if context.mixes else None,
        prior=_shares(holes.prior, nearby.prior) if holes.prior and nearby.prior else None,
        hybrid_gains=(holes.hybrid.repair_gain, holes.hybrid.redraw_gain),
        prior_gains=_prior_gains(holes, context),
        nearby_gains=_prior_gains(nearby, context) or (nearby.hybrid.repair_gain, nearby.hybrid.redraw_gain),
        variant=holes.variant,
        nearby_variant=nearby.variant,
    )


def _shares(found: HoleShare, nearby: HoleShare) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    return found.share, found.repaired, found.redrawn, nearby.share


def _prior_gains(found: Holes, context: Context) -> tuple[Estimate, ...] | None:
    if found.prior is None or found.hybrid_gain is None:
        return None
    gains = found.prior.repair_gain, found.prior.redraw_gain
    return (*gains, found.hybrid_gain) if context.mixes else gains


def judge(evidence: HolesEvidence, context: Context) -> Judgement:
    """Say which share of samples lies in holes, and what helps."""
    kinds = {"prior": evidence.prior, "hybrid": evidence.hybrid}
    measured = {kind: shares for kind, shares in kinds.items() if shares is not None}
    first = [score for kind, shares in measured.items() for score in _scores(kind, shares, evidence, context)[:3]]
    last = [_scores(kind, shares, evidence, context)[3] for kind, shares in measured.items()]
    scores = (*first, *last)
    return Judgement(scores, (_finding(evidence, {score.name: score for score in scores}),))


def _scores(kind: str, shares: tuple[Estimate, ...], evidence: HolesEvidence, context: Context) -> list[Score]:
    of = f"{kind.capitalize()} samples in holes"
    rows = (
        (
            f"holes.{kind}",
            of,
            f"share of {kind} samples with ‖R(z) − z‖ above that of 99 % of posterior samples; 1 % is as good as data; "
            + evidence.variant,
        ),
        (
            f"holes.{kind}.repaired",
            f"{of} after one response",
            "the samples are replaced by their responses and measured again at the same threshold",
        ),
        (
            f"holes.{kind}.redrawn",
            f"{of} after drawing those again",
            "samples in holes are replaced by new ones and measured again at the same threshold",
        ),
        (
            f"holes.{kind}.nearby",
            f"{of}, beside their real neighbours",
            f"as above, but every distance is divided by the mean distance of the {NEIGHBOURS} real latents nearest to "
            f"the response, so that restless data elsewhere hide no hole; {evidence.nearby_variant}",
        ),
    )
    return [
        Score.of(name, label, share, definition, n=share.n or context.n, seed=context.seed, unit="%")
        for (name, label, definition), share in zip(rows, shares, strict=True)
    ]


def _finding(evidence: HolesEvidence, scores: dict[str, Score]) -> Finding:
    """Grade the graver of both shares: of all samples beside one threshold, or beside their real neighbours."""
    kind = "prior" if evidence.prior else "hybrid"
    share, _, _, nearby = _of_samples(evidence)
    level = worst((grade(share, BOUNDS), grade(nearby, BOUNDS)))
    is_local = level != grade(share, BOUNDS)
    graded, gains = (nearby, evidence.nearby_gains) if is_local else (share, _gains(evidence))
    return Finding(
        "holes",
        _sentence(kind, scores, is_local=is_local),
        level,
        (f"holes.{kind}", f"holes.{kind}.nearby"),
        direction="above",
        estimate=graded,
        bounds=BOUNDS,
        remedy=_remedy(float(graded), gains) if level in GRAVE else None,
        settle=how_to_settle(graded, BOUNDS),
        brief=f"{scores[f'holes.{kind}.nearby' if is_local else f'holes.{kind}']} of {kind} samples fall in holes",
    )


def _of_samples(evidence: HolesEvidence) -> tuple[Estimate, ...]:
    """Shares of the prior's samples, or of hybrids without a prior."""
    shares = evidence.prior or evidence.hybrid
    if shares is None:
        raise InputError("holes were measured neither of prior samples nor of hybrids; measure one of them")
    return shares


def _gains(evidence: HolesEvidence) -> tuple[Estimate, ...]:
    return evidence.prior_gains or evidence.hybrid_gains


def _sentence(kind: str, scores: dict[str, Score], *, is_local: bool) -> str:
    share, nearby = scores[f"holes.{kind}"], scores[f"holes.{kind}.nearby"]
    hybrids = f" and {scores['holes.hybrid']} of hybrids" if {"holes.prior", "holes.hybrid"} <= set(scores) else ""
    if is_local:
        return (
            f"Beside their real neighbours, {nearby} of {kind} samples fall in holes (1 % would be as good as data); "
            f"beside the data as a whole, {share}{hybrids}."
        )
    return (
        f"{share} of {kind} samples{hybrids} fall in holes (1 % would be as good as data); measured beside their real "
        f"neighbours, {nearby} of {kind} samples do."
    )


def _remedy(share: float, gains: tuple[Estimate, ...]) -> str | None:
    """The ways out that surely help, and close half of the holes at least."""
    ways = ("respond once before decoding", "draw those in holes again", "sample hybrids instead")
    worth = [
        f"{way}, which leaves {100 * max(0.0, share - gain):.2g} %"
        for way, gain in zip(ways, gains, strict=False)
        if (gain.low or 0.0) > 0 and gain >= WORTH * share
    ]
    remedy = "; or ".join(worth)
    return f"{remedy[0].upper()}{remedy[1:]}." if remedy else None


def figures(evidence: HolesEvidence) -> Iterator[Picture]:
    """Yield distances, samples, and the worst beside their repairs."""
    distances = {
        "real data": evidence.distance_posterior,
        "prior": evidence.distance_prior,
        "hybrid": evidence.distance_hybrid,
    }
    yield Picture(
        "distances",
        "How far samples are from the latent manifold",
        "Distance between a latent and its response. Samples beyond the line move further than "
        "99 % of real data do: they lie in holes.",
        partial(plots.response_distances, present(distances), evidence.threshold),
    )
    yield Picture(
        "samples",
        "Samples",
        "Decodings of latents drawn from the prior and of hybrids, whose units come from different data.",
        partial(plots.strips, present({"prior": evidence.prior_samples, "hybrid": evidence.hybrid_samples})),
    )
    yield Picture(
        "worst",
        "The samples that move furthest",
        "Decodings of the samples of greatest response distance, the worst first, and below of their responses: "
        "what the repair makes of them.",
        partial(plots.strips, {"sample": evidence.worst, "response": evidence.repaired}),
    )


QUESTION = Question(
    key="holes",
    title="Holes",
    text="Which samples does the model itself not recognise?",
    evidence=HolesEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=4,
)
