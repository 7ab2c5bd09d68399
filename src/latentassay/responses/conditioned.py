"""The conditioned response matrix and the scores read from it (LR 4.1.1, 4.1.2, A.4.1)."""

import warnings
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.autoencoder import Autoencoder, questioning
from latentassay.errors import InputError
from latentassay.observations import FactoredObservations, groups_varying
from latentassay.progress import bar
from latentassay.responses.response import respond_once
from latentassay.sampling import BATCH_SIZE, drawn, encode
from latentassay.units import Units, as_units


class ConditionedMatrix(NamedTuple):
    """Root mean squared diagonal response while only one factor varies.

    Attributes:
        matrix: ``M*[m,j]``, row = factor that varies, column = unit intervened on.
        stderr: its standard error, groups being the independent pieces.
        factor_names: name of every row.
        units: the units intervened on.
        groups: how many groups each row rests on.
        samples: how many latents each row rests on.
    """

    matrix: Float[Tensor, "m u"]
    stderr: Float[Tensor, "m u"]
    factor_names: tuple[str, ...]
    units: Units
    groups: tuple[int, ...]
    samples: tuple[int, ...]


class CausalScore(NamedTuple):
    """CDS or CCS in [0, 1], with the shares it was summed from and its variant in words."""

    score: float
    shares: Float[Tensor, " k"]
    variant: str


def conditioned_response_matrix(
    model: Autoencoder,
    data: FactoredObservations,
    *,
    generator: Generator,
    units: Units | Any = None,
    groups_per_factor: int = 50,
    batch_size: int = BATCH_SIZE,
) -> ConditionedMatrix:
    """Measure ``M*[m,j]``: the diagonal response of unit j to values that occur while only factor m varies.

    For each factor, groups of rows that agree on all others are drawn; inside a group every row is encoded
    to z ~ q(z|x) and unit j takes the value it has in the next row of the (shuffled) group. The mean runs
    over groups and samples. Works on full grids and on partial sets.

    Args:
        model: any autoencoder.
        data: observations with at least two factors.
        units: what is intervened on; give only the causal units to save time.
        groups_per_factor: at most this many groups are drawn for each factor.

    Raises:
        InputError: fewer than two factors, or a factor that never varies alone in the data.
    """
    if data.factors.shape[1] < 2:
        raise InputError(f"conditioning needs at least two factors, the data have {data.factors.shape[1]}")
    units = as_units(units, model.latent_shape)
    rows = [_draw_groups(data, m, groups_per_factor, generator) for m in range(data.factors.shape[1])]
    total = sum(len(group) for groups in rows for group in groups)
    with bar(total * (len(units) + 1), "conditioned responses") as progress:
        measured = [_row(model, data, groups, units, generator, batch_size, progress) for groups in rows]
    matrix, stderr = (torch.stack(part) for part in zip(*measured, strict=True))
    samples = tuple(sum(map(len, groups)) for groups in rows)
    return ConditionedMatrix(matrix, stderr, tuple(data.factor_names), units, tuple(map(len, rows)), samples)


def _draw_groups(data: FactoredObservations, factor: int, count: int, generator: Generator) -> list[Tensor]:
    seed = int(torch.randint(2**31, (1,), generator=generator))
    groups = groups_varying(data.factors, factor, limit=count, seed=seed)
    if not groups:
        name = data.factor_names[factor]
        raise InputError(f"{name!r} never varies while the other factors stay; use more rows or drop this factor")
    return [torch.from_numpy(group)[torch.randperm(len(group), generator=generator)] for group in groups]


def _row(
    model: Autoencoder,
    data: FactoredObservations,
    groups: list[Tensor],
    units: Units,
    generator: Generator,
    batch_size: int,
    progress: Any,
) -> tuple[Float[Tensor, " u"], Float[Tensor, " u"]]:
    """Squared diagonal responses of one factor's groups, as root mean and standard error per unit."""
    sizes = [len(group) for group in groups]
    z = drawn(encode(model, data, rows=torch.cat(groups), generator=generator, batch_size=batch_size))
    values = torch.cat([part.roll(-1, 0) for part in torch.split(z, sizes)])
    squares = torch.empty(len(z), len(units), dtype=torch.float64)
    with questioning(model) as (device, dtype):
        for start in range(0, len(z), batch_size):
            block = slice(start, start + batch_size)
            base, new = z[block].to(device, dtype), values[block].to(device, dtype)
            response = respond_once(model, base)
            for j in range(len(units)):
                change = respond_once(model, units.replace(base, j, new)) - response
                squares[block, j] = units.squared_norm(change)[:, j].double().cpu()
            progress.update(len(base) * (len(units) + 1))
    return _clustered_root_mean(squares, torch.tensor(sizes))


def _clustered_root_mean(
    squares: Float[Tensor, "n u"], sizes: Tensor
) -> tuple[Float[Tensor, " u"], Float[Tensor, " u"]]:
    """√mean and its standard error, by the linearised ratio of group sums to group sizes."""
    mean = squares.mean(0)
    group = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
    residual = torch.zeros(len(sizes), squares.shape[1], dtype=torch.float64).index_add_(0, group, squares - mean)
    count = max(len(sizes), 2)
    stderr_of_mean = (residual.square().sum(0) * count / (count - 1)).sqrt() / len(squares)
    return mean.sqrt(), stderr_of_mean / (2 * mean.sqrt()).clamp(min=1e-300)


def causal_disentanglement(c: ConditionedMatrix, *, rescaled: bool = True) -> CausalScore:
    """CDS = Σ_j max_m M*[m,j] / Σ_mj M*[m,j] (LR equation 7): does each unit serve one factor?

    Args:
        c: what ``conditioned_response_matrix`` returned, its units the causal ones.
        rescaled: map [1/m, 1] to [0, 1], m the number of factors, as the text says; the published code
            does not.

    A matrix of zeros scores 0 with a warning.
    """
    return _concentration(c.matrix, 0, rescaled, "CDS")


def causal_completeness(c: ConditionedMatrix, *, rescaled: bool = True) -> CausalScore:
    """CCS = Σ_m max_j M*[m,j] / Σ_mj M*[m,j] (LR equation 13): does each factor live in one unit?

    Rescaled from [1/u, 1], u the number of units, unless ``rescaled`` is false. A single unit scores 1.
    """
    return _concentration(c.matrix, 1, rescaled, "CCS")


def _concentration(matrix: Float[Tensor, "m u"], axis: int, rescaled: bool, name: str) -> CausalScore:
    total, choices = matrix.sum(), matrix.shape[axis]
    variant = f"{name}, {'rescaled to [0, 1]' if rescaled else f'not rescaled (least value 1/{choices})'}"
    if total == 0:
        warnings.warn(f"{name}: no unit responds to any factor; the score is 0 by definition", stacklevel=3)
        return CausalScore(0.0, torch.zeros(matrix.shape[1 - axis]), variant)
    shares = matrix.amax(axis) / total
    score = float(shares.sum())
    if rescaled and choices > 1:
        score = (score - 1 / choices) / (1 - 1 / choices)
    return CausalScore(score, shares, variant)
