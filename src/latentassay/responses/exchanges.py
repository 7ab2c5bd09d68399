"""What exchanging units changes in decodings and responses: several units a pass where passes are small."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from latentassay.core.autoencoder import Autoencoder, DeviceAndDtype, KeepsActivations
from latentassay.core.guard import decode_batch, encode_means
from latentassay.core.units import Units
from latentassay.responses.block_rows import Part

PASS_BYTES = 2**19
"""Decodings of one pass: units share one until these are reached, since a pass of less costs as much as its calls."""

SHARING = 16
"""A pass is never larger than so many times the batch size, since nobody knows what a model holds inside."""


ENOUGH = 2**18
"""Sums over blocks that are worth handing on together."""


class Base(NamedTuple):
    """A part of the base latents as it is before anything is exchanged, on the model's device.

    Attributes:
        part: the rows and their partners.
        partner: those, on the device.
        z: base latents, flat.
        values: what every unit is exchanged for, where all units are scalars.
        x: decodings, flat.
        response: responses, flat; NaN in rows that have none.
        variance: unbiased variance of the decodings inside every block, summed over their numbers.
        finite: rows with finite decodings and responses.
        decode: decodes ``(r, n, latents)``, where unit r of a list was exchanged.
    """

    part: Part
    partner: Int[Tensor, "n u"]
    z: Float[Tensor, "n latents"]
    values: Float[Tensor, "u n"] | None
    x: Float[Tensor, "n pixels"]
    response: Float[Tensor, "n latents"]
    variance: Float[Tensor, " m"]
    finite: Bool[Tensor, " n"]
    decode: Callable[[list[int], Tensor], Tensor]


class Changes(NamedTuple):
    """What exchanging some units changed, as means over the rows of a block that are no partners of themselves.

    Attributes:
        units: the units exchanged.
        responses: squared change of every unit's response.
        decodings: squared change of the decoding, summed over its numbers.
        variance: of the decodings, as in ``Base``.
        deviations: as in ``Part``.
        rows: how many rows each of these units rests on.
        lost: responses that are not finite.
    """

    units: list[int]
    responses: Float[Tensor, "r m u"]
    decodings: Float[Tensor, "r m"]
    variance: Float[Tensor, " m"]
    deviations: Float[Tensor, "m u"]
    rows: int
    lost: int


class Exchanges:
    """Passes of one model, which is in evaluation mode already.

    Args:
        model: any autoencoder; one that keeps activations is asked one unit at a time.
        units: that are exchanged.
        where: the model's device and float type.
        batch_size: rows per pass, or up to 16 times as many if their decodings still take less than half a megabyte.
        passed: called with the number of rows after every pass.
    """

    def __init__(
        self,
        model: Autoencoder,
        units: Units,
        where: DeviceAndDtype,
        *,
        batch_size: int,
        passed: Callable[[int], None] = lambda rows: None,
    ):
        self._passed = passed
        self._model, self._units, self._where, self._batch_size = model, units, where, batch_size
        self._keeping = model if isinstance(model, KeepsActivations) else None
        self._places = [group[0] for group in units.groups]
        self._indices = [torch.tensor(group, device=where.device) for group in units.groups]
        self._limit = batch_size
        self._memory: dict[str, Tensor] = {}

    @property
    def part_rows(self) -> int:
        """Base latents to take at once, so that a few units share a pass."""
        return max(self._batch_size, self._limit // 2)

    def base(self, part: Part) -> Base:
        """Decode a part and encode it again."""
        z, partner = part.z.to(*self._where), part.partner.to(self._where.device)
        x, decode = self._decode_base(z)
        flat = _flat(x)
        self._limit = self._rows_per_pass(max(flat.shape[1], z.shape[1]) * x.element_size())
        finite = torch.isfinite(flat.sum(1))
        response = self._encode(x, finite)
        finite = finite & torch.isfinite(self._total(response).sum(1))
        self._passed(len(z))
        return Base(
            part=part,
            partner=partner,
            z=z,
            values=self._total(z).gather(0, partner).T.contiguous() if self._units.are_scalars else None,
            x=flat,
            response=response,
            variance=_variance(flat, finite, part.size).cpu().double(),
            finite=finite,
            decode=decode,
        )

    def changes(self, base: Base, units: list[int]) -> Iterator[Changes]:
        """Exchange the units one by one, or several in one pass where passes are small."""
        together = 1 if self._keeping else max(1, self._limit // len(base.z))
        sums = _Sums(base)
        for start in range(0, len(units), together):
            chunk = units[start : start + together]
            found = self._exchange(base, chunk)
            self._passed(len(chunk) * len(base.z))
            if not found.is_finite():
                yield from _finite_rows(chunk, base, found)
            elif sums.add(chunk, found):
                yield sums.take()
        if sums.units:
            yield sums.take()

    def _exchange(self, base: Base, units: list[int]) -> "_Squares":
        size, latents = base.part.size, base.z.shape[1]
        x = base.decode(units, self._replace(base, units))
        flat = _flat(x)
        moved = torch.linalg.vector_norm(self._difference(flat, base.x, "x"), dim=-1).square()
        decodings = moved.view(len(units), size, -1).sum(1)
        finite = None if math.isfinite(decodings.sum()) else torch.isfinite(flat.sum(1))
        response = self._encode(x, finite)
        squares = self._difference(response, base.response, "z").square_()
        responses = self._total(squares.view(len(units), size, -1, latents).sum(1))
        return _Squares(
            total=self._total,
            response=response,
            squares=squares,
            moved=moved,
            responses=responses,
            decodings=decodings,
        )

    def _difference(self, rows: Float[Tensor, "rn k"], base: Float[Tensor, "n k"], kind: str) -> Float[Tensor, "r n k"]:
        """Subtract the base from every n rows, into memory that is used again: new pages take as long as a pass."""
        old = self._memory.get(kind)
        if old is None or old.numel() < rows.numel() or old.dtype != rows.dtype:
            old = self._memory[kind] = torch.empty_like(rows, memory_format=torch.contiguous_format).flatten()
        out = old[: rows.numel()].view(-1, *base.shape)
        return torch.sub(rows.view(-1, *base.shape), base, out=out)

    def _replace(self, base: Base, units: list[int]) -> Float[Tensor, "r n latents"]:
        z = base.z.expand(len(units), *base.z.shape).clone()
        if base.values is not None:
            for row, j in enumerate(units):
                z[row, :, self._places[j]] = base.values[j]
            return z
        for row, j in enumerate(units):
            index = self._indices[j]
            z[row][:, index] = base.z[:, index][base.partner[:, j]]
        return z

    def _decode_base(self, z: Tensor) -> tuple[Tensor, Callable[[list[int], Tensor], Tensor]]:
        """Return decodings and what decodes exchanged latents, again from what a decoder keeps where it does."""
        if self._keeping is None:
            return self._decode(z), lambda units, exchanged: self._decode(exchanged.flatten(0, 1))
        model, groups = self._keeping, self._units.groups
        kept = [model.decode_keeping(self._shaped(rows)) for rows in torch.split(z, self._batch_size)]

        def decode_again(units: list[int], exchanged: Tensor) -> Tensor:
            parts = zip(torch.split(exchanged[0], self._batch_size), kept, strict=True)
            return _joined([model.decode_again(self._shaped(rows), old, groups[units[0]]) for rows, (_, old) in parts])

        return _joined([x for x, _ in kept]), decode_again

    def _decode(self, z: Float[Tensor, "n latents"]) -> Tensor:
        return _joined([decode_batch(self._model, self._shaped(rows)) for rows in torch.split(z, self._limit)])

    def _encode(self, x: Tensor, finite: Bool[Tensor, " n"] | None) -> Float[Tensor, "n latents"]:
        """Encode rows; those that are not finite, which many an encoder refuses, become NaN."""
        if finite is None or finite.all():
            return _flat(_joined([encode_means(self._model, rows).mean for rows in torch.split(x, self._limit)]))
        shape = (-1, *[1] * (x.ndim - 1))
        return self._encode(torch.where(finite.view(shape), x, 0), None).masked_fill(~finite[:, None], torch.nan)

    def _shaped(self, z: Float[Tensor, "n latents"]) -> Tensor:
        return z.view(-1, *self._units.latent_shape)

    def _total(self, values: Float[Tensor, "*r latents"]) -> Float[Tensor, "*r u"]:
        return self._units.total(values.flatten(0, -2)).view(*values.shape[:-1], -1)

    def _rows_per_pass(self, row_bytes: int) -> int:
        if self._keeping:
            return self._batch_size
        return max(self._batch_size, min(PASS_BYTES // row_bytes, SHARING * self._batch_size))


def _joined(parts: list[Tensor]) -> Tensor:
    """Join batches; one alone is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _flat(values: Tensor) -> Float[Tensor, "n numbers"]:
    """Flat rows, in which squares may be summed: half precision would overflow."""
    flat = values.flatten(1)
    return flat.float() if flat.element_size() < 4 else flat


