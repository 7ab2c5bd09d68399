"""Questions about the manifold: where responses flow, how structured it is, where the holes are."""

import torch
from torch import Tensor

from latentassay.assay.context import COARSEST, FEWEST_DRAWN, Context
from latentassay.core.findings import Finding, Level, Score, Section
from latentassay.responses import (
    HoleShare,
    ResponseField,
    divergence,
    find_holes,
    mean_curvature,
    respond,
    response_field,
    structure_score,
)
from latentassay.responses.field import grid_latents
from latentassay.sampling import decode, hybrid, prior
from latentassay.stats.intervals import wilson

PICTURES = 16
MAP = 12
NEIGHBOURS = 20
"""Real latents beside which a distance is judged."""
NEGLIGIBLE = 1e-6
"""A structure score below this is rounding."""
STILL = 1e-4
"""A response field shorter than this share of the plane's extent is rounding."""


PER_STRUCTURE, PER_KIND, PER_CODE = 2, 6, 3
"""Passes that every latent drawn takes: responses of two samples; of a sample and both its repairs, twice, for every
kind; and its code and response, twice."""


def field_least(context: Context) -> int | None:
    """Passes that the field takes at least; half of one for every picture of its map."""
    return COARSEST**2 + MAP**2 // 2 if context.plane else None


def structure_least(context: Context) -> int:
    """Passes that structure scores take at least."""
    return PER_STRUCTURE * min(context.n, FEWEST_DRAWN)


def holes_least(context: Context) -> int:
    """Passes that holes take at least."""
    return _per_hole(context) * min(context.n, FEWEST_DRAWN)


def _per_hole(context: Context) -> int:
    return PER_CODE + PER_KIND * (2 if context.model.prior else 1)


def ask_field(context: Context) -> Section | None:
    """Where do responses flow on the plane of one variable, or of the two most responsive units?"""
    if context.plane is None:
        return None
    first, second = context.plane
    plane, base = context.z[:, [first, second]].double(), context.centre
    extent = [[float(c.mean() - 3 * c.std()), float(c.mean() + 3 * c.std())] for c in plane.T]
    field = response_field(
        context.model,
        (first, second),
        base=base,
        n=context.side(1 + MAP**2 / COARSEST**2),
        extent=extent,
        batch_size=context.batch_size,
    )
    flow = divergence(field)
    score, finding = _converging(context, field, flow, plane)
    arrays = {
        "xs": field.xs.numpy(),
        "ys": field.ys.numpy(),
        "vectors": field.vectors.numpy(),
        "divergence": flow.numpy(),
        "curvature": mean_curvature(field).numpy(),
        "posterior": plane.numpy(),
        "reconstructions": _map(context, base, field).numpy(),
    }
    return Section(
        "field",
        "Response field",
        "Where do responses flow?",
        (score,),
        (finding,),
        arrays,
        {"labels": [str(first), str(second)]},
    )


def _converging(context: Context, field: ResponseField, flow: Tensor, plane: Tensor) -> tuple[Score, Finding]:
    """Share of the posterior where the field converges; a field that stands still is no fault."""
    first, second = field.latents
    inside, n = _lookup(field, flow, plane) < 0, len(plane)
    share = float(inside.double().mean())
    interval = wilson(int(inside.sum()), n)
    score = Score(
        "field.converging",
        "Posterior samples where responses converge",
        share,
        f"share of posterior samples with ∇·(R(z) − z) < 0 on the plane of latents {first} and {second}, the others "
        f"at the real code nearest to the mean; central differences, {len(field.xs)}×{len(field.ys)} points over "
        "mean ± 3 σ; Wilson interval",
        n,
        context.seed,
        *interval,
        unit="%",
    )
    if float(field.vectors.norm(dim=-1).max()) < STILL * float(field.xs[-1] - field.xs[0]):
        sentence = (
            f"On the plane of units {first} and {second} responses stay where they are: the coders invert each other."
        )
        return score, Finding("field", sentence, "good", (score.name,))
    level: Level = "good" if share >= 0.9 else "note" if share >= 0.6 else "warning"
    sentence = f"On the plane of units {first} and {second}, {score} of the posterior lies where responses converge."
    remedy = None if level == "good" else "The decoder is unsure between clusters; interpolate around, not across."
    return score, Finding("field", sentence, level, (score.name,), remedy)


