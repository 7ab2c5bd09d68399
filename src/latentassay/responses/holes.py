"""Holes: latents that a sampler proposes and the model itself does not recognise."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.observations import as_observations
from latentassay.core.randomness import as_generator
from latentassay.core.units import Units
from latentassay.responses.response import respond
from latentassay.sampling import BATCH_SIZE, hybrid_blocks, posterior, prior
from latentassay.stats.crossed import effective_size
from latentassay.stats.exceedance import Share, Threshold, draw_threshold, paired_shares, share_above
from latentassay.stats.nearest import nearest

ROUNDING = 1e-4
"""Response distances below this share of the latents' spread are rounding and never count as holes."""


class HoleShare(NamedTuple):
    """What one sampler yields; arrays are torch tensors. Every interval holds the uncertainty of the threshold.

    Attributes:
        share: share of samples whose response distance exceeds the threshold.
        distance: response distance ‖R(z) − z‖ of every sample, ``(n,)``; relative to its neighbourhood if that was
            asked for.
        worst: the samples of greatest distance, worst first.
        repaired: share that still exceeds the threshold after every sample was replaced by its response.
        repair_gain: ``share − repaired``, of the same samples beside the same threshold.
        redrawn: share that still exceeds it after those in holes were drawn again, ``share^(steps + 1)``.
        redraw_gain: ``share − redrawn``.
    """

    share: Estimate
    distance: Float[Tensor, " n"]
    worst: Tensor
    repaired: Estimate
    repair_gain: Estimate
    redrawn: Estimate
    redraw_gain: Estimate


class Holes(NamedTuple):
    """Hole shares of prior and hybrid samples against real posterior samples.

    Attributes:
        threshold: the chosen quantile of the posterior samples' response distance.
        posterior_distance: response distance of every posterior sample, ``(m,)``.
        prior: what prior samples yield; ``None`` for a model without a prior.
        hybrid: what hybrid samples yield.
        hybrid_gain: the share of prior samples less that of hybrids, beside the same threshold; ``None`` without a
            prior.
        variant: quantile, compared latents, neighbourhood, hybrids and repair in words.
    """

    threshold: float
    posterior_distance: Float[Tensor, " m"]
    prior: HoleShare | None
    hybrid: HoleShare
    hybrid_gain: Estimate | None
    variant: str


def find_holes(
    model: Autoencoder,
    data: Any,
    *,
    generator: Generator | int = 0,
    n: int = 1024,
    quantile: float = 0.99,
    units: Units | Any = None,
    active: Sequence[int] | None = None,
    neighbours: int | None = None,
    steps: int = 1,
    worst: int = 16,
    batch_size: int = BATCH_SIZE,
) -> Holes:
    """Measure which share of prior and hybrid samples the model does not recognise: those that respond with far moves.

    A sample is in a hole if ``‖R(z) − z‖`` exceeds the 99 % quantile of that of posterior samples; a
    perfect sampler has a share of 1 %. The threshold is at least 1e-4 of the spread of the latents, so that a model
    that responds exactly is not judged by its rounding. Two repairs are measured at the same threshold: every
    sample is replaced by its response, ``steps`` times; or those in holes are drawn again, ``steps`` times, which
    leaves those that all draws put into holes. Hybrids are made of all posterior samples, in blocks that share none, so
    that the interval of their share holds what the choice of posterior samples does to it.

    Args:
        model: any autoencoder.
        data: real observations.
        generator: draws everything.
        n: samples of each kind; as many posterior samples, or one of each row if there are fewer rows.
        units: what a hybrid draws as one; scalars, channels, or places of a single channel where left out.
        active: latents whose response is compared; the causal ones make the test sharper, since a dead
            latent adds the same noise everywhere. All where left out.
        neighbours: divide every distance by the mean distance of the so many real latents nearest to the response, so
            that a class which always moves far neither counts as a hole nor hides one elsewhere.
        steps: how many responses, or new draws, a repair takes.
        worst: how many of the worst samples are kept.

    Raises:
        InputError: unusable data, a quantile outside (0, 1), an ``active`` latent out of range, fewer than two
            samples, or not fewer ``neighbours`` than samples.
    """
    (found,) = find_holes_beside(
        model,
        data,
        neighbours=(neighbours,),
        generator=generator,
        n=n,
        quantile=quantile,
        units=units,
        active=active,
        steps=steps,
        worst=worst,
        batch_size=batch_size,
    )
    return found


