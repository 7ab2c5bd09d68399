"""Where the pictures that fidelity compares come from: latents of every kind, decoded in batches."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int
from torch import Generator, Tensor

from latentassay import sampling
from latentassay.core.autoencoder import device_and_dtype
from latentassay.core.errors import InputError
from latentassay.core.observations import Observations, finite
from latentassay.core.posteriors import Prior
from latentassay.core.units import Units

KINDS = ("reconstruction", "posterior", "hybrid", "uniform", "prior", "real")
"""What may be compared with real observations."""


class Streams(NamedTuple):
    """A generator for each kind of pictures, which does not depend on the other kinds."""

    seed: int

    def of(self, question: str) -> Generator:
        """Return the generator of ``"rows"`` or of one of ``KINDS``."""
        return Generator().manual_seed(8 * self.seed + ("rows", *KINDS).index(question))


class PictureSource(NamedTuple):
    """Where pictures come from: the first n of the rows in ``order`` are compared with, others may serve besides."""

    model: Any
    data: Observations
    order: Int[np.ndarray, " rows"]
    n: int
    stored: Any
    units: Units
    prior: Prior | None
    streams: Streams


def pictures(source: PictureSource, kind: str, bounded: bool, batch_size: int) -> Iterator[Tensor]:
    """Yield batches of one kind of pictures, clipped to [0, 1] where they are ``bounded``."""
    blocks = list(sampling.blocks(source.n, batch_size, kind))
    if kind == "real":
        others = source.order[source.n :][: source.n]
        yield from (check_range(source.data.batch(others[block]), bounded) for block in blocks)
        return
    z = _latents(source, kind, batch_size)
    for block in blocks:
        images = sampling.decode(source.model, z[block], batch_size=batch_size)
        yield images.clamp(0, 1) if bounded else images


def _latents(source: PictureSource, kind: str, batch_size: int) -> Tensor:
    model, generator = source.model, source.streams.of(kind)
    if kind == "prior" and source.prior is not None:
        return source.prior.sample(source.n, generator).cpu().to(device_and_dtype(model).dtype)
    if kind == "hybrid" and source.stored is not None:
        z = sampling.posterior(model, source.stored, sampling.POOL, generator=generator, batch_size=batch_size)
    else:
        rows = source.order[: source.n]
        if kind == "hybrid" and len(others := source.order[source.n :]) >= sampling.POOL:
            rows = others[: sampling.POOL]
        codes = sampling.encode(model, source.data, rows=rows, generator=generator, batch_size=batch_size)
        z = sampling.drawn(codes)
    if kind == "posterior":
        return z
    mixed = sampling.hybrid if kind == "hybrid" else sampling.uniform
    return mixed(z, source.n, generator=generator, units=source.units)


def explain_missing(source: PictureSource, kind: str) -> str:
    """Say why there are no pictures of a kind; an empty string if there are."""
    if kind == "prior" and source.prior is None:
        return "the model has none"
    if kind == "real" and len(source.order) < 2 * source.n:
        return f"it needs {2 * source.n} rows, the data have {len(source.order)}"
    return ""


def check_range(x: Tensor, bounded: bool) -> Tensor:
    """Return x, or refuse values outside [0, 1], which a cross entropy needs, and values that are NaN or infinite."""
    if not x.numel():
        raise InputError(f"data must hold values, got rows of shape {tuple(x.shape[1:])}")
    if bounded and (x.min() < 0 or x.max() > 1):
        raise InputError(
            f"data must lie in [0, 1] for a cross entropy, got values from {float(x.min()):.3g} to "
            f"{float(x.max()):.3g}; rescale them, or say cross_entropy=False"
        )
    return finite(x, "data")