def _lookup(field: ResponseField, values: Tensor, points: Tensor) -> Tensor:
    """Value of the nearest grid point; points outside the grid take the border's."""
    dx, dy = field.spacing
    column = ((points[:, 0] - field.xs[0]) / dx).round().long().clamp(0, len(field.xs) - 1)
    row = ((points[:, 1] - field.ys[0]) / dy).round().long().clamp(0, len(field.ys) - 1)
    return values[row, column]


def _map(context: Context, base: Tensor, field: ResponseField) -> Tensor:
    axes = [torch.linspace(float(axis[0]), float(axis[-1]), MAP) for axis in (field.xs, field.ys)]
    images = decode(context.model, grid_latents(base, field.latents, *axes), batch_size=context.batch_size)
    return images.reshape(MAP, MAP, *images.shape[1:])


def ask_structure(context: Context) -> Section:
    """How far is what the model recognises from what it samples?"""
    g, n = context.generator("structure"), context.drawn(PER_STRUCTURE)
    base = None if context.model.prior else hybrid(context.z, n, generator=g, units=context.matrix.units)
    scores, findings = [], []
    for name, label, active in (
        ("structure.score", "Structure score", None),
        ("structure.causal", "Causal structure score", context.active_latents),
    ):
        found = structure_score(
            context.model, generator=g, n=n, base=base, active=active, batch_size=context.batch_size
        )
        definition = f"LR equation 8: {found.variant}; p = {found.p_value:.3g} for no difference (permutation)"
        scores.append(Score(name, label, found.score, definition, found.n, context.seed, found.low, found.high))
    differs = found.p_value < 0.01 and found.high > NEGLIGIBLE
    origin = "prior" if context.model.prior else "hybrid"
    sentence = (
        f"Responses to {origin} samples {'differ from' if differs else 'cannot be told from'} the samples themselves: "
        f"causal structure score {1000 * found.score:.2f} ± {1960 * found.stderr:.2f} (× 1000)."
    )
    level: Level = "note" if differs else "good"
    remedy = f"The share of {origin} samples in holes says what that costs." if differs else None
    findings.append(Finding("structure", sentence, level, ("structure.causal",), remedy))
    return Section(
        "structure",
        "Structure score",
        "How far are responses from the distribution that is sampled?",
        tuple(scores),
        tuple(findings),
    )


def ask_holes(context: Context) -> Section:
    """Which share of samples falls into holes?"""
    g, n = context.generator("holes"), context.drawn(_per_hole(context))
    holes, nearby = (
        find_holes(
            context.model,
            context.data,
            generator=g,
            n=n,
            units=context.matrix.units,
            neighbours=k,
            active=context.active_latents,
            worst=PICTURES,
            batch_size=context.batch_size,
        )
        for k in (None, NEIGHBOURS)
    )
    kinds = {"prior": holes.prior, "hybrid": holes.hybrid}
    scores = [
        score for kind, found in kinds.items() if found for score in _hole_scores(context, kind, found, holes.variant)
    ]
    scores += [
        _nearby_score(context, kind, found, nearby.variant)
        for kind, found in (("prior", nearby.prior), ("hybrid", nearby.hybrid))
        if found
    ]
    drawn = hybrid(context.z, PICTURES, generator=g, units=context.matrix.units)
    main = holes.prior or holes.hybrid
    arrays = {"distance_posterior": holes.posterior_distance, "distance_hybrid": holes.hybrid.distance}
    pictures = {"hybrid_samples": drawn, "worst": main.worst, "repaired": respond(context.model, main.worst)}
    if holes.prior:
        arrays["distance_prior"] = holes.prior.distance
        pictures["prior_samples"] = prior(context.model, PICTURES, generator=g)
    arrays |= {name: decode(context.model, z) for name, z in pictures.items()}
    return Section(
        "holes",
        "Holes",
        "Which samples does the model itself not recognise?",
        tuple(scores),
        (_holes_finding(holes.prior, holes.hybrid, scores),),
        {name: a.numpy() for name, a in arrays.items()},
        {"threshold": holes.threshold},
    )


