"""The spectrum of a spatial latent beside that of its pictures."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.core.autoencoder import Encoder, eval_mode, to_model
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.guard import encode_batch
from latentassay.core.observations import as_observations, finite, select_rows
from latentassay.sampling import BATCH_SIZE, blocks
from latentassay.spatial.places import Sides, sides_of, strides_of
from latentassay.stats.intervals import jackknife_stderr, widen

VARIANT = (
    "posterior means; mean of every row and channel removed, Hann window, mean power per frequency in rings of whole "
    "cycles per picture up to the Nyquist frequency; slope by least squares in logarithms, from 1 cycle; "
    "intervals over rows (jackknife, Student's t)"
)


class Spectrum(NamedTuple):
    """Power by frequency; arrays are tensors in double precision.

    Attributes:
        cycles: cycles per picture along the shorter side, 1 … Nyquist, ``(f,)``.
        power: of every channel, per frequency, ``(c, f)``; a channel of white noise of variance 1 has 1 everywhere.
        overall: mean over channels that vary, each divided by the sum of its own, ``(f,)``.
        overall_stderr: its standard error over rows.
        slope: exponent of ``overall``, about −2 for natural pictures and 0 for white noise.
    """

    cycles: Int[Tensor, " f"]
    power: Float[Tensor, "c f"]
    overall: Float[Tensor, " f"]
    overall_stderr: Float[Tensor, " f"]
    slope: Estimate


class LatentSpectrum(NamedTuple):
    """Spectra of latents and of the pictures they come from, over the same cycles per picture.

    Attributes:
        latent: of posterior means.
        picture: of the observations.
        matched: of the observations averaged down to as many places as the latent has.
        flatter: by how much the exponent of ``latent`` exceeds that of ``matched``; both come from the same rows.
        n: number of rows.
        variant: what varies in the definition, in words.
    """

    latent: Spectrum
    picture: Spectrum
    matched: Spectrum
    flatter: Estimate
    n: int
    variant: str


def latent_spectrum(model: Encoder, data: Any, *, rows: Any = None, batch_size: int = BATCH_SIZE) -> LatentSpectrum:
    """Measure radially averaged power of latents and of pictures. A latent flatter than its pictures is noisier.

    Costs one encoding of every row; streams, and holds one number for every row, channel and ring.

    Args:
        model: any encoder of spatial latents.
        data: an array or tensor ``(n, c, *pixels)`` or ``Observations``, at least 4 rows.
        rows: numbers of the rows to use; all where left out.
        batch_size: rows encoded at once.

    Raises:
        InputError: unusable data, too few rows, latents that are not spatial, sides below 4.
        ContractError: observations that have other dimensions than latents, or whose sides those do not divide.

    Source: high frequencies that pictures lack make latents hard to model by diffusion (Skorokhodov et al. 2025,
    "Improving the diffusability of autoencoders").

    >>> from latentassay import from_torch
    >>> model = from_torch(lambda x: x, lambda z: z, latent_shape=(1, 16, 16))
    >>> found = latent_spectrum(model, torch.randn(64, 1, 16, 16, generator=torch.Generator().manual_seed(0)))
    >>> abs(found.latent.slope) < 0.1, found.latent.cycles.tolist()
    (True, [1, 2, 3, 4, 5, 6, 7, 8])
    """
    sides, observations = sides_of(model), as_observations(data)
    strides_of(sides, tuple(observations.x_shape[1:]))
    if min(sides) < 4:
        raise InputError(f"needs sides of at least 4 places, got {sides}")
    index = select_rows(observations, rows, minimum=4)
    powers: list[tuple[Tensor, ...]] = []
    with eval_mode(model):
        for block in blocks(len(index), batch_size, "spectrum"):
            x = to_model(model, observations.batch(index[block]))
            fields = (finite(encode_batch(model, x).mean, "encoded means"), x, _average(x, sides))
            powers.append(tuple(ring_power(field) for field in fields))
    of_latent, of_picture, of_matched = (_Rows(torch.cat(parts)) for parts in zip(*powers, strict=True))
    latent, picture, matched = (of.spectrum() for of in (of_latent, of_picture, of_matched))
    # Without a row, both slopes miss the same picture: what they have in common cancels.
    stderr = widen(jackknife_stderr(of_latent.slopes - of_matched.slopes), len(index))
    return LatentSpectrum(
        latent=latent,
        picture=picture,
        matched=matched,
        flatter=Estimate(latent.slope - matched.slope, stderr=float(stderr), n=len(index)),
        n=len(index),
        variant=VARIANT,
    )


def _average(x: Tensor, sides: Sides) -> Tensor:
    """Mean of what lies beneath each place."""
    for d, side in enumerate(sides, start=2):
        x = x.reshape(*x.shape[:d], side, -1, *x.shape[d + 1 :]).mean(d + 1)
    return x


def ring_power(field: Float[Tensor, "n c *sides"]) -> Float[Tensor, "n c f"]:
    """Return the mean power per frequency in rings of whole cycles along the shorter side, 1 up to Nyquist's.

    White noise of variance 1 has power 1 in every ring.
    """
    sides = tuple(field.shape[2:])
    dims = tuple(range(2, field.ndim))
    taper = torch.ones((), dtype=torch.float64)
    for side in sides:
        taper = taper[..., None] * torch.hann_window(side + 2, periodic=False, dtype=torch.float64)[1:-1]
    x = field.detach().cpu().double()
    x = (x - x.mean(dims, keepdim=True)) * taper
    power = torch.fft.fftn(x, dim=dims).abs().square() / taper.square().sum()
    ring, last = _rings(sides), min(sides) // 2
    out = torch.zeros(*field.shape[:2], last + 1, dtype=torch.float64)
    keep = ring <= last
    counts = torch.bincount(ring[keep], minlength=last + 1).clamp(min=1)
    return out.index_add(2, ring[keep], power.flatten(2)[..., keep])[..., 1:] / counts[1:]


def _rings(sides: Sides) -> Int[Tensor, " p"]:
    """Number of the ring of every frequency, in cycles along the shorter side."""
    squared = torch.zeros((), dtype=torch.float64)
    for side in sides:
        squared = squared[..., None] + (torch.fft.fftfreq(side, dtype=torch.float64) * min(sides)).square()
    return squared.sqrt().round().long().flatten()


class _Rows:
    """Power of every row, and what a spectrum is without each of them in turn."""

    def __init__(self, power: Float[Tensor, "n c f"]):
        self._n, self._total = len(power), power.sum(0)
        self._cycles = torch.arange(1, power.shape[2] + 1)
        # Each row is a block: what is left without it is the sum of all less its own, so nothing is summed anew.
        self._without = torch.stack([_mean_of_shares(self._total - row) for row in power])
        self.slopes = torch.tensor([_slope(self._cycles, each) for each in self._without], dtype=torch.float64)

    def spectrum(self) -> Spectrum:
        """Return the spectrum of all rows."""
        n, overall = self._n, _mean_of_shares(self._total)
        slope, stderr = _slope(self._cycles, overall), float(widen(jackknife_stderr(self.slopes), n))
        return Spectrum(
            cycles=self._cycles,
            power=self._total / n,
            overall=overall,
            overall_stderr=widen(jackknife_stderr(self._without), n),
            slope=Estimate(slope, stderr=stderr, n=n),
        )


def _mean_of_shares(total: Float[Tensor, "c f"]) -> Float[Tensor, " f"]:
    """Mean over channels that vary, each by its own sum."""
    whole = total.sum(1, keepdim=True)
    live = whole[:, 0] > 1e-12 * whole.max()
    return (total[live] / whole[live]).mean(0) if bool(live.any()) else total[0]


def _slope(cycles: Int[Tensor, " f"], power: Float[Tensor, " f"]) -> float:
    """Least squares of the logarithms; 0 where there is no power."""
    if not bool((power > 0).all()):
        return 0.0
    x, y = cycles.double().log(), power.log()
    x = x - x.mean()
    return float((x * y).sum() / x.square().sum())
