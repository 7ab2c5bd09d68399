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
    generator, observations = as_generator(generator), as_observations(data)
    stored = min(n, len(observations))
    _check(stored, quantile, neighbours)
    z = posterior(model, observations, stored, generator=generator, batch_size=batch_size)
    d = z.flatten(1).shape[1]
    kept = list(range(d) if active is None else active)
    if not kept or not all(0 <= latent < d for latent in kept):
        raise InputError(f"active must name latents in 0..{d - 1}, got {active}")
    ruler = _Ruler(model, z, kept, neighbours, batch_size)
    threshold = draw_threshold(ruler.reference, quantile=quantile, generator=generator)
    rule = _Rule(ruler, threshold, steps, worst, generator)
    from_prior = rule.apply(prior(model, n, generator=generator), None) if model.prior else None
    mixed = hybrid_blocks(z, n, generator=generator, units=units)
    from_hybrid = rule.apply(mixed.latents, mixed.block)
    variant = (
        f"distance over {'all' if active is None else 'causal'} latents (d = {len(kept)})"
        f"{f' relative to {neighbours} real neighbours' if neighbours else ''}, {100 * quantile:g} % quantile of "
        f"{stored} posterior samples, {mixed.words}, repair by {steps} response{'s' if steps > 1 else ''}"
    )
    return Holes(
        threshold=threshold.value,
        posterior_distance=ruler.reference,
        prior=from_prior.holes if from_prior else None,
        hybrid=from_hybrid.holes,
        hybrid_gain=from_prior.share.minus(from_hybrid.share).estimate if from_prior else None,
        variant=variant,
    )


class _Found(NamedTuple):
    """What one sampler yields, and its share with its draws."""

    holes: HoleShare
    share: Share


class _Rule(NamedTuple):
    """What counts as a hole, how long a repair goes on, and how many of the worst are kept; see ``find_holes``."""

    ruler: "_Ruler"
    threshold: Threshold
    steps: int
    worst: int
    generator: Generator

    def apply(self, latents: Tensor, block: Int[Tensor, " n"] | None) -> _Found:
        """Measure which share of samples lies in holes, before and after both repairs."""
        response, distance = self.ruler.measure(latents)
        left = self.ruler.measure(self.ruler.respond(response, self.steps - 1))[1]
        share, repaired = (self._share(moved, block) for moved in (distance, left))
        changed = (distance > self.threshold.value).double() - (left > self.threshold.value).double()
        before, after = paired_shares(
            self.threshold, distance, left, generator=self.generator, effective=_effective(changed, block)
        )
        holes = HoleShare(
            share=share.estimate,
            distance=distance,
            worst=latents[distance.argsort(descending=True)[: self.worst]],
            repaired=repaired.estimate,
            repair_gain=before.minus(after).estimate,
            redrawn=share.drawn_again(self.steps),
            redraw_gain=share.drawing_gain(self.steps),
        )
        return _Found(holes, share)

    def _share(self, distance: Float[Tensor, " n"], block: Int[Tensor, " n"] | None) -> Share:
        effective = _effective((distance > self.threshold.value).double(), block)
        return share_above(self.threshold, distance, generator=self.generator, effective=effective)


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
    """Measures how far latents move, beside how far real ones do."""

    def __init__(self, model: Autoencoder, z: Tensor, kept: list[int], neighbours: int | None, batch_size: int):
        self._model, self._kept, self._batch_size = model, kept, batch_size
        spread = float(z.flatten(1)[:, kept].double().std(0).norm())
        response, self._moved = self._moves(z, ROUNDING * spread)
        self._neighbours = neighbours
        self._real = self._points(z)
        own = torch.arange(len(z))[:, None]
        self.reference = self._relative(response, self._moved, own)

    def measure(self, latents: Tensor) -> tuple[Tensor, Float[Tensor, " n"]]:
        """Responses, and how far they are from their latents."""
        response, moved = self._moves(latents, 0.0)
        return response, self._relative(response, moved, None)

    def respond(self, latents: Tensor, steps: int) -> Tensor:
        """Responses after so many steps; the latents themselves after none."""
        return latents if not steps else respond(self._model, latents, steps=steps, batch_size=self._batch_size)

    def _points(self, latents: Tensor) -> Float[Tensor, "n d"]:
        return latents.flatten(1)[:, self._kept].double().cpu()

    def _moves(self, latents: Tensor, floor: float) -> tuple[Tensor, Tensor]:
        response = respond(self._model, latents, batch_size=self._batch_size)
        return response, (response - latents).flatten(1)[:, self._kept].norm(dim=1).clamp(min=floor)

    def _relative(self, response: Tensor, moved: Tensor, own: Tensor | None) -> Tensor:
        if self._neighbours is None:
            return moved
        # One more than wanted, because a real latent's own distance must not excuse it.
        found = nearest(self._real, self._points(response), self._neighbours + 1)
        near = self._moved[found].double()
        counted = torch.ones_like(near) if own is None else (found != own).double()
        return moved / ((near * counted).sum(1) / counted.sum(1)).to(moved)
