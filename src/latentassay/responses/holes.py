"""Holes: latents that a sampler proposes and the model itself does not recognise."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.autoencoder import Autoencoder
from latentassay.errors import InputError
from latentassay.math.intervals import Interval, exceedance, wilson
from latentassay.responses.response import respond
from latentassay.sampling import BATCH_SIZE, hybrid, posterior, prior
from latentassay.units import Units

ROUNDING = 1e-4
"""Response distances below this share of the latents' spread are rounding and never count as holes."""


class HoleShare(NamedTuple):
    """What one sampler yields.

    Attributes:
        share: share of samples whose response distance exceeds the threshold.
        interval: its 95 % interval, the uncertainty of the threshold included.
        distance: response distance ‖R(z) − z‖ of every sample, ``(n,)``.
        worst: the samples of greatest distance, worst first.
        repaired: share that still exceeds the threshold after the repair.
        repaired_interval: its 95 % interval (Wilson, the threshold taken as known).
    """

    share: float
    interval: Interval
    distance: Float[Tensor, " n"]
    worst: Tensor
    repaired: float
    repaired_interval: Interval


class Holes(NamedTuple):
    """Hole shares of prior and hybrid samples against real posterior samples.

    Attributes:
        threshold: the chosen quantile of the posterior samples' response distance.
        posterior_distance: response distance of every posterior sample, ``(n,)``.
        prior: what prior samples yield; ``None`` for a model without a prior.
        hybrid: what hybrid samples yield.
        variant: quantile, compared latents and repair in words.
    """

    threshold: float
    posterior_distance: Float[Tensor, " n"]
    prior: HoleShare | None
    hybrid: HoleShare
    variant: str


def find_holes(
    model: Autoencoder,
    data: Any,
    *,
    generator: Generator,
    n: int = 1024,
    quantile: float = 0.99,
    units: Units | Any = None,
    active: Sequence[int] | None = None,
    steps: int = 1,
    worst: int = 16,
    batch_size: int = BATCH_SIZE,
) -> Holes:
    """Measure which share of prior and hybrid samples falls where real data never leads.

    A sample is in a hole if ``‖R(z) − z‖`` exceeds the 99 % quantile of that of posterior samples; a
    perfect sampler has a share of 1 %. The threshold is at least 1e-4 of the spread of the latents, so that a model
    that responds exactly is not judged by its rounding. Repair replaces z by its response, ``steps`` times, and
    measures again.

    Args:
        model: any autoencoder.
        data: real observations.
        generator: draws everything.
        n: samples of each kind.
        units: what a hybrid draws as one; scalars or channels where left out.
        active: latents whose response is compared; the causal ones make the test sharper, since a dead
            latent adds the same noise everywhere. All where left out.
        steps: how many responses a repair takes.
        worst: how many of the worst samples are kept.

    Raises:
        InputError: unusable data, a quantile outside (0, 1), or an ``active`` latent out of range.
    """
    if not 0 < quantile < 1:
        raise InputError(f"quantile must lie between 0 and 1, got {quantile}")
    z = posterior(model, data, n, generator=generator, batch_size=batch_size)
    kept = list(range(z.flatten(1).shape[1]) if active is None else active)
    if not kept or not all(0 <= latent < z.flatten(1).shape[1] for latent in kept):
        raise InputError(f"active must name latents in 0..{z.flatten(1).shape[1] - 1}, got {active}")

    def measured(latents: Tensor) -> tuple[Tensor, Tensor]:
        response = respond(model, latents, batch_size=batch_size)
        return response, (response - latents).flatten(1)[:, kept].norm(dim=1)

    _, reference = measured(z)
    floor = ROUNDING * float(z.flatten(1)[:, kept].double().std(0).norm())
    reference = reference.clamp(min=floor)

    def share_of(latents: Tensor) -> HoleShare:
        response, distance = measured(latents)
        found = exceedance(reference, distance, quantile=quantile, generator=generator)
        repaired = response if steps == 1 else respond(model, response, steps=steps - 1, batch_size=batch_size)
        left = int((measured(repaired)[1] > found.threshold).sum())
        order = distance.argsort(descending=True)[:worst]
        interval = Interval(found.low, found.high)
        return HoleShare(found.share, interval, distance, latents[order], left / n, wilson(left, n))

    from_prior = share_of(prior(model, n, generator=generator)) if model.prior else None
    from_hybrid = share_of(hybrid(z, n, generator=generator, units=units))
    variant = (
        f"distance over {'all' if active is None else 'causal'} latents (d = {len(kept)}), "
        f"{100 * quantile:g} % quantile of {n} posterior samples, repair by {steps} response{'s' if steps > 1 else ''}"
    )
    threshold = float(torch.quantile(reference.double(), quantile))
    return Holes(threshold, reference, from_prior, from_hybrid, variant)