def _variance(x: Float[Tensor, "n pixels"], finite: Bool[Tensor, " n"], size: int) -> Float[Tensor, " m"]:
    """Unbiased variance inside every block, summed over pixels; NaN where fewer than two rows are finite."""
    blocks = x.view(size, -1, x.shape[1])
    if finite.all():
        return (blocks - blocks.mean(0)).square_().sum(0).sum(1) / (size - 1)
    used = finite.view(size, -1, 1)
    count = used.sum(0)
    centre = torch.where(used, blocks, 0).sum(0) / count
    squares = torch.where(used, blocks - centre, 0).square().sum(0).sum(1)
    return torch.where(count[:, 0] > 1, squares / (count[:, 0] - 1), torch.nan)


class _Squares(NamedTuple):
    """Squared changes by one pass, row by row and as sums over blocks."""

    total: Callable[[Tensor], Tensor]
    response: Float[Tensor, "rn latents"]
    squares: Float[Tensor, "r n latents"]
    moved: Float[Tensor, "r n"]
    responses: Float[Tensor, "r m u"]
    decodings: Float[Tensor, "r m"]

    def is_finite(self) -> bool:
        """Whether all are; a sum is looked at, which takes a fifth of the time."""
        return math.isfinite(self.responses.sum() + self.decodings.sum())


