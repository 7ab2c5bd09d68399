"""Decodings made beforehand, for models that the page cannot run: it shows the nearest to where the reader is."""

import base64
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from latentassay import sampling
from latentassay.core.autoencoder import Autoencoder
from latentassay.explore.contents import Contents
from latentassay.explore.units import Slider, move, values_of
from latentassay.responses import respond

MOST = 1200
"""Decodings of a page."""

BLOCK = 24
"""Decodings between two looks at the clock."""

STEPS = 11
"""Places of a slider, and of each side of the plane."""

SIDE = 96
"""Pixels along the longer side of a picture; larger ones are averaged down."""

NUMBERS = 3_000_000
"""Numbers that observations other than pictures may have together."""

ROW = 32
"""Pictures in a row of a sheet."""

QUALITY = 85
"""Of WebP, out of 100."""


@dataclass(frozen=True)
class Library:
    """Decodings of chosen latents.

    Attributes:
        at: value of every slider at each latent, ``(n, u)``.
        back: the same of their responses, ``(n, u)``.
        distance: response distances, ``(n,)``.
        observations: decodings, ``(n, *x_shape)``; pictures are no larger than ``SIDE``.
        reason: why the page cannot run the model, in words.
    """

    at: Float[np.ndarray, "n u"]
    back: Float[np.ndarray, "n u"]
    distance: Float[np.ndarray, " n"]
    observations: np.ndarray
    reason: str


def make_library(model: Autoencoder, contents: Contents, *, reason: str, budget: float) -> Library:
    """Decode samples, walks, traversals of every unit, the plane, and rows, as many as there is time for.

    Args:
        model: any autoencoder.
        contents: what the page shows.
        reason: why it is needed.
        budget: seconds, about.
    """
    most = min(MOST, max(BLOCK, NUMBERS // contents.samples[0].size)) if not is_picture(contents.samples) else MOST
    z = torch.cat(list(_places(contents)))[:most]
    parts, begun = list[tuple[np.ndarray, ...]](), time.monotonic()
    for start in range(0, len(z), BLOCK):
        block = z[start : start + BLOCK]
        latents = block.view(-1, *model.latent_shape)
        back = respond(model, latents)
        moved = (back - latents).flatten(1)[:, contents.kept].double().norm(dim=1).float()
        seen = shrink(sampling.decode(model, latents).float())
        values = (values_of(flat, contents.sliders) for flat in (block, back.flatten(1)))
        parts.append((*(each.float().numpy() for each in values), moved.numpy(), seen.numpy()))
        if time.monotonic() - begun > budget:
            break
    at, back_values, distance, observations = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Library(at=at, back=back_values, distance=distance, observations=observations, reason=reason)


def is_picture(observations: np.ndarray) -> bool:
    """Whether observations ``(n, *x_shape)`` are grey or coloured pictures."""
    return observations.ndim == 4 and observations.shape[1] in (1, 3)


def shrink(x: Tensor) -> Tensor:
    """Average pictures ``(n, c, h, w)`` down to a longer side of ``SIDE``; leave everything else as it is."""
    if x.ndim != 4 or max(x.shape[2:]) <= SIDE:
        return x
    share = SIDE / max(x.shape[2:])
    sides = [max(1, round(side * share)) for side in x.shape[2:]]
    return F.interpolate(x, size=sides, mode="area")


def sheet(pictures: np.ndarray, reach: tuple[float, float]) -> str:
    """Return pictures ``(n, c, h, w)`` as one WebP, ``ROW`` in a row, written as a data URI."""
    from PIL import Image

    n, _, height, width = pictures.shape
    rows = -(-n // ROW)
    low, high = reach
    levels = np.rint(255 * np.clip((pictures - low) / ((high - low) or 1.0), 0, 1)).astype(np.uint8)
    canvas = np.zeros((rows * height, ROW * width, 3), np.uint8)
    for k, picture in enumerate(levels):
        top, left = k // ROW * height, k % ROW * width
        canvas[top : top + height, left : left + width] = picture.transpose(1, 2, 0)
    target = io.BytesIO()
    Image.fromarray(canvas).save(target, "WEBP", quality=QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(target.getvalue()).decode()}"


def _places(contents: Contents) -> Iterator[Tensor]:
    """Latents ``(k, d)`` that are decoded, the most telling first."""
    samples = torch.from_numpy(contents.sample_codes)
    yield samples
    order = sorted(contents.sliders, key=lambda slider: -(slider.response or 0.0))
    for start in samples[:1]:
        yield from (_traverse(start, slider) for slider in order)
    for walk in contents.walks:
        way = torch.from_numpy(walk.z)
        share = torch.linspace(0, 1, len(way))[:, None]
        yield torch.cat([way, way[:1] * (1 - share) + way[-1:] * share])[::2]
    if contents.plane is not None:
        across, up = (contents.sliders[unit] for unit in contents.plane)
        yield torch.cat([_traverse(row, across) for row in _traverse(samples[0], up)])
    yield torch.from_numpy(contents.drawn[:60])
    for start in samples[1:]:
        yield from (_traverse(start, slider) for slider in order[:6])
    yield torch.from_numpy(contents.codes)


def _traverse(z: Tensor, slider: Slider) -> Tensor:
    return move(z.expand(STEPS, -1), slider, torch.linspace(slider.low, slider.high, STEPS))
