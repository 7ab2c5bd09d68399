"""Do encoder and decoder belong together, or are they of different training runs?"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.assay.input_checks.gains import error_ratio
from latentassay.core.autoencoder import Autoencoder, eval_mode, to_model
from latentassay.core.estimate import Estimate
from latentassay.core.guard import decode_batch, encode_means
from latentassay.core.levels import Bounds, Level, grade
from latentassay.core.observations import Observations, finite
from latentassay.core.randomness import as_generator
from latentassay.sampling import BATCH_SIZE, blocks
from latentassay.stats.intervals import student_estimate

REGAINED = Bounds(
    0.0, 0.1, 0.3, "share of the variance that an affine map of codes regains and no change of scale", 0.3
)
"""How much better a decoder must understand codes that were mapped to its own before it is called a stranger."""

KEPT = 0.4
"""Without a map, reconstructions must keep less than this share of what they keep with it."""

MAPPED = 0.6
"""With the map they must keep this share of the variance, beyond doubt."""

ALIKE = 4.0
"""A decoder that was trained on such data varies about as much as they do, and so do responses and codes: no more than
by this factor. One that was never trained mostly does not."""

OWN = 0.5
"""Latents that correlate so much with their own responses are read by the encoder as what the decoder takes them for.
Some of them may still move each other; that is said of the units."""

ROWS_PER_DIRECTION = 2
"""Rows that the map is fitted on for each direction of codes that it may use."""

RIDGES = (1e-3, 1e-2, 1e-1, 1.0)
"""Penalties of the fit that are tried, as shares of the mean variance of a direction. Small ones undo a turn exactly;
great ones leave alone what the decoder hardly answers to, where codes may lie far outside of what was seen."""


Map = Callable[[Float[Tensor, "n d"]], Float[Tensor, "n k"]]
"""Latents, flattened, to others."""


class Belonging(NamedTuple):
    """What maps of codes would regain; every share is of the variance of the data, on rows that no map was fitted on.

    Attributes:
        kept: share that reconstructions keep as they are.
        kept_mapped: share that is kept if codes pass through an affine map to those that the decoder understands.
        kept_scaled: share that is kept if every latent only has another scale (not negative) and another mean.
        regained: ``kept_mapped`` less the best of the two others and 0, which the mean of the data keeps.
        predicted: share of the variance of responses, ``E(D(z))``, that an affine map of z predicts.
        decoded: variance of decodings over that of the data.
        answered: variance of responses over that of codes.
        own: correlation of latents with their own responses, mean over latents weighted by both deviations.
        level: of ``regained`` against ``REGAINED``; "good" where ``kept`` is ``KEPT`` of ``kept_mapped`` or more, or
            ``own`` at least ``OWN``, and "note" where ``kept_mapped`` is not surely above ``MAPPED``, or ``decoded`` or
            ``answered`` is not ``ALIKE``.
        n: number of rows, half of which the maps are fitted on.
    """

    kept: Estimate
    kept_mapped: Estimate
    kept_scaled: Estimate
    regained: Estimate
    predicted: float
    decoded: float
    answered: float
    own: float
    level: Level
    n: int


def belonging(
    model: Autoencoder,
    data: Observations,
    rows: Tensor,
    mean: Tensor,
    *,
    generator: Generator | int = 0,
    batch_size: int = BATCH_SIZE,
) -> Belonging:
    """Look for an affine map of codes with which the decoder understands the encoder.

    If R(z) = E(D(z)) is a map of z that can be turned round, A(R(z)) ≈ z, then the decoder wants A(E(x)) where it
    gets E(x). R is asked at normal latents about the mean code, with the mean variance of codes in every direction:
    what this encoder never says may be what the decoder listens to. A is a ridge regression of z on R(z), in as many
    principal directions as the rows allow, or only a turn, whichever reconstructs half of the rows better; the other
    half says what D(A(E(x))) keeps of the data. Three kinds of models are not accused. One that has lost its data, or
    was never trained: no map brings them back. One that shrinks, overshoots or is off by a constant: a scale and a mean
    for every latent, none negative, do as well. One whose own reconstructions keep what a map keeps.

    Args:
        model: an autoencoder.
        data: observations.
        rows: numbers of rows, at least 8.
        mean: their posterior means, ``(n, *latent_shape)``.
        generator: draws the latents; or a seed.
        batch_size: rows per pass.

    Raises:
        InputError: reconstructions or responses that are NaN or infinite.
    """
    flat, shape = mean.flatten(1).double(), mean.shape[1:]
    fitted, tested = torch.arange(len(rows)) % 2 == 0, torch.arange(len(rows)) % 2 == 1
    noise = torch.randn(flat.shape, generator=as_generator(generator), dtype=torch.float64)
    z = flat.mean(0) + noise * _variance(flat) ** 0.5
    x = _respond(model, z.to(mean).view(-1, *shape), batch_size)

    def errors(one: Map, half: Tensor) -> Float[Tensor, " n"]:
        return _errors(model, data, rows[half], one(flat[half]).to(mean).view(-1, *shape), batch_size).errors

    maps = [_fit(x, z, ridge) for ridge in RIDGES] + [_fit_turn(x, z)]
    best = min(maps, key=lambda one: float(errors(one, fitted).sum()))
    plain, spread, decoded = _errors(model, data, rows[tested], mean[tested], batch_size)
    mapped, scaled = errors(best, tested), errors(_fit_scales(x, z), tested)
    kept, kept_mapped, kept_scaled = (_kept(error, spread) for error in (plain, mapped, scaled))
    other = min(plain, scaled, spread, key=lambda error: float(error.sum()))
    regained = _difference(other, mapped, spread)
    predicted, answered = _fit(z[fitted], x[fitted], RIDGES[0])(z[tested]), _variance(x) / max(_variance(z), 1e-300)
    own = _own(x, z)
    return Belonging(
        kept=kept,
        kept_mapped=kept_mapped,
        kept_scaled=kept_scaled,
        regained=regained,
        predicted=_kept_by(predicted, x[tested]),
        decoded=decoded,
        answered=answered,
        own=own,
        level="good"
        if own >= OWN
        else _level(kept, kept_mapped, regained, all(1 / ALIKE < ratio < ALIKE for ratio in (decoded, answered))),
        n=len(rows),
    )


def _own(x: Float[Tensor, "n d"], z: Float[Tensor, "n d"]) -> float:
    """Correlation of every column with the same of the other, weighted by both deviations."""
    one, other = x - x.mean(0), z - z.mean(0)
    weights = float((one.norm(dim=0) * other.norm(dim=0)).sum())
    return float((one * other).sum()) / weights if weights > 0 else 0.0


def _level(kept: Estimate, kept_mapped: Estimate, regained: Estimate, alike: bool) -> Level:
    if kept >= KEPT * kept_mapped:
        return "good"
    return grade(regained, REGAINED) if alike and (kept_mapped.low or 0.0) > MAPPED else "note"


class _Seen(NamedTuple):
    """What decodings are worth: squared errors, squared distances of the data to their mean, and their variance."""

    errors: Float[Tensor, " n"]
    spread: Float[Tensor, " n"]
    decoded: float


def _errors(model: Autoencoder, data: Observations, rows: Tensor, z: Tensor, batch_size: int) -> _Seen:
    """Compare decodings with rows; errors are huge where a latent so far out is no more decoded."""
    errors, spread, parts = [], [], list(blocks(len(rows), batch_size, "belonging"))
    sums = torch.zeros(2, *data.x_shape, dtype=torch.float64)
    centre = sum((data.batch(rows[part]).double().sum(0) for part in parts), torch.zeros(())) / len(rows)
    with eval_mode(model) as (device, dtype):
        for part in parts:
            x, y = data.batch(rows[part]).double(), decode_batch(model, z[part].to(device, dtype)).cpu().double()
            errors.append((x - y).square().flatten(1).mean(1))
            spread.append((x - centre).square().flatten(1).mean(1))
            sums += torch.stack([(y - centre).sum(0), (y - centre).square().sum(0)])
    total, about = torch.cat(spread), sums[1] / len(rows) - (sums[0] / len(rows)).square()
    decoded = float(about.mean() / total.mean().clamp(min=1e-300))
    return _Seen(torch.cat(errors).nan_to_num(nan=1e150, posinf=1e150), total, decoded)


def _respond(model: Autoencoder, z: Tensor, batch_size: int) -> Float[Tensor, "n d"]:
    """Posterior means of decodings."""
    with eval_mode(model) as (device, dtype):
        parts = []
        for part in blocks(len(z), batch_size, "belonging"):
            x = to_model(model, decode_batch(model, z[part].to(device, dtype)))
            parts.append(encode_means(model, x).mean.cpu().double().flatten(1))
    return finite(torch.cat(parts), "responses")


def _fit(x: Float[Tensor, "n d"], y: Float[Tensor, "n k"], ridge: float) -> Map:
    """Ridge regression of y on the principal directions of x that n rows can afford."""
    centre, middle = x.mean(0), y.mean(0)
    directions = max(1, min(x.shape[1], len(x) // ROWS_PER_DIRECTION))
    u, s, v = torch.linalg.svd(x - centre, full_matrices=False)
    u, s, v = u[:, :directions], s[:directions], v[:directions]
    shrunk = s / (s.square() + ridge * s.square().mean() + 1e-300)
    weights = v.T @ (shrunk[:, None] * (u.T @ (y - middle)))
    return lambda new: (new - centre) @ weights + middle


def _fit_turn(x: Float[Tensor, "n d"], y: Float[Tensor, "n d"]) -> Map:
    """Turn, mirrored or not, that brings x nearest to y (Procrustes), and their means to each other."""
    centre, middle = x.mean(0), y.mean(0)
    u, _, v = torch.linalg.svd((x - centre).T @ (y - middle))
    return lambda new: (new - centre) @ (u @ v) + middle


def _fit_scales(x: Float[Tensor, "n d"], y: Float[Tensor, "n d"]) -> Map:
    """Regression of every column of y on the same of x, with a slope of at least 0."""
    centre, middle = x.mean(0), y.mean(0)
    products, squares = ((x - centre) * (y - middle)).sum(0), (x - centre).square().sum(0)
    slope = torch.where(squares > 0, products / squares.clamp(min=1e-300), 0.0).clamp(min=0)
    return lambda new: (new - centre) * slope + middle


def _kept(error: Float[Tensor, " n"], spread: Float[Tensor, " n"]) -> Estimate:
    lost = error_ratio(error, spread)
    ends = [math.inf if end is None else 1 - end for end in (lost.high, lost.low)]
    return Estimate(1 - lost, low=ends[0], high=ends[1], n=len(error))


def _difference(plain: Float[Tensor, " n"], mapped: Float[Tensor, " n"], spread: Float[Tensor, " n"]) -> Estimate:
    """Share of the variance that the second has less of an error, paired by rows, with the linearised ratio."""
    n, gained = len(spread), plain - mapped
    value = float(gained.sum() / spread.sum())
    stderr = float((gained - value * spread).std() / spread.mean()) / n**0.5
    return student_estimate(value, stderr, n)


def _kept_by(guess: Float[Tensor, "n d"], truth: Float[Tensor, "n d"]) -> float:
    return 1 - float((truth - guess).square().mean()) / max(_variance(truth), 1e-300)


def _variance(values: Float[Tensor, "n d"]) -> float:
    """Variance of every column, averaged."""
    return float((values - values.mean(0)).square().mean())