def _hole_scores(context: Context, kind: str, found: HoleShare, variant: str) -> tuple[Score, ...]:
    rule = f"share of {kind} samples with ‖R(z) − z‖ above that of 99 % of posterior samples; 1 % is as good as data; "
    return (
        Score(
            f"holes.{kind}",
            f"{kind.capitalize()} samples in holes",
            found.share,
            rule + variant,
            len(found.distance),
            context.seed,
            *found.interval,
            unit="%",
        ),
        Score(
            f"holes.{kind}.repaired",
            f"{kind.capitalize()} samples in holes after one response",
            found.repaired,
            "the samples are replaced by their responses and measured again at the same threshold (Wilson interval)",
            len(found.distance),
            context.seed,
            *found.repaired_interval,
            unit="%",
        ),
        Score(
            f"holes.{kind}.redrawn",
            f"{kind.capitalize()} samples in holes after drawing those again",
            found.redrawn,
            "samples in holes are replaced by new ones and measured again at the same threshold (Wilson interval)",
            len(found.distance),
            context.seed,
            *found.redrawn_interval,
            unit="%",
        ),
    )


def _nearby_score(context: Context, kind: str, found: HoleShare, variant: str) -> Score:
    return Score(
        f"holes.{kind}.nearby",
        f"{kind.capitalize()} samples in holes, beside their real neighbours",
        found.share,
        f"as above, but every distance is divided by the mean distance of the {NEIGHBOURS} real latents nearest to the "
        f"response, so that restless data elsewhere hide no hole; {variant}",
        len(found.distance),
        context.seed,
        *found.interval,
        unit="%",
    )


def _holes_finding(from_prior: HoleShare | None, from_hybrid: HoleShare, scores: list[Score]) -> Finding:
    main, kind = (from_prior, "prior") if from_prior else (from_hybrid, "hybrid")
    nearby = next(score for score in scores if score.name == f"holes.{kind}.nearby")
    low = max(main.interval.low, nearby.low or 0.0)
    level: Level = "problem" if low > 0.2 else "warning" if low > 0.03 else "good"
    shares = {score.name: str(score) for score in scores}
    brief = f"{shares[f'holes.{kind}']} of {kind} samples fall in holes"
    hybrids = f" and {shares['holes.hybrid']} of hybrids" if from_prior else ""
    sentence = f"{shares[f'holes.{kind}']} of {kind} samples{hybrids} fall in holes (1 % would be as good as data)"
    sentence += f"; measured beside their real neighbours, {nearby} of {kind} samples do."
    if level == "good":
        return Finding("holes", sentence, level, (f"holes.{kind}",), brief=brief)
    ways = [f"respond once before decoding, which leaves {shares[f'holes.{kind}.repaired']}"]
    if main.redrawn < main.share / 2:
        ways.append(f"draw those in holes again, which leaves {shares[f'holes.{kind}.redrawn']}")
    if from_prior and from_hybrid.share < from_prior.share / 2:
        ways.append(f"sample hybrids, of which {shares['holes.hybrid']} fall in holes")
    remedy = "; or ".join(ways)
    return Finding("holes", sentence, level, (f"holes.{kind}",), f"{remedy[0].upper()}{remedy[1:]}.", brief)
