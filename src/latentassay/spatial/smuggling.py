"""Global information in few places: what each place changes in the picture, near itself and far away."""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from latentassay.core.arrays import as_float_tensor, as_tensor, in_kind_of
from latentassay.core.autoencoder import Decoder, eval_mode
from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.guard import decode_batch
from latentassay.core.levels import exceeding
from latentassay.core.observations import finite
from latentassay.core.progress import bar
from latentassay.core.randomness import as_generator
from latentassay.sampling import BATCH_SIZE, as_latents
from latentassay.spatial.places import Sides, choose, coordinates, draw_lenders, sides_of, strides_of
from latentassay.stats.intervals import widen
from latentassay.stats.ratios import ratio

MARGIN = 1
"""A place may change the part of the picture that it covers, and this many places more around it."""

TIMES = 8.0
"""Usual places change what lies far away at most so many times as much as the median place,"""

CUT = 6.0
"""or as far as so many robust standard deviations in logarithms reach, if that is further."""

FAR = 0.25
"""A place is to blame if, beyond doubt, this share of what it changes lies far away and beyond what is usual."""

QUIETER = 2.3
"""A place says suspiciously much if its ln s² lies so far below the median: a tenth of the usual variance."""

VARIANT = (
    "all channels of one place take the values of another row there; squared change of the decoding, near: within the "
    f"picture's part under the place and {MARGIN} places around it; robust: medians and 1.4826 MAD over places"
)


class PlaceEffects(NamedTuple):
    """What a change of all channels at one place does to the picture; tensors, or numpy arrays if the latents were.

    Attributes:
        places: flat numbers of the places that were changed, ``(m,)``.
        near: mean squared change per row of the picture beneath and around the place, summed over values, ``(m,)``.
        far: the same everywhere else, ``(m,)``.
        far_stderr: its standard error over rows.
        share: far over all, ``(m,)``; 0 for a place that changes nothing.
        share_stderr: its standard error over rows.
        n: number of rows.
        variant: what varies in the definition, in words.
    """

    places: Int[Tensor, " m"]
    near: Float[Tensor, " m"]
    far: Float[Tensor, " m"]
    far_stderr: Float[Tensor, " m"]
    share: Float[Tensor, " m"]
    share_stderr: Float[Tensor, " m"]
    n: int
    variant: str


class GlobalPlaces(NamedTuple):
    """Places that say more than a place should; tensors, or numpy arrays if the effects were.

    Attributes:
        reaching: places whose change is felt far away, beyond all others.
        quiet: places whose ln s² is abnormally low, whether or not they reach.
        excess: share of what each place of the effects changes that lies far away and beyond what is usual, ``(m,)``;
            below 0 for one that changes less far away than is usual.
        excess_low: lower end of its 95 % interval, whose ends lie unevenly about it.
        excess_high: upper end.
        times: change far away over that of the median place, ``(m,)``.
        times_stderr: its standard error over rows, that of the median left out.
        below: how far ln s² lies below its median, ``(*sides,)``; zeros for a model without noise.
        variant: the cuts in words.
    """

    reaching: tuple[int, ...]
    quiet: tuple[int, ...]
    excess: Float[Tensor, " m"]
    excess_low: Float[Tensor, " m"]
    excess_high: Float[Tensor, " m"]
    times: Float[Tensor, " m"]
    times_stderr: Float[Tensor, " m"]
    below: Float[Tensor, "*sides"]
    variant: str


