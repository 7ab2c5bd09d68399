"""Do the causes of a model with an explicit causal block follow interventions, and which listen to which (IC 2.2)?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.families import FamilyVerdict, add_doubtful, judge_family
from latentassay.assay.interventions import LEAST_PASSES, affordable, base_latents
from latentassay.assay.maps import present
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.core.autoencoder import HasCauses, eval_mode
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Picture, Score
from latentassay.core.levels import GRAVE, Bounds, Level, grade, worst
from latentassay.responses import equivariance
from latentassay.sampling import decode

OPEN = 0.5
"""An edge is there if its mask is at least this."""

SHOWN = 7
"""Double interventions are shown for so many units: more make small pictures."""

FOLLOWING = Bounds(
    null=1.0,
    negligible=0.95,
    serious=0.85,
    reason="share of the changes, squared, that the graph foretells on average: a twentieth is not seen",
)
"""Equivariance of all pairs together."""

PAIRS = FOLLOWING._replace(serious=0.75, reason="share of a change, squared, that the graph foretells for one pair")
"""Equivariance of one noise and one cause."""

TRAIN = "Train with objectives.Equivariance, so that the graph holds off the data."

ALIVE = "answer to a change of themselves (1/8 of it or more, squared)"


@dataclass(frozen=True)
class CausesEvidence:
    """Equivariance of the causes, the masks between them, and double interventions on noises and on causes.

    Attributes:
        equivariance: row = noise that is set, column = cause, ``(u, u)``: 1 if the cause follows as the graph says.
        equivariance_stderr: its standard error.
        answering: which units answer to a change of themselves, ``(u,)``.
        adjacency: how open the way from every parent (row) to every child is, ``(u, u)`` in [0, 1].
        samples: decodings of three samples, ``(3, *x_shape)``; ``None`` where observations are no pictures.
        on_noises: the first with unit i of the second and unit j of the third, as noises, ``(k, k, *x_shape)``.
        on_causes: the same as causes, which no longer hear their parents.
        shown: units of the double interventions.
        score: mean over noises and causes that answer; ``None`` where none does.
        n: number of latents.
        variant: how equivariance was measured.
    """

    equivariance: Float[np.ndarray, "u u"]
    equivariance_stderr: Float[np.ndarray, "u u"]
    answering: Bool[np.ndarray, " u"]
    adjacency: Float[np.ndarray, "u u"]
    samples: Float[np.ndarray, "three *x_shape"] | None
    on_noises: Float[np.ndarray, "k k *x_shape"] | None
    on_causes: Float[np.ndarray, "k k *x_shape"] | None
    shown: tuple[int, ...]
    score: Estimate | None
    n: int
    variant: str


def passes_needed(context: Context) -> int | None:
    """The fewest interventions, each made twice; most models have no causal block."""
    applies = isinstance(context.model, HasCauses) and context.ledger.live
    return 2 * LEAST_PASSES if applies else None


def measure(context: Context) -> CausesEvidence:
    """Set noises before and after responding, and read the masks."""
    model = cast(HasCauses, context.model)
    _, values = affordable(context)
    found = equivariance(
        context.model,
        base_latents(context, int(context.model.latent_shape[0]) * values),
        values=values,
        generator=context.generator("equivariance"),
        batch_size=context.batch_size,
    )
    with eval_mode(model):
        masks = model.adjacency().detach().cpu().double()
    shown = _strongest_noises(context, int(context.model.latent_shape[0]))
    samples, on_noises, on_causes = _doubles(context, model, shown)
    return CausesEvidence(
        equivariance=found.matrix.numpy(),
        equivariance_stderr=found.matrix_stderr.numpy(),
        answering=~np.array(found.mask),
        adjacency=masks.numpy(),
        samples=samples,
        on_noises=on_noises,
        on_causes=on_causes,
        shown=tuple(shown),
        score=found.score,
        n=found.n,
        variant=found.variant,
    )


def _strongest_noises(context: Context, units: int) -> list[int]:
    """The units that respond most to themselves, or the first ones if others were asked about than the block has."""
    ledger = context.ledger
    return ledger.strongest(range(units), SHOWN) if len(ledger.entries) == units else list(range(min(units, SHOWN)))


Pictures = tuple[np.ndarray, np.ndarray, np.ndarray] | tuple[None, None, None]


def _doubles(context: Context, model: HasCauses, units: list[int]) -> Pictures:
    """Three real samples, and hybrids of the first with each pair of units from the other two, as noises and causes."""
    if len(context.data.x_shape) != 3:
        return None, None, None
    z = context.sample(3, "doubles")
    n = len(units)
    base, first, second = z
    noises = base.repeat(n, n, 1)
    for i, unit in enumerate(units):
        noises[:, i, unit] = second[unit]
    for i, unit in enumerate(units):
        noises[i, :, unit] = first[unit]
    samples = decode(context.model, z)
    on_noises = decode(context.model, noises.flatten(0, 1), batch_size=context.batch_size)
    on_causes = _on_causes(model, z, units)
    shape = (n, n, *on_noises.shape[1:])
    return samples.numpy(), on_noises.reshape(shape).numpy(), on_causes.reshape(shape).numpy()


def _on_causes(model: HasCauses, z: Tensor, units: list[int]) -> Tensor:
    """The same, but parents no longer matter to a cause that is set; its children still listen to it."""
    decoded = []
    with eval_mode(model) as (device, dtype):
        z = z.to(device, dtype)
        first, second = (model.causes(sample[None]) for sample in z[1:])
        for i in units:
            for j in units:
                causes = {j: second[:, j], i: first[:, i]}
                decoded.append(model.decode_causes(model.causes(z[:1], causes)))
    return torch.cat(decoded).cpu()


def judge(evidence: CausesEvidence, context: Context) -> Judgement:
    """Say whether causes follow, and how many edges are closed."""
    scores, findings = [], []
    if evidence.score is not None:
        scores.append(_equivariance_score(evidence, evidence.score, context))
        findings.append(_equivariance_finding(evidence, scores[-1], context))
    possible = evidence.adjacency[np.triu_indices(len(evidence.adjacency), 1)]
    if len(possible):  # one unit leaves no edge possible
        scores.append(_sparsity_score(possible, context))
        sentence = f"{scores[-1]} of the {scores[-1].n} possible edges between causes are closed."
        findings.append(Finding("consistency.sparsity", sentence, "note", (scores[-1].name,)))
    return Judgement(tuple(scores), tuple(findings))


def _equivariance_score(evidence: CausesEvidence, estimate: Estimate, context: Context) -> Score:
    return Score.of(
        "consistency.equivariance",
        "Equivariance of the causes",
        estimate,
        f"IC 2.1, mean over noises m and causes i that {ALIVE} of 1 − E‖Δ_i‖² / U_m, Δ between the causes of "
        f"the response to an intervened noise and those of the intervened response; {evidence.variant}",
        n=evidence.n,
        seed=context.seed,
        unit="%",
    )


def _sparsity_score(possible: np.ndarray, context: Context) -> Score:
    """Share of closed edges; it is known, not estimated."""
    return Score(
        "consistency.sparsity",
        "Closed edges between causes",
        float((possible < OPEN).mean()),
        f"share of the {len(possible)} possible edges (parent before child) whose mask is below {OPEN}; IC table 1 "
        "counts the open ones over all places of the matrix",
        n=len(possible),
        seed=context.seed,
        unit="%",
    )


def _equivariance_finding(evidence: CausesEvidence, score: Score, context: Context) -> Finding:
    """Say how well causes follow, and which pair does least."""
    entries = [(int(m), int(i)) for m, i in np.argwhere(np.outer(evidence.answering, evidence.answering))]
    pairs = [_pair_estimate(evidence, m, i) for m, i in entries]
    family = judge_family(pairs, PAIRS)
    estimate, bounds, level = _worse(score.estimate, family)
    least = min(range(len(pairs)), key=lambda k: float(pairs[k]))
    finding = Finding(
        "consistency.equivariance",
        f"Causes follow an intervention on a noise as their graph says at {score} (equivariance); the worst pair, "
        f"cause {entries[least][1]} after a change of noise {entries[least][0]}, at {family.estimate.scaled(100)} %.",
        level,
        (score.name,),
        subjects=tuple(_pair_name(*entries[k]) for k in family.named),
        direction="below",
        estimate=estimate,
        bounds=bounds,
        remedy=TRAIN if level in ("note", *GRAVE) and context.is_trainable else None,
        settle=how_to_settle(estimate, bounds),
    )
    return add_doubtful(finding, [_pair_name(*entries[k]) for k in family.doubtful])


def _worse(mean: Estimate, family: FamilyVerdict) -> tuple[Estimate, Bounds, Level]:
    """What the level follows from: the worst pair where that is graver or both are unsure, and else the mean."""
    level = grade(mean, FOLLOWING)
    if family.named or worst([level, family.level]) != level or level == family.level == "unsure":
        return family.estimate, PAIRS, family.level
    return mean, FOLLOWING, level


def _pair_estimate(evidence: CausesEvidence, m: int, i: int) -> Estimate:
    return Estimate(evidence.equivariance[m, i], stderr=evidence.equivariance_stderr[m, i], n=evidence.n)


def _pair_name(m: int, i: int) -> str:
    """A noise and the cause that does not follow it; a unit alone where they are its own."""
    return str(m) if m == i else f"{m}>{i}"


def figures(evidence: CausesEvidence) -> Iterator[Picture]:
    """Yield the masks, equivariance, and double interventions on pictures."""
    units = [str(unit) for unit in range(len(evidence.adjacency))]
    if len(units) > 1:
        yield Picture(
            "adjacency",
            "Which cause listens to which",
            "The masks of the causal block: 1 lets the parent through to the child, 0 keeps it out. Blank places "
            "cannot be edges, since a cause only hears those before it.",
            partial(plots.adjacency, evidence.adjacency, units),
        )
    yield Picture(
        "equivariance",
        "Do causes follow an intervention",
        "Each row sets one noise before or after responding, and shows how far the causes agree: 1 everywhere means "
        "that the graph tells truly what an intervention does.",
        partial(plots.equivariance_matrix, evidence.equivariance, units),
    )
    if evidence.samples is not None:
        base, first, second = evidence.samples
        yield Picture(
            "doubles",
            "Two units from two samples",
            "In row i and column j, unit i of the base comes from the first sample and unit j from the second; on the "
            "diagonal only the first has a say. An intervention on a cause cuts it off from its parents, so its "
            "hybrids may look less like any sample than those on noises.",
            partial(
                plots.double_intervention,
                base,
                first,
                second,
                present({"on the noises N": evidence.on_noises, "on the causes Z": evidence.on_causes}),
                [str(unit) for unit in evidence.shown],
            ),
        )


QUESTION = Question(
    key="consistency.causes",
    title="Causes",
    text="Do causes follow an intervention, and which listen to which?",
    evidence=CausesEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1.5,
)
