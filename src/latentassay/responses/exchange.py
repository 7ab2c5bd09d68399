"""Exchange one unit between two latents, and add up what that changes, batch by batch."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import one_hot

from latentassay.core.errors import InputError
from latentassay.core.units import Units
from latentassay.stats.ratios import Ratio, ratio

FOLDS = 8
"""Parts of the pairs: a linear rule is learned from seven and tried on the eighth; their spread gives errors."""

FEATURES = 64
"""Most numbers of a unit that a linear rule sees; of greater units, leading principal directions."""

NOTHING = 1e-6
"""Directions in which a unit varies less than this, relative to the leading one, are rounding errors."""

LIMIT = 2 << 30
"""Most bytes that sums may take."""


class Exchanges:
    """Adds up what changes where pairs of latents (a, b) exchange one unit.

    That is ``D(a with b's) − D(a)`` at a, and ``D(b) − D(b with a's)``, what the same change of the unit does at b.
    Every pair belongs to one of 8 folds. Sums are kept apart by fold, and ratios of them get their errors from that.

    Memory does not grow with the number of pairs: for every unit, 8 × numbers in the unit × numbers in an observation.

    Args:
        units: what is exchanged.
        z: all latents; where a unit has more numbers than 64, or than an eighth of the pairs, a linear rule sees only
            the leading principal directions of what it was in these.
    """

    def __init__(self, units: Units, z: Tensor):
        flat, most = z.flatten(1).cpu().double(), max(1, min(FEATURES, len(z) // 2 // FOLDS))
        self.reduced = max(map(len, units.groups)) > most
        self._views = [_directions(flat[:, list(group)], most) for group in units.groups]
        self._groups, u = [list(group) for group in units.groups], len(units)
        self._sums = {name: torch.zeros(FOLDS, u, dtype=torch.float64) for name in ("size", "free", "extent", "all")}
        self._inner = [torch.zeros(FOLDS, view.shape[1], view.shape[1], dtype=torch.float64) for view in self._views]
        self._outer: list[Tensor] = []
        self.maps = torch.empty(0)

    def add_base(self, fold: Tensor, first: Tensor, second: Tensor) -> None:
        """Take decodings of a and of b, ``(p, *x_shape)``, and the part every pair belongs to, ``(p,)``."""
        if not self._outer:
            self._reserve(first)
        whole = (first.double() - second.double()).square().flatten(1).sum(1)
        self._sums["all"] += _by_fold(fold, whole)[:, None]

    def add(self, unit: int, fold: Tensor, values: tuple[Tensor, Tensor], first: Tensor, second: Tensor) -> None:
        """Take what exchanging a unit does at a and at b, both ``(p, *x_shape)``, and the latents a and b."""
        a, b = first.cpu().double(), second.cpu().double()
        own = self._groups[unit]
        step = (values[1] - values[0]).flatten(1).cpu().double()[:, own] @ self._views[unit]
        mean, (size, extent, places) = (a + b).flatten(1) / 2, _energy(torch.stack([a, b]))
        for name, value in (("size", size), ("free", (a * b).flatten(1).sum(1)), ("extent", extent)):
            self._sums[name][:, unit] += _by_fold(fold, value)
        self.maps[unit] += places
        parted = one_hot(fold, FOLDS).double()[:, :, None] * step[:, None]  # (p, folds, features)
        self._inner[unit] += torch.einsum("pkf,pg->kfg", parted, step)
        self._outer[unit] += (parted.flatten(1).T @ mean).view(FOLDS, step.shape[1], -1)

    def _reserve(self, x: Tensor) -> None:
        need = 8 * FOLDS * sum(view.shape[1] for view in self._views) * x[0].numel()
        if need > LIMIT:
            raise InputError(
                f"sums would take {need / 2**30:.1f} GiB, more than {LIMIT >> 30}: give fewer or smaller units"
            )
        self._outer = [torch.zeros(FOLDS, view.shape[1], x[0].numel(), dtype=torch.float64) for view in self._views]
        self.maps = torch.zeros(len(self._views), *_places(x[:1].double()).shape[1:], dtype=torch.float64)

    def size(self) -> Ratio:
        """Root mean squared change, relative to that of exchanging everything, ``(u,)``."""
        squared = ratio(self._sums["size"], self._sums["all"])
        root = squared.value.sqrt()
        return squared._replace(
            value=root, stderr=torch.where(root > 0, squared.stderr / (2 * root.clamp(min=1e-300)), 0.0)
        )

    def extent(self) -> Ratio:
        """Share of places that a change reaches, great changes counting by their squares, ``(u,)``."""
        return ratio(self._sums["extent"], self._sums["size"])

    def free(self) -> Ratio:
        """Share of the change that is the same at a and at b, ``(u,)``."""
        return ratio(self._sums["free"], self._sums["size"])

    def linear(self) -> Ratio:
        """Share of the change that a linear rule, learned from other pairs, predicts from the unit's, ``(u,)``."""
        predicted = [_predict(inner, outer) for inner, outer in zip(self._inner, self._outer, strict=True)]
        covered, kept = (torch.stack(parts, 1) for parts in zip(*predicted, strict=True))
        return ratio(covered, self._sums["size"])._replace(stderr=ratio(kept, self._sums["size"]).stderr)


