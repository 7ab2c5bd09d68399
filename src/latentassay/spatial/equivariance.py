"""Do latents follow their pictures when those are shifted, flipped, turned or enlarged, and pictures their latents?"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.autoencoder import Autoencoder, eval_mode, to_model
from latentassay.core.errors import InputError
from latentassay.core.guard import decode_batch, encode_batch, reconstruct_batch
from latentassay.core.observations import as_observations, finite, select_rows
from latentassay.core.progress import bar
from latentassay.sampling import BATCH_SIZE
from latentassay.spatial.places import Sides, crop, sides_of, strides_of
from latentassay.spatial.transformations import transformations
from latentassay.stats.crossed import varies
from latentassay.stats.ratios import Ratio, ratio

VARIANT = (
    "posterior means; squared difference over the variance of each channel over rows and places, unmoved; mean over "
    "the channels that vary; shifts roll by one place; intervals over rows (linearised, Student's t)"
)


ByTransform = Float[Tensor, " t"]
"""A number for every transformation."""


class SpatialEquivariance(NamedTuple):
    """How far each transformation t is followed: 0 in full, 2 not at all (what two unrelated codes differ by).

    Arrays are tensors in double precision.

    Attributes:
        names: what was done.
        encoded: ``E‖enc(T x) − T enc(x)‖² / Var``, mean over channels, ``(t,)``.
        encoded_stderr: its standard error.
        by_channel: the same of every channel, ``(t, c)``; 0 for one that does not vary.
        by_channel_stderr: its standard error.
        decoded: ``E‖dec(T z) − T dec(z)‖² / Var`` with z = enc(x), ``(t,)``.
        decoded_stderr: its standard error.
        margin: places at each end that were left out, along each side.
        n: number of rows.
        variant: what varies in the definition, in words.
    """

    names: tuple[str, ...]
    encoded: ByTransform
    encoded_stderr: ByTransform
    by_channel: Float[Tensor, "t c"]
    by_channel_stderr: Float[Tensor, "t c"]
    decoded: ByTransform
    decoded_stderr: ByTransform
    margin: tuple[int, ...]
    n: int
    variant: str


def spatial_equivariance(
    model: Autoencoder,
    data: Any,
    *,
    rows: Any = None,
    margin: int | None = None,
    batch_size: int = BATCH_SIZE,
) -> SpatialEquivariance:
    """Compare the code of a transformed picture with the transformed code, and likewise for decodings.

    Costs ``1 + t`` encodings and decodings of every row for t transformations (six of pictures); streams, and holds
    three numbers for every row, channel and transformation.

    Args:
        model: any autoencoder with spatial latents; its observations have as many dimensions.
        data: an array or tensor ``(n, c, *pixels)`` or ``Observations``, at least 4 rows.
        rows: numbers of the rows to use; all where left out.
        margin: places at each end of each side that do not count, since a shift brings in the other border and a
            convolution sees zeros beyond it; where left out, an eighth of the side, at least one if that leaves two.
        batch_size: rows encoded and decoded at once.

    Raises:
        InputError: unusable data, too few rows, latents that are not spatial, a margin that leaves nothing.
        ContractError: observations that have other dimensions than latents, or whose sides those do not divide.

    >>> from latentassay import from_torch
    >>> model = from_torch(lambda x: x * torch.arange(8.0), lambda z: z, latent_shape=(1, 8))
    >>> found = spatial_equivariance(model, torch.randn(50, 1, 8, generator=torch.Generator().manual_seed(0)))
    >>> found.names, [round(value, 2) for value in found.encoded.tolist()], found.decoded.tolist()
    (('shift along', 'flip along', 'zoom by 2'), [0.07, 0.96, 0.03], [0.0, 0.0, 0.0])
    """
    sides, observations = sides_of(model), as_observations(data)
    strides = strides_of(sides, tuple(observations.x_shape[1:]))
    index, cut = select_rows(observations, rows, minimum=4), _margin(sides, margin)
    transforms = transformations(sides, strides)
    codes = _Errors(cut)
    pictures = _Errors(tuple(places * stride for places, stride in zip(cut, strides, strict=True)))
    with eval_mode(model), bar(len(index) * (1 + len(transforms)), "equivariance") as progress:
        for part in torch.split(index, batch_size):
            x = to_model(model, observations.batch(part))
            z = encode_batch(model, x).mean
            back = reconstruct_batch(model, z, x)
            codes.add_base(z)
            pictures.add_base(back)
            progress.update(len(part))
            for t, transform in enumerate(transforms):
                codes.add(t, encode_batch(model, transform.of_pictures(x)).mean, transform.of_latents(z))
                pictures.add(t, decode_batch(model, transform.of_latents(z)), transform.of_pictures(back))
                progress.update(len(part))
    (encoded, by_channel), (decoded, _) = codes.ratios(), pictures.ratios()
    return SpatialEquivariance(
        names=tuple(transform.name for transform in transforms),
        encoded=encoded.value,
        encoded_stderr=encoded.stderr,
        by_channel=by_channel.value,
        by_channel_stderr=by_channel.stderr,
        decoded=decoded.value,
        decoded_stderr=decoded.stderr,
        margin=cut,
        n=len(index),
        variant=VARIANT,
    )


def _margin(sides: Sides, margin: int | None) -> Sides:
    # A convolution sees zeros beyond the border, which do not move along, so places near it say nothing of the model.
    cut = tuple(max(side // 8, int(side > 3)) if margin is None else int(margin) for side in sides)
    if any(left < 0 or 2 * left >= side for left, side in zip(cut, sides, strict=True)):
        raise InputError(f"margin must be at least 0 and leave places of latents with sides {sides}, got {margin}")
    return cut


class _Errors:
    """Squared differences of every row after every transformation, and what varies without any."""

    def __init__(self, margin: Sides):
        self._margin = margin
        self._errors: dict[int, list[Tensor]] = {}
        self._sums: list[Tensor] = []

    def add_base(self, field: Tensor) -> None:
        """Take a field ``(n, c, *sides)`` as it is, whose variance all differences are measured by."""
        inner = self._inner(field)
        self._sums.append(_mean_over_places(torch.stack([inner, inner.square()])))

    def add(self, t: int, found: Tensor, expected: Tensor) -> None:
        """Take two fields ``(n, c, *sides)`` of transformation t, which should be the same."""
        error = (self._inner(found) - self._inner(expected)).square()
        self._errors.setdefault(t, []).append(_mean_over_places(error[None])[0])

    def _inner(self, field: Tensor) -> Tensor:
        return finite(crop(field, self._margin), "codes or decodings").double()

    def ratios(self) -> tuple[Ratio, Ratio]:
        """Return the mean over channels ``(t,)``, and every channel ``(t, c)``."""
        error = torch.stack([torch.cat(parts) for parts in self._errors.values()], 1)
        # Every row has its own share of the variance about the mean of all rows, which is known only now.
        first, second = torch.cat(self._sums, 1)
        mean = first.mean(0)
        variance = second - 2 * mean * first + mean.square()
        total = variance.mean(0)
        lives = varies(total, second.mean(0), torch.finfo(torch.float32).eps)
        per = torch.where(lives, 1 / total.clamp(min=1e-300), 0.0)
        scaled, spread = error * per, (variance * per)[:, None].expand_as(error)
        return ratio(scaled.sum(2), spread.sum(2)), ratio(scaled, spread)


def _mean_over_places(fields: Tensor) -> Tensor:
    """Mean over places of fields ``(k, n, c, *sides)``."""
    return fields.flatten(3).mean(3).cpu()
