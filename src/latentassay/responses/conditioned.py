"""The conditioned response matrix and the scores read from it (LR 4.1.1, 4.1.2, A.4.1)."""

import warnings
from itertools import combinations
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder, eval_mode, latent_shape_of
from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.observations import FactoredObservations, finite, groups_varying
from latentassay.core.progress import bar
from latentassay.core.randomness import as_generator
from latentassay.core.units import Units, as_units
from latentassay.responses.group_averages import AVERAGES, average_groups, leave_one_out
from latentassay.responses.response import prepare_responses
from latentassay.responses.stopping import Stopping
from latentassay.sampling import BATCH_SIZE, drawn, encode
from latentassay.stats.intervals import student

OVER = ("samples", "means")
"""What latents a conditioned response matrix is measured at."""

FIRST, LEAST = 4, 12
"""Groups in the first round under a budget, and groups before an interval is trusted enough to stop a unit."""


class ConditionedMatrix(NamedTuple):
    """Root mean squared diagonal response while only one factor varies; arrays are torch tensors.

    Attributes:
        matrix: ``M*[m,j]``, row = factor that varies, column = unit intervened on.
        matrix_stderr: its standard error, groups being the independent pieces; a row of a single group cannot tell, and
            has 0.
        factor_names: name of every row.
        units: the units intervened on.
        groups: how many groups each row rests on, at most.
        samples: how many latents each row rests on, at most.
        used: how many groups every entry rests on; fewer where a unit stopped early.
        group_sums: for every row, squared responses summed inside each group, ``(groups, u)``; 0 where a unit had
            stopped. Nothing where a matrix was made without them.
        group_sizes: for every row, latents in each group, ``(groups,)``.
        group_rows: for every row, which rows of the data its groups hold, one group after another.
        over: what z was, ``"samples"`` of the posteriors or their ``"means"``.
        average: what was averaged over groups, ``"squares"`` or ``"roots"``.
    """

    matrix: Float[Tensor, "m u"]
    matrix_stderr: Float[Tensor, "m u"]
    factor_names: tuple[str, ...]
    units: Units
    groups: tuple[int, ...]
    samples: tuple[int, ...]
    used: Int[Tensor, "m u"]
    group_sums: tuple[Float[Tensor, "_ u"], ...] = ()
    group_sizes: tuple[Int[Tensor, " _"], ...] = ()
    group_rows: tuple[Int[Tensor, " _"], ...] = ()
    over: str = "samples"
    average: str = "squares"


class CausalScore(NamedTuple):
    """How concentrated a conditioned response matrix is.

    Attributes:
        score: CDS or CCS in [0, 1], with the interval of the jackknife: each group of each factor is left out in turn,
            which knows that the units of a row meet the same groups, and groups of two factors that hold the same row
            of the data count as dependent. Where a matrix has no groups its standard error is linearised, entries being
            taken as independent.
        shares: what it was summed from.
        variant: the definition in words.
    """

    score: Estimate
    shares: Float[Tensor, " k"]
    variant: str


class _Tally:
    """What is known of one factor so far: squared diagonal responses, summed inside every group."""

    def __init__(self, groups: list[Tensor], units: int):
        self.groups, self.sizes = groups, torch.tensor([len(group) for group in groups])
        self.sums = torch.zeros(len(groups), units, dtype=torch.float64)
        self.used = torch.zeros(units, dtype=torch.long)
        self.active = list(range(units))

    def entries(self, average: str) -> tuple[Float[Tensor, " u"], Float[Tensor, " u"]]:
        """Return the row of the matrix and its standard errors."""
        return average_groups(self.sums, self.sizes, self.used, average)


