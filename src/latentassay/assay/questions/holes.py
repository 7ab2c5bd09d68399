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
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.responses import HoleShare, find_holes, respond
from latentassay.sampling import decode, hybrid, prior

PICTURES = 16
"""Samples that are shown of each kind."""

NEIGHBOURS = 20
"""Real latents beside which a distance is judged."""

PER_KIND = 4
"""Passes that every latent of a kind takes: its response, and the response of that, twice."""

PER_CODE = 3
"""Passes that every real code takes: the code, and its response twice."""

PROBLEM, WARNING = 0.2, 0.03
"""Shares of samples in holes beyond which, for sure, holes are a problem, and deserve a warning."""


@dataclass(frozen=True)
class HolesEvidence:
    """Distances between latents and their responses, and which share lies beyond that of 99 % of real data.

    Attributes:
        distance_posterior: of posterior samples, ``(n,)``.
        distance_hybrid: of hybrids, whose units come from different data, ``(m,)``.
        distance_prior: of prior samples, ``(m,)``; ``None`` without a prior.
        hybrid_samples: decodings of hybrids, ``(k, *x_shape)``.
        prior_samples: decodings of prior samples, ``(k, *x_shape)``, or ``None``.
        worst: decodings of the samples of greatest distance, ``(w, *x_shape)``.
        repaired: decodings of their responses, ``(w, *x_shape)``.
        threshold: distance beyond which a latent lies in a hole.
        hybrid: share of hybrids in holes, as it is, after one response, after drawing those again, and beside their
            real neighbours.
        prior: the same of prior samples, or ``None``.
        hybrid_gains: by how much one response, and drawing those in holes again, lower the share of hybrids.
        prior_gains: the same of prior samples, and last by how much hybrids are in holes less often; or ``None``.
        variant: how holes were found.
        nearby_variant: how beside real neighbours.
    """

    distance_posterior: Float[np.ndarray, " n"]
    distance_hybrid: Float[np.ndarray, " m"]
    distance_prior: Float[np.ndarray, " m"] | None
    hybrid_samples: Float[np.ndarray, "k *x_shape"]
    prior_samples: Float[np.ndarray, "k *x_shape"] | None
    worst: Float[np.ndarray, "w *x_shape"]
    repaired: Float[np.ndarray, "w *x_shape"]
    threshold: float
    hybrid: tuple[Estimate, Estimate, Estimate, Estimate]
    prior: tuple[Estimate, Estimate, Estimate, Estimate] | None
    hybrid_gains: tuple[Estimate, Estimate]
    prior_gains: tuple[Estimate, Estimate, Estimate] | None
    variant: str
    nearby_variant: str


def passes_needed(context: Context) -> int | None:
    """The fewest latents of every kind; without alive units there is no distance that counts."""
    return _per_latent(context) * min(context.n, FEWEST_DRAWN) if context.causal.dimension else None


def _per_latent(context: Context) -> int:
    return PER_CODE + PER_KIND * (2 if context.model.prior else 1)


def measure(context: Context) -> HolesEvidence:
    """Draw samples of every kind, let them respond, and decode some."""
    generator, n = context.generator("holes"), context.latents_at(_per_latent(context))
    # The second time every distance is divided by that of the real codes beside it: restless data hide no hole then.
    holes, nearby = (
        find_holes(
            context.model,
            context.data,
            generator=generator,
            n=n,
            units=context.matrix.units,
            neighbours=neighbours,
            active=context.active_latents,
            worst=PICTURES,
            batch_size=context.batch_size,
        )
        for neighbours in (None, NEIGHBOURS)
    )
    hybrids = hybrid(context.z, PICTURES, generator=generator, units=context.matrix.units, pool=None)
    worst = (holes.prior or holes.hybrid).worst
    samples = prior(context.model, PICTURES, generator=generator) if holes.prior else None
    return HolesEvidence(
        distance_posterior=holes.posterior_distance.numpy(),
        distance_hybrid=holes.hybrid.distance.numpy(),
        distance_prior=None if holes.prior is None else holes.prior.distance.numpy(),
        hybrid_samples=decode(context.model, hybrids).numpy(),
        prior_samples=None if samples is None else decode(context.model, samples).numpy(),
        worst=decode(context.model, worst).numpy(),
        repaired=decode(context.model, respond(context.model, worst)).numpy(),
        threshold=holes.threshold,
        hybrid=_shares(holes.hybrid, nearby.hybrid),
        prior=_shares(holes.prior, nearby.prior) if holes.prior and nearby.prior else None,
        hybrid_gains=(holes.hybrid.repair_gain, holes.hybrid.redraw_gain),
        prior_gains=None
        if holes.prior is None or holes.hybrid_gain is None
        else (holes.prior.repair_gain, holes.prior.redraw_gain, holes.hybrid_gain),
        variant=holes.variant,
        nearby_variant=nearby.variant,
    )


def _shares(found: HoleShare, nearby: HoleShare) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    return found.share, found.repaired, found.redrawn, nearby.share


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
    kind = "prior" if evidence.prior else "hybrid"
    share, nearby = scores[f"holes.{kind}"], scores[f"holes.{kind}.nearby"]
    low = max(share.low or 0.0, nearby.low or 0.0)
    level: Level = "problem" if low > PROBLEM else "warning" if low > WARNING else "good"
    brief = f"{share} of {kind} samples fall in holes"
    hybrids = f" and {scores['holes.hybrid']} of hybrids" if evidence.prior else ""
    sentence = f"{share} of {kind} samples{hybrids} fall in holes (1 % would be as good as data)"
    sentence += f"; measured beside their real neighbours, {nearby} of {kind} samples do."
    remedy = None if level == "good" else _remedy(kind, scores)
    return Finding("holes", sentence, level, (share.name,), remedy=remedy, brief=brief)


def _remedy(kind: str, scores: dict[str, Score]) -> str:
    """The ways out, those by drawing only where they halve the share."""
    share, hybrids = scores[f"holes.{kind}"].value, scores["holes.hybrid"]
    ways = [f"respond once before decoding, which leaves {scores[f'holes.{kind}.repaired']}"]
    if scores[f"holes.{kind}.redrawn"].value < share / 2:
        ways.append(f"draw those in holes again, which leaves {scores[f'holes.{kind}.redrawn']}")
    if kind == "prior" and hybrids.value < share / 2:
        ways.append(f"sample hybrids, of which {hybrids} fall in holes")
    remedy = "; or ".join(ways)
    return f"{remedy[0].upper()}{remedy[1:]}."


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