def _directions(values: Float[Tensor, "n d"], most: int) -> Float[Tensor, "d k"]:
    """Numbers by their spread, or their leading principal directions where there are too many."""
    if values.shape[1] <= most:
        spread = values.std(0, correction=0)
        return torch.diag(torch.where(spread > 0, 1 / spread.clamp(min=1e-300), 0.0))
    _, strength, axes = torch.linalg.svd(values - values.mean(0), full_matrices=False)
    kept, leading = strength[:most], axes[:most].T
    scale = torch.where(kept > NOTHING * kept[0], math.sqrt(len(values)) / kept.clamp(min=1e-300), 0.0)
    scaled: Tensor = leading * scale
    return scaled


def _predict(inner: Float[Tensor, "k f f"], outer: Float[Tensor, "k f d"]) -> tuple[Tensor, Tensor]:
    """Return ``Σ ⟨B δ, Δ⟩`` and ``Σ |Δ|² − |Δ − B δ|²`` over the pairs of each fold, B being the rule of all others.

    The first is not biased by the errors of B, which other pairs brought. The second is, downwards, but varies between
    parts as the whole does, B included, whose errors the first has in common to all parts.
    """
    others: Tensor = torch.linalg.pinv(inner.sum(0) - inner, rtol=1e-10, hermitian=True) @ (outer.sum(0) - outer)
    covered = (others * outer).flatten(1).sum(1)
    return covered, 2 * covered - (others * (inner @ others)).flatten(1).sum(1)


def _places(change: Float[Tensor, "n *x_shape"]) -> Float[Tensor, "n *places"]:
    """Squared change at every place of an observation: summed over the channels where it has any."""
    return change.square() if change.ndim == 2 else change.square().sum(1)


def _energy(changes: Float[Tensor, "2 p *x_shape"]) -> tuple[Tensor, Tensor, Tensor]:
    """Squared size and that times the share of places, means of a and b for every pair; and the sum at each place.

    The share is the participation ratio ``(Σ e)²/(places · Σ e²)`` of the squared change e at each place: k/places if k
    of them change by the same.
    """
    e = _places(changes.flatten(0, 1))
    flat = e.flatten(1)
    size, fourth = flat.sum(1), flat.square().sum(1)
    share = torch.where(fourth > 0, size.square() / (flat.shape[1] * fourth).clamp(min=1e-300), 0.0)
    size, weighted = (value.view(2, -1).mean(0) for value in (size, size * share))
    return size, weighted, e.sum(0) / 2


def _by_fold(fold: Tensor, values: Float[Tensor, " p"]) -> Float[Tensor, " k"]:
    return torch.zeros(FOLDS, dtype=torch.float64).index_add(0, fold, values.cpu())
