"""Hierarchy: are early variables the ones whose effect is nonlinear and depends on the others? (SA 4.1)."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.arrays import in_kind_of
from latentassay.core.autoencoder import Decoder, eval_mode, latent_shape_of
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.observations import finite
from latentassay.core.progress import bar
from latentassay.core.randomness import as_generator
from latentassay.core.units import Units, as_units
from latentassay.responses.exchange import FOLDS, Exchanges
from latentassay.responses.response import prepare_decodings
from latentassay.sampling import BATCH_SIZE, as_latents
from latentassay.stats.order import Order, falling
from latentassay.stats.ratios import Ratio

FEWEST = 4 * FOLDS
"""Fewest latents: two pairs in every part."""


class Hierarchy(NamedTuple):
    """What exchanging each of u variables changes, and whether that is ordered; arrays of the kind that z was.

    Changes are split by their squared size: ``1 = linear + (context_free − linear) + (1 − context_free)``, the second
    being what bends with the variable's own value, and the third what depends on the other variables.

    Attributes:
        score: minus the rank correlation of ``1 − linear`` with the place of a variable among the active ones: 1 if
            each variable is less linear than all after it, 0 if order tells nothing, −1 if it is turned around. Its
            interval holds errors of measurement alone. ``None`` for fewer than three active variables, or if all are
            alike to a thousandth.
        p_value: share of all orders of these variables with so great a score, one-sided; ``None`` likewise.
        context: the same of ``1 − context_free``.
        extent: the same of ``places``.
        linear: share of the change that is a linear function of the change of the variable and of nothing else,
            R² on pairs that the function has not seen, ``(u,)``; NaN for dead variables.
        linear_stderr: its standard error.
        context_free: share of the change that is the same where the others differ, ``(u,)``; NaN for dead variables.
        context_free_stderr: its standard error.
        places: share of the places of an observation (pixels) that a change reaches: the participation ratio
            ``(Σ e)²/(places · Σ e²)`` of its squared size e at each, a mean weighted by squared size, ``(u,)``.
        places_stderr: its standard error.
        size: root mean squared change, relative to that of exchanging all variables at once, ``(u,)``.
        size_stderr: its standard error.
        maps: mean squared change at every place, ``(u, *places)``, in squared units of x, summed over channels.
        active: numbers of the variables that do something, in order.
        dead: numbers of those that do not, which are left out of the scores.
        units: the variables.
        n: latents that were exchanged; half as many pairs.
        variant: how it was measured, in words.
    """

    score: Estimate | None
    p_value: float | None
    context: Order
    extent: Order
    linear: Float[Tensor, " u"]
    linear_stderr: Float[Tensor, " u"]
    context_free: Float[Tensor, " u"]
    context_free_stderr: Float[Tensor, " u"]
    places: Float[Tensor, " u"]
    places_stderr: Float[Tensor, " u"]
    size: Float[Tensor, " u"]
    size_stderr: Float[Tensor, " u"]
    maps: Float[Tensor, "u *places"]
    active: tuple[int, ...]
    dead: tuple[int, ...]
    units: Units
    n: int
    variant: str


def hierarchy(
    model: Decoder,
    z: Tensor | np.ndarray,
    *,
    generator: Generator | int = 0,
    units: Units | Any = None,
    threshold: float | int = 0.01,
    batch_size: int = BATCH_SIZE,
) -> Hierarchy:
    """Measure what changes in the decoding when pairs of latents exchange one variable after another.

    For a pair (a, b) and a variable u, ``Δ_a = D(a with u_b) − D(a)`` and ``Δ_b = D(b) − D(b with u_a)`` are what the
    same change of u does in two contexts. With means over pairs and ``|Δ|²`` the mean of both::

        context_free = E⟨Δ_a, Δ_b⟩ / E|Δ|²
        linear       = E⟨B (u_b − u_a), (Δ_a + Δ_b)/2⟩ / E|Δ|²,   B the least squares rule of seven other eighths
        size²        = E|Δ|² / E|D(a) − D(b)|²

    Of independent variables (hybrids, ``la.sampling.hybrid``), ``context_free`` is the main effect over the total
    effect of Sobol (2001), and ``size²`` the total effect. Costs ``(1 + units) · n`` decodings and streams.

    Args:
        model: any decoder.
        z: latents ``(n, *latent_shape)``, at least 32, better 1000: hybrids of codes, or posterior samples.
        generator: pairs latents, and draws what p-values and intervals need.
        units: variables in the order that is asked about; scalars, channels, or places of a single
            channel where left out.
        threshold: variables of less ``size`` are dead.

    Raises:
        InputError: fewer than 32 latents, latents of another shape, NaN or infinite values in or out, a threshold below
            0, units whose sums take more than 2 GiB.

    Source: the claim is SA 4.1's; the measure is of this library.

    >>> from latentassay import from_torch
    >>> bent = from_torch(lambda x: x, lambda z: torch.stack([z[:, 0] ** 2, z[:, 1]], 1), latent_shape=(2,))
    >>> g = torch.Generator().manual_seed(0)
    >>> found = hierarchy(bent, torch.randn(2000, 2, generator=g), generator=g)
    >>> [round(abs(share), 1) for share in found.linear.tolist()], found.context_free.round(decimals=1).tolist()
    ([0.0, 1.0], [1.0, 1.0])
    """
    if not threshold >= 0:
        raise InputError(f"threshold must be 0 or more, got {threshold}")
    latents, generator = as_latents(model, z, minimum=FEWEST), as_generator(generator)
    units = as_units(units, latent_shape_of(model))
    pairs = torch.randperm(len(latents), generator=generator)[: len(latents) // 2 * 2].view(2, -1)
    sums = _exchange(model, latents, pairs, units, max(1, batch_size // 2))
    return in_kind_of(_read(sums, units, 2 * pairs.shape[1], float(threshold), generator), z)


def _exchange(model: Decoder, z: Tensor, pairs: Tensor, units: Units, half: int) -> Exchanges:
    sums = Exchanges(units, z)
    with eval_mode(model, z) as (device, dtype), bar(pairs.numel() * (len(units) + 1), "hierarchy") as progress:
        for part in torch.split(torch.arange(pairs.shape[1]), half):
            own, other = (z[rows[:, part].flatten()].to(device, dtype) for rows in (pairs, pairs.flip(0)))
            x, decode_changed = prepare_decodings(model, units, own)
            base, fold, k = finite(x, "decodings"), part % FOLDS, len(part)
            sums.add_base(fold, base[:k].cpu(), base[k:].cpu())
            progress.update(2 * k)
            for unit in range(len(units)):
                change = finite(decode_changed(unit, other), "decodings") - base
                sums.add(unit, fold, (own[:k], own[k:]), change[:k], -change[k:])
                progress.update(2 * k)
    return sums


def _read(sums: Exchanges, units: Units, n: int, threshold: float, generator: Generator) -> Hierarchy:
    size = sums.size()
    alive = size.value > threshold
    linear, free, places = (_of_alive(alive, found) for found in (sums.linear(), sums.free(), sums.extent()))
    active = alive.nonzero().flatten()
    by_linear, by_context, by_extent = (
        falling(value[active].numpy(), found.stderr[active].numpy(), generator=generator)
        for value, found in ((1 - linear.value, linear), (1 - free.value, free), (places.value, places))
    )
    return Hierarchy(
        score=by_linear.score,
        p_value=by_linear.p_value,
        context=by_context,
        extent=by_extent,
        linear=linear.value,
        linear_stderr=linear.stderr,
        context_free=free.value,
        context_free_stderr=free.stderr,
        places=places.value,
        places_stderr=places.stderr,
        size=size.value,
        size_stderr=size.stderr,
        maps=sums.maps / (n // 2),
        active=tuple(active.tolist()),
        dead=tuple((~alive).nonzero().flatten().tolist()),
        units=units,
        n=n,
        variant=f"{n // 2} pairs, linear share on {FOLDS} held-out parts, share of places by participation ratio, dead "
        f"below size {threshold:g}"
        f"{'; linear rules see leading directions of the greater units' if sums.reduced else ''}",
    )


def _of_alive(alive: Tensor, found: Ratio) -> Ratio:
    """NaN for variables that change nothing, of which there is no share."""
    value, stderr = (torch.where(alive, part, torch.nan) for part in (found.value, found.stderr))
    return found._replace(value=value, stderr=stderr)