class _Sums:
    """Sums over blocks of several passes, handed on when they are worth it."""

    def __init__(self, base: Base):
        self._base = base
        self.units: list[int] = []
        self._responses: list[Tensor] = []
        self._decodings: list[Tensor] = []

    def add(self, units: list[int], found: _Squares) -> bool:
        """Take those of one more pass; say whether there are enough."""
        self.units += units
        self._responses.append(found.responses)
        self._decodings.append(found.decodings)
        return sum(part.numel() for part in self._responses) >= ENOUGH

    def take(self) -> Changes:
        """Return what was added since."""
        # A row is its own partner once in a block, on average, which changes nothing: hence 1/(size − 1).
        base, pairs = self._base, self._base.part.size - 1
        changes = Changes(
            units=self.units,
            responses=torch.cat(self._responses).cpu().double() / pairs,
            decodings=torch.cat(self._decodings).cpu().double() / pairs,
            variance=base.variance,
            deviations=base.part.deviations,
            rows=len(base.z),
            lost=0,
        )
        self.units, self._responses, self._decodings = [], [], []
        return changes


def _finite_rows(units: list[int], base: Base, found: _Squares) -> Iterator[Changes]:
    """The same from finite rows alone, unit by unit, since each may have lost other rows."""
    n, size = len(base.z), base.part.size
    responses, moved = found.total(found.squares).cpu().double(), found.moved.cpu().double()
    lost = ~torch.isfinite(found.total(found.response).sum(1)).view(len(units), n).cpu()
    for row, unit in enumerate(units):
        used = torch.isfinite(responses[row]).all(1) & torch.isfinite(moved[row])
        between = (used & (base.part.partner[:, unit] != torch.arange(n))).view(size, -1)
        count = between.sum(0)
        keep = (count > 0) & torch.isfinite(base.variance)
        sums = torch.where(between[..., None], responses[row].view(size, len(count), -1), 0).sum(0)
        moves = torch.where(between, moved[row].view(size, -1), 0).sum(0)
        yield Changes(
            units=[unit],
            responses=(sums / count[:, None])[None, keep],
            decodings=(moves / count)[None, keep],
            variance=base.variance[keep],
            deviations=base.part.deviations[keep],
            rows=int(used.view(size, -1)[:, keep].sum()),
            lost=int(lost[row].sum()),
        )