def conditioned_response_matrix(
    model: Autoencoder,
    data: FactoredObservations,
    *,
    generator: Generator | int = 0,
    units: Units | Any = None,
    groups_per_factor: int = 50,
    over: str = "samples",
    average: str = "squares",
    precision: float | int | None = None,
    budget: float | int | None = None,
    batch_size: int = BATCH_SIZE,
) -> ConditionedMatrix:
    """Measure ``M*[m,j]``, how far unit j responds to a change of itself to values that occur while factor m varies.

    For each factor, groups of rows that agree on all others are drawn; inside a group every row is encoded
    to z ~ q(z|x) and unit j takes the value it has in the next row of the (shuffled) group. Works on full grids and on
    partial sets. As the text prints it (LR equation 6), z are samples and ``M*`` the root of the mean square over
    groups and samples; the authors' code has ``over="means"`` and ``average="roots"``. Samples of a unit differ even
    where the factor leaves its mean alone, so only means have the zeros of the paper's figure 6c.

    Args:
        model: any autoencoder.
        data: observations with at least two factors.
        units: what is intervened on; give only the causal units to save time.
        groups_per_factor: at most this many groups are drawn for each factor.
        over: z are ``"samples"`` of the posteriors, or their ``"means"``.
        average: ``"squares"``, the root of the mean over groups and samples; or ``"roots"``, the mean over groups of
            root mean squares.
        precision: stop an entry as soon as its 95 % interval is no wider to each side than this times the greatest
            entry of its column.
        budget: seconds after which no further groups are measured.

    Raises:
        InputError: fewer than two factors, or a factor that never varies alone in the data; ``groups_per_factor``
            below 2; NaN or infinite values; precision or budget not positive; an unknown ``over`` or ``average``.

    Source: LR equation 6, figure 6c and the authors' public code.
    """
    _check_variant(over, average)
    factors = data.factors.reshape(len(data), -1)
    if factors.shape[1] < 2:
        raise InputError(f"conditioning needs at least two factors, the data have {factors.shape[1]}")
    if groups_per_factor < 2:
        raise InputError(f"groups_per_factor must be at least 2, got {groups_per_factor}")
    units, stopping, generator = (
        as_units(units, latent_shape_of(model)),
        Stopping(precision, budget),
        as_generator(generator),
    )
    drawn_groups = [_draw_groups(data, m, groups_per_factor, generator) for m in range(factors.shape[1])]
    tallies = [_Tally(groups, len(units)) for groups in drawn_groups]
    source = _Source(
        model=model,
        data=data,
        units=units,
        generator=generator,
        batch_size=batch_size,
        over=over,
        average=average,
    )
    _measure(source, tallies, stopping)
    return _assemble(source, tallies)


def reaverage(c: ConditionedMatrix, average: str) -> ConditionedMatrix:
    """Return the same measurement averaged over groups in another way; nothing is measured again.

    Args:
        c: what ``conditioned_response_matrix`` returned.
        average: ``"squares"`` or ``"roots"``, as there.

    Raises:
        InputError: an unknown average, or a matrix without its groups.
    """
    _check_variant(c.over, average)
    if not c.group_sums:
        raise InputError("the matrix holds no sums of its groups; measure it with conditioned_response_matrix")
    parts = zip(c.group_sums, c.group_sizes, c.used, strict=True)
    rows = [average_groups(sums, sizes, used, average) for sums, sizes, used in parts]
    matrix, stderr = (torch.stack(part) for part in zip(*rows, strict=True))
    return c._replace(matrix=matrix, matrix_stderr=stderr, average=average)


def _check_variant(over: str, average: str) -> None:
    if over not in OVER:
        raise InputError(f"over must be one of {', '.join(OVER)}, got {over!r}")
    if average not in AVERAGES:
        raise InputError(f"average must be one of {', '.join(AVERAGES)}, got {average!r}")


class _Source(NamedTuple):
    """Where responses come from."""

    model: Autoencoder
    data: FactoredObservations
    units: Units
    generator: Generator
    batch_size: int
    over: str = "samples"
    average: str = "squares"


def _measure(source: _Source, tallies: list[_Tally], stopping: Stopping) -> None:
    """Take further groups of every factor in rounds, until all is precise or used, or the time is spent."""
    passes = len(source.units) + 1
    with bar(sum(int(tally.sizes.sum()) for tally in tallies) * passes, "conditioned responses") as progress:
        done, total = 0, max(len(tally.groups) for tally in tallies)
        while done < total:
            count = stopping.next_round(done, total, first=FIRST, least=LEAST, cost=_cost(tallies, done))
            if not count or not any(tally.active for tally in tallies):
                break
            for tally in tallies:
                _extend(source, tally, slice(done, done + count))
                rows = int(tally.sizes[done : done + count].sum())
                stopping.count(rows * (len(tally.active) + 1) if tally.active else 0)
                progress.update(rows * passes)
            done += count
            if done >= LEAST:
                _retire(tallies, stopping, source.average)