def find_holes_beside(
    model: Autoencoder,
    data: Any,
    *,
    neighbours: Sequence[int | None],
    generator: Generator | int = 0,
    n: int = 1024,
    quantile: float = 0.99,
    units: Units | Any = None,
    active: Sequence[int] | None = None,
    steps: int = 1,
    worst: int = 16,
    batch_size: int = BATCH_SIZE,
) -> tuple[Holes, ...]:
    """Measure the same as ``find_holes`` of one set of samples beside several neighbourhoods, at the cost of one.

    Args:
        model: any autoencoder.
        data: real observations.
        neighbours: of every measurement; ``None`` for plain distances.
        generator: draws everything.
        n: as in ``find_holes``, and so are all others.

    Raises:
        InputError: as ``find_holes``.
    """
    generator, observations = as_generator(generator), as_observations(data)
    stored = min(n, len(observations))
    for count in neighbours:
        _check(stored, quantile, count)
    z = posterior(model, observations, stored, generator=generator, batch_size=batch_size)
    d = z.flatten(1).shape[1]
    kept = list(range(d) if active is None else active)
    if not kept or not all(0 <= latent < d for latent in kept):
        raise InputError(f"active must name latents in 0..{d - 1}, got {active}")
    moves = _Moves(model, kept, batch_size)
    from_prior = moves.samples(prior(model, n, generator=generator), None, steps) if model.prior else None
    mixed = hybrid_blocks(z, n, generator=generator, units=units)
    from_hybrid = moves.samples(mixed.latents, mixed.block, steps)
    spread = float(z.flatten(1)[:, kept].double().std(0).norm())
    real = moves.of(z, ROUNDING * spread)
    words = f"distance over {'all' if active is None else 'causal'} latents (d = {len(kept)})"
    rest = (
        f"{100 * quantile:g} % quantile of {stored} posterior samples, {mixed.words}, repair by {steps} "
        f"response{'s' if steps > 1 else ''}"
    )
    found = []
    for count in neighbours:
        beside = f" relative to {count} real neighbours" if count else ""
        rule = _Rule(_Ruler(real, count), quantile, steps, worst, generator)
        found.append(rule.judge(from_prior, from_hybrid, f"{words}{beside}, {rest}"))
    return tuple(found)


class _Moved(NamedTuple):
    """Latents, where their responses lie among the latents that count, and how far that is."""

    latents: Tensor
    start: Float[Tensor, "n d"]
    end: Float[Tensor, "n d"]
    distance: Float[Tensor, " n"]


class _Samples(NamedTuple):
    """Samples, and what is left of them after a repair; ``block`` says which depend on each other."""

    drawn: _Moved
    repaired: _Moved
    block: Int[Tensor, " n"] | None


class _Moves:
    """Lets latents respond, and measures how far they move among the latents that count."""

    def __init__(self, model: Autoencoder, kept: list[int], batch_size: int):
        self._model, self._kept, self._batch_size = model, kept, batch_size

    def samples(self, latents: Tensor, block: Int[Tensor, " n"] | None, steps: int) -> _Samples:
        """Let samples respond, and what they are after ``steps`` responses."""
        response, drawn = self._respond(latents, 0.0)
        if steps > 1:
            response = respond(self._model, response, steps=steps - 1, batch_size=self._batch_size)
        return _Samples(drawn, self._respond(response, 0.0)[1], block)

    def of(self, latents: Tensor, floor: float) -> _Moved:
        """Let latents respond; shorter moves than ``floor`` count as that."""
        return self._respond(latents, floor)[1]

    def _respond(self, latents: Tensor, floor: float) -> tuple[Tensor, _Moved]:
        response = respond(self._model, latents, batch_size=self._batch_size)
        distance = (response - latents).flatten(1)[:, self._kept].norm(dim=1).clamp(min=floor)
        start, end = (of.flatten(1)[:, self._kept].double().cpu() for of in (latents, response))
        return response, _Moved(latents, start, end, distance)