def place_effects(
    model: Decoder,
    z: Tensor | np.ndarray,
    *,
    generator: Generator | int = 0,
    places: Any = None,
    batch_size: int = BATCH_SIZE,
) -> PlaceEffects:
    """Replace one place of the latent, in all channels, by that of another row, and see what changes in the picture.

    Costs ``(places + 1) · n`` decodings; streams over rows and holds two numbers for every row and place.

    Args:
        model: any decoder of spatial latents whose observations have as many dimensions: channels and sides.
        z: latents ``(n, c, *sides)``, a tensor or an array, at least 4.
        generator: draws the rows that lend their values; or a seed.
        places: flat numbers of the places to change, such as ``[0, 5]``; all where left out.
        batch_size: latents decoded at once.

    Raises:
        InputError: latents that are not spatial, or unusable; places that do not exist.
        ContractError: decodings that have other dimensions than latents, or whose sides those do not divide.

    >>> from latentassay import from_torch
    >>> model = from_torch(lambda x: x, lambda z: z + z[..., :1], latent_shape=(1, 8))  # place 0 is added everywhere
    >>> found = place_effects(model, torch.randn(8, 1, 8), places=[0, 5])
    >>> found.share.round(decimals=2)
    tensor([0.5500, 0.0000], dtype=torch.float64)
    """
    sides, latents = sides_of(model), as_latents(model, z, minimum=4)
    n, flat = len(latents), latents.flatten(2)
    chosen = choose(places, flat.shape[2], "places")
    lenders = draw_lenders(n, len(chosen), as_generator(generator))
    parts = torch.zeros(2, n, len(chosen), dtype=torch.float64)
    with eval_mode(model, latents) as (device, dtype), bar(n * (len(chosen) + 1), "places") as progress:
        for rows in torch.split(torch.arange(n), batch_size):
            base = latents[rows].to(device, dtype)
            picture = decode_batch(model, base)
            progress.update(len(rows))
            for i, place in enumerate(chosen):
                new = base.clone().flatten(2)
                new[:, :, place] = flat[lenders[rows, i], :, place].to(base)
                changed = (decode_batch(model, new.view_as(base)) - picture).double().square().sum(1).cpu()
                parts[:, rows, i] = _near_and_far(finite(changed, "changes of decodings"), place, sides)
                progress.update(len(rows))
    near, far = parts
    # A ratio of sums, not a mean of ratios: rows in which nothing changes have none.
    share = ratio(far, near + far)
    found = PlaceEffects(
        places=torch.tensor(chosen),
        near=near.mean(0),
        far=far.mean(0),
        far_stderr=widen(far.std(0) / n**0.5, n),
        share=share.value,
        share_stderr=share.stderr,
        n=n,
        variant=VARIANT,
    )
    return in_kind_of(found, z)


def _near_and_far(changed: Float[Tensor, "n *pixels"], place: int, sides: Sides) -> Float[Tensor, "2 n"]:
    """Sums of squared changes beneath and around a place, and everywhere else."""
    near = changed
    for d, start, stop in _part_beneath(place, sides, tuple(changed.shape[1:])):
        near = near.narrow(d + 1, start, stop - start)
    inside, whole = near.flatten(1).sum(1), changed.flatten(1).sum(1)
    return torch.stack([inside, (whole - inside).clamp(min=0)])


def _part_beneath(place: int, sides: Sides, pixels: Sides) -> list[tuple[int, int, int]]:
    """Dimension, first and last pixel (exclusive) of what lies beneath a place and around it."""
    strides = strides_of(sides, pixels)
    at = coordinates(sides)[place].tolist()
    found = []
    for d, (position, side, stride) in enumerate(zip(at, sides, strides, strict=True)):
        found.append((d, max(0, position - MARGIN) * stride, min(side, position + MARGIN + 1) * stride))
    return found


def _noise(log_noise: Any, stderr: Any) -> tuple[Tensor, Tensor]:
    noise = as_float_tensor(log_noise, "log_noise").detach()
    error = torch.zeros_like(noise) if stderr is None else as_float_tensor(stderr, "log_noise_stderr").detach()
    for values, name in ((noise, "log_noise"), (error, "log_noise_stderr")):
        if bool(values.isnan().any()):
            raise InputError(f"{name} holds NaN; say -inf where there is no noise")
    if error.shape != noise.shape:
        raise InputError(
            f"log_noise_stderr must have the shape of log_noise, {tuple(noise.shape)}, got {tuple(error.shape)}"
        )
    return noise, error