def _assemble(source: _Source, tallies: list[_Tally]) -> ConditionedMatrix:
    rows = [tally.entries(source.average) for tally in tallies]
    matrix, stderr = (torch.stack(part) for part in zip(*rows, strict=True))
    used = torch.stack([tally.used for tally in tallies])
    groups = tuple(int(row.max()) for row in used)
    return ConditionedMatrix(
        matrix=matrix,
        matrix_stderr=stderr,
        factor_names=tuple(source.data.factor_names),
        units=source.units,
        groups=groups,
        samples=tuple(int(tally.sizes[:count].sum()) for tally, count in zip(tallies, groups, strict=True)),
        used=used,
        group_sums=tuple(tally.sums[:count] for tally, count in zip(tallies, groups, strict=True)),
        group_sizes=tuple(tally.sizes[:count] for tally, count in zip(tallies, groups, strict=True)),
        group_rows=tuple(torch.cat(tally.groups[:count]) for tally, count in zip(tallies, groups, strict=True)),
        over=source.over,
        average=source.average,
    )


def _draw_groups(data: FactoredObservations, factor: int, count: int, generator: Generator) -> list[Tensor]:
    seed = int(torch.randint(2**31, (1,), generator=generator))
    groups = groups_varying(data.factors, factor, limit=count, seed=seed)
    if not groups:
        name = data.factor_names[factor]
        raise InputError(f"{name!r} never varies while the other factors stay; use more rows or drop this factor")
    order = torch.randperm(len(groups), generator=generator)
    found = [torch.from_numpy(groups[int(g)]) for g in order]
    return [group[torch.randperm(len(group), generator=generator)] for group in found]


def _cost(tallies: list[_Tally], done: int) -> int:
    """Passes that one more group of every factor takes, about."""
    left = [(tally.sizes[done:], len(tally.active) + 1) for tally in tallies if len(tally.groups) > done]
    return max(1, round(sum(float(sizes.double().mean()) * passes for sizes, passes in left)))


def _extend(source: _Source, tally: _Tally, part: slice) -> None:
    """Measure further groups of one factor for the units that are still measured."""
    groups = tally.groups[part]
    if not groups or not tally.active:
        return
    sizes, size = [len(group) for group in groups], source.batch_size
    rows = torch.cat(groups)
    codes = encode(source.model, source.data, rows=rows, generator=source.generator, batch_size=size)
    z = drawn(codes) if source.over == "samples" else finite(codes.mean, "posterior means")
    values = torch.cat([inside.roll(-1, 0) for inside in torch.split(z, sizes)])
    squares = _squares(source, z, values, tally.active)
    group = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    sums = torch.zeros(len(sizes), len(tally.active), dtype=torch.float64)
    sums.index_add_(0, group, finite(squares, "squared responses"))
    tally.sums[part.start : part.start + len(groups), tally.active] = sums
    tally.used[tally.active] += len(groups)


def _squares(source: _Source, z: Tensor, values: Tensor, active: list[int]) -> Float[Tensor, "n a"]:
    """Squared response of every active unit to a change of itself."""
    units, squares = source.units, torch.empty(len(z), len(active), dtype=torch.float64)
    with eval_mode(source.model, z) as (device, dtype):
        for rows in torch.split(torch.arange(len(z)), source.batch_size):
            base, new = z[rows].to(device, dtype), values[rows].to(device, dtype)
            response, respond_changed = prepare_responses(source.model, units, base)
            for column, j in enumerate(active):
                squares[rows, column] = units.squared_norm(respond_changed(j, new) - response)[:, j].double().cpu()
    return squares


def _retire(tallies: list[_Tally], stopping: Stopping, average: str) -> None:
    """Stop measuring units whose entry is precise enough beside the greatest of its column."""
    matrix, stderr = zip(*(tally.entries(average) for tally in tallies), strict=True)
    greatest = torch.stack(matrix).amax(0)
    for tally, errors in zip(tallies, stderr, strict=True):
        half = Z95 * errors
        tally.active = [j for j in tally.active if not stopping.is_precise(float(half[j]), float(greatest[j]))]


def causal_disentanglement(c: ConditionedMatrix, *, rescaled: bool = True) -> CausalScore:
    """Return the causal disentanglement score (CDS), which says whether each unit serves one factor.

    ``Σ_j max_m M*[m,j] / Σ_mj M*[m,j]``. A matrix of zeros scores 0 with a warning.

    Args:
        c: what ``conditioned_response_matrix`` returned, its units the causal ones.
        rescaled: map [1/m, 1] to [0, 1], m the number of factors, as the text says; the authors' code does not.
            It also measures ``c`` in another way, see there.

    Source: LR equation 7.
    """
    return _concentration(c, 0, rescaled, "CDS")