class _Found(NamedTuple):
    """What one sampler yields, and its share with its draws."""

    holes: HoleShare
    share: Share


class _Rule(NamedTuple):
    """What counts as a hole, how long a repair goes on, and how many of the worst are kept; see ``find_holes``."""

    ruler: "_Ruler"
    quantile: float
    steps: int
    worst: int
    generator: Generator

    def judge(self, from_prior: _Samples | None, from_hybrid: _Samples, variant: str) -> Holes:
        """Draw the threshold, and measure which share of samples of each kind lies in holes."""
        threshold = draw_threshold(self.ruler.reference, quantile=self.quantile, generator=self.generator)
        of_prior = self._apply(threshold, from_prior) if from_prior else None
        of_hybrid = self._apply(threshold, from_hybrid)
        return Holes(
            threshold=threshold.value,
            posterior_distance=self.ruler.reference,
            prior=of_prior.holes if of_prior else None,
            hybrid=of_hybrid.holes,
            hybrid_gain=of_prior.share.minus(of_hybrid.share).estimate if of_prior else None,
            variant=variant,
        )

    def _apply(self, threshold: Threshold, samples: _Samples) -> _Found:
        """Measure which share of samples lies in holes, before and after both repairs."""
        distance, left = (self.ruler.measure(moved) for moved in (samples.drawn, samples.repaired))
        share, repaired = (self._share(threshold, moved, samples.block) for moved in (distance, left))
        changed = (distance > threshold.value).double() - (left > threshold.value).double()
        before, after = paired_shares(
            threshold, distance, left, generator=self.generator, effective=_effective(changed, samples.block)
        )
        holes = HoleShare(
            share=share.estimate,
            distance=distance,
            worst=samples.drawn.latents[distance.argsort(descending=True)[: self.worst]],
            repaired=repaired.estimate,
            repair_gain=before.minus(after).estimate,
            redrawn=share.drawn_again(self.steps),
            redraw_gain=share.drawing_gain(self.steps),
        )
        return _Found(holes, share)

    def _share(self, threshold: Threshold, distance: Float[Tensor, " n"], block: Int[Tensor, " n"] | None) -> Share:
        effective = _effective((distance > threshold.value).double(), block)
        return share_above(threshold, distance, generator=self.generator, effective=effective)


def _effective(values: Float[Tensor, " n"], block: Int[Tensor, " n"] | None) -> float | None:
    """How many independent samples they are worth, where blocks tell."""
    return None if block is None else effective_size(values, block)


def _check(n: int, quantile: float, neighbours: int | None) -> None:
    if not 0 < quantile < 1:
        raise InputError(f"quantile must lie between 0 and 1, got {quantile}")
    if n < 2:
        raise InputError(f"n must be at least 2 samples, of as many rows, got {n}")
    if neighbours is not None and not 0 < neighbours < n:
        raise InputError(f"neighbours must be between 1 and n - 1 = {n - 1}, got {neighbours}")


class _Ruler:
    """Measures how far latents move, beside how far real ones do.

    Attributes:
        reference: distances of the real ones, each beside its neighbours but itself.
    """

    def __init__(self, real: _Moved, neighbours: int | None):
        self._real, self._neighbours = real, neighbours
        self.reference = self._relative(real, torch.arange(len(real.distance))[:, None])

    def measure(self, moved: _Moved) -> Float[Tensor, " n"]:
        """Return how far latents have moved."""
        return self._relative(moved, None)

    def _relative(self, moved: _Moved, own: Tensor | None) -> Float[Tensor, " n"]:
        if self._neighbours is None:
            return moved.distance
        # One more than wanted, because a real latent's own distance must not excuse it.
        found = nearest(self._real.start, moved.end, self._neighbours + 1)
        near = self._real.distance[found].double()
        counted = torch.ones_like(near) if own is None else (found != own).double()
        return moved.distance / ((near * counted).sum(1) / counted.sum(1)).to(moved.distance)