def global_places(
    effects: PlaceEffects, log_noise: Tensor | np.ndarray, log_noise_stderr: Tensor | np.ndarray | None = None
) -> GlobalPlaces:
    """Name the places whose change is felt far away, and those whose noise is abnormally low. No pass.

    What a place changes far away is usual up to 8 times what the median place does, or up to 6 robust standard
    deviations more in logarithms. A place reaches if, beyond doubt, a quarter of all that it changes lies far away and
    beyond that. It is quiet if its ln s² lies 6 robust standard deviations and, beyond doubt, ln 10 below the median.
    False discoveries are controlled over places (Benjamini and Hochberg 1995).

    Args:
        effects: what ``place_effects`` returned.
        log_noise: mean ln s² by place, ``(*sides,)``, such as ``activity_maps(codes).log_noise``; not finite where
            there is no noise.
        log_noise_stderr: its standard error; none where left out.

    Raises:
        InputError: NaN, or errors of another shape than the noise.

    Source: the cuts are this package's own. Of the defect: issue and discussion of the f=8 image autoencoder of
    latent diffusion, whose log-variance maps show spots that carry brightness of the whole picture.
    """
    far, error, share, share_error = (
        as_tensor(part, "effects") for part in (effects.far, effects.far_stderr, effects.share, effects.share_stderr)
    )
    noise, noise_error = _noise(log_noise, log_noise_stderr)
    # Far changes may be 0 exactly; then a place counts as one at the floor of rounding, not as infinitely less.
    floor = float(as_tensor(effects.near, "effects").median()) * 1e-9 + 1e-300
    logs = (far + floor).log()
    times = (logs - logs.median()).exp()
    relative = error / (far + floor)
    usual, usual_low, usual_high = _usual(logs, relative)
    beyond = (usual - logs).exp()
    # Errors of logarithms, as a place that is felt hardly at all lies many times, and unevenly, below what is usual.
    further = torch.hypot(Z95 * relative, usual_high - usual).exp()
    nearer = torch.hypot(Z95 * relative, usual - usual_low).exp()
    excess = share * (1 - beyond)
    low = (share - Z95 * share_error).clamp(min=0) * (1 - beyond * further)
    high = (share + Z95 * share_error) * (1 - beyond / nearer)
    below = noise.median() - noise if bool(torch.isfinite(noise).all()) else torch.zeros_like(noise)
    sure = _beyond_doubt(below, below - Z95 * noise_error, below + Z95 * noise_error, QUIETER)
    quiet = sure & (below.flatten() >= CUT * _spread(below.flatten()))
    reaching = _beyond_doubt(excess, torch.minimum(low, excess), torch.maximum(high, excess), FAR)
    found = GlobalPlaces(
        reaching=tuple(as_tensor(effects.places, "places")[reaching].tolist()),
        quiet=tuple(quiet.nonzero().flatten().tolist()),
        excess=excess,
        excess_low=torch.minimum(low, excess),
        excess_high=torch.maximum(high, excess),
        times=times,
        times_stderr=times * relative,
        below=below,
        variant=f"usual: far ≤ {TIMES:g} × median or {CUT:g} robust σ in logarithms, whichever is more; global: ≥ "
        f"{FAR * 100:.0f} % of all changes lie far away and beyond that; certain: ln s² ≥ {QUIETER:g} and {CUT:g} "
        "robust σ below its median; beyond doubt, false discoveries controlled",
    )
    return in_kind_of(found, effects.near, log_noise)


def _usual(logs: Float[Tensor, " m"], stderr: Float[Tensor, " m"]) -> tuple[Tensor, Tensor, Tensor]:
    """Logarithm of what is still usual, with its 95 % interval from places being few (of normal logarithms)."""
    seen, root, least = _spread(logs), len(logs) ** 0.5, math.log(TIMES)
    # Places seem to differ by what they are measured wrongly, too.
    spread = (seen.square() - stderr.square().median()).clamp(min=0).sqrt()
    of_median, of_spread = Z95 * 1.25 * seen / root, Z95 * 1.16 * seen / root
    reaches = [
        (CUT * each).clamp(min=least) for each in (spread, (spread - of_spread).clamp(min=0), spread + of_spread)
    ]
    low, high = (torch.hypot(of_median, reach - reaches[0]) for reach in reaches[1:])
    usual = logs.median() + reaches[0]
    return usual, usual - low, usual + high


def _beyond_doubt(value: Tensor, low: Tensor, high: Tensor, bound: float) -> Bool[Tensor, " m"]:
    """Which numbers lie above a bound, by their intervals."""
    ends = zip(*(part.flatten().tolist() for part in (value, low, high)), strict=True)
    return torch.tensor(exceeding([Estimate(x, low=below, high=above) for x, below, above in ends], bound))


def _spread(values: Float[Tensor, " m"]) -> Tensor:
    """Robust standard deviation."""
    return 1.4826 * (values - values.median()).abs().median()