def causal_completeness(c: ConditionedMatrix, *, rescaled: bool = True) -> CausalScore:
    """Return the causal completeness score (CCS), which says whether each factor lives in one unit.

    ``Σ_m max_j M*[m,j] / Σ_mj M*[m,j]``. A single unit scores 1; a matrix of zeros scores 0 with a warning.

    Args:
        c: what ``conditioned_response_matrix`` returned, its units the causal ones.
        rescaled: map [1/u, 1] to [0, 1], u the number of units.

    Source: LR equation 13.
    """
    return _concentration(c, 1, rescaled, "CCS")


def _concentration(c: ConditionedMatrix, axis: int, rescaled: bool, name: str) -> CausalScore:
    matrix, n = c.matrix, sum(c.samples)
    total, choices = matrix.sum(), matrix.shape[axis]
    variant = f"{name}, {'rescaled to [0, 1]' if rescaled else f'not rescaled (least value 1/{choices})'}"
    variant += ", over means" * (c.over == "means") + ", mean of groups' roots" * (c.average == "roots")
    if total == 0:
        warnings.warn(f"{name}: no unit responds to any factor; the score is 0 by definition", stacklevel=3)
        return CausalScore(Estimate(0.0, n=n), torch.zeros(matrix.shape[1 - axis]), variant)
    shares = matrix.amax(axis) / total
    score = float(shares.sum())
    least = 1 / choices if rescaled and choices > 1 else 0.0
    scale = 1 / (1 - least)
    stderr = _linear_stderr(c, axis, score) * scale
    value = (score - least) * scale
    if not c.group_sums:
        return CausalScore(Estimate(value, stderr=stderr, n=n), shares, variant)
    spread, bias = (scale * part for part in _jackknife(c, axis, score))
    groups = torch.tensor([float(max(1, min(c.groups) - 1))])
    half = float(student(groups)) * spread
    # The greatest of noisy entries is too great: the jackknife shows by how much, and that end is moved.
    low, high = value - half - max(0.0, bias), value + half - min(0.0, bias)
    found = Estimate(value, low=max(low, min(0.0, value)), high=min(high, max(1.0, value)), stderr=spread, n=n)
    return CausalScore(found, shares, variant)


def _linear_stderr(c: ConditionedMatrix, axis: int, score: float) -> float:
    """Standard error of a concentration, entries being independent.

    It is a ratio of sums: an entry adds to it by being greatest, and takes from it by being there at all.
    """
    greatest = torch.zeros_like(c.matrix).scatter_(axis, c.matrix.argmax(axis, keepdim=True), 1.0)
    return float((((greatest - score) / c.matrix.sum()) * c.matrix_stderr).square().sum().sqrt())


def _jackknife(c: ConditionedMatrix, axis: int, score: float) -> tuple[float, float]:
    """Standard error and bias of a concentration, each group of each factor being left out in turn."""
    influences, bias = [], 0.0
    for m, (sums, sizes) in enumerate(zip(c.group_sums, c.group_sizes, strict=True)):
        groups = len(sums)
        without = c.matrix.repeat(groups, 1, 1)
        without[:, m] = leave_one_out(sums, sizes, c.used[m], c.average) if groups > 1 else c.matrix[m]
        scores = without.amax(1 + axis).sum(1) / without.sum((1, 2)).clamp(min=1e-300)
        influences.append((scores - scores.mean()) * ((groups - 1) / groups) ** 0.5)
        bias += (groups - 1) * (float(scores.mean()) - score)
    own = float(torch.cat(influences).square().sum())
    # What is estimated from shared rows may come out below 0 by luck, and then takes away no more than half.
    return max(own / 2, own + _of_shared_rows(c, influences)) ** 0.5, bias


def _of_shared_rows(c: ConditionedMatrix, influences: list[Float[Tensor, " _"]]) -> float:
    """Covariance of groups of different factors that hold the same rows of the data: its part of a score's variance."""
    if not c.group_rows:
        return 0.0
    rows = torch.unique(torch.cat(c.group_rows), return_inverse=True)[1].split([len(part) for part in c.group_rows])
    group = torch.full((len(rows), 1 + max(int(part.max()) for part in rows)), -1)
    for m, (part, sizes) in enumerate(zip(rows, c.group_sizes, strict=True)):
        group[m, part] = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
    total = 0.0
    for a, b in combinations(range(len(rows)), 2):
        first, other = torch.unique(group[[a, b]][:, (group[[a, b]] >= 0).all(0)], dim=1)
        total += 2 * float((influences[a][first] * influences[b][other]).sum())
    return total
