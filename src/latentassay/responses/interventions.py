"""Set one unit of all latents to one value, and measure what that changes in the response (IC 2.1)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from latentassay.core.arrays import as_tensor
from latentassay.core.autoencoder import Autoencoder, eval_mode
from latentassay.core.errors import ContractError, InputError
from latentassay.core.observations import finite
from latentassay.core.progress import bar
from latentassay.core.units import Units
from latentassay.responses.response import prepare_responses
from latentassay.stats.crossed import BlockSquares, Squares, varies

BLOCKS = 32
"""Most blocks of rows, whose differences tell how far an error depends on the rows."""

Causes = Callable[[Tensor], Tensor]


class Interventions(NamedTuple):
    """What is done to n latents: each of u units is set to v values in turn.

    Attributes:
        units: the units intervened on.
        donors: latents whose unit is the value, ``(u, v, *latent_shape)``: v for each unit.
        block: number of the block that each row belongs to, ``(n,)``.
        blocks: how many blocks there are.
        words: how many values, and where they came from.
    """

    units: Units
    donors: Tensor
    block: Int[Tensor, " n"]
    blocks: int
    words: str

    def shares(self, rows: Int[Tensor, " k"]) -> Float[Tensor, "b k"]:
        """Weights that sum rows up in their blocks, such that the mean over blocks is that over all rows."""
        return one_hot(self.block[rows], self.blocks).T.double() * (self.blocks / len(self.block))


class Spread(NamedTuple):
    """How far units vary over the rows.

    Attributes:
        variance: sum over the latents of a unit, ``(u,)``; 0 where there is nothing but rounding.
        blocks: what each block of rows adds to it, relative to it and less its share, ``(b, u)``.
    """

    variance: Float[Tensor, " u"]
    blocks: Float[Tensor, "b u"]


class Effects(NamedTuple):
    """What came of the interventions on u units.

    Attributes:
        changes: mean change, squared or as a distance, over that of the intervention, ``(u, v, u)``; 0 for one that
            changed nothing.
        blocks: what each block of rows adds to their mean over the values, less its share, ``(b, u, u)``.
        own: how much of an intervention comes back in the response of its own unit, always squared, mean over the
            values, ``(u,)``.
        response: how far responses vary.
        watched: how far what is watched varies: responses or their causes.
    """

    changes: Float[Tensor, "u v u"]
    blocks: Float[Tensor, "b u u"]
    own: Float[Tensor, " u"]
    response: Spread
    watched: Spread


def plan(
    units: Units, z: Tensor, donors: Any, values: int, generator: Generator, *, noun: str = "unit"
) -> Interventions:
    """Draw values for each unit, every row of ``donors`` at most once while they last, and deal rows into blocks.

    Args:
        units: what is intervened on.
        z: latents ``(n, *latent_shape)``.
        donors: latents that values are taken from; z itself where ``None``.
        values: how many values each unit is set to.
        generator: draws values and blocks.
        noun: what to call a unit in words.

    Raises:
        InputError: fewer than one value; donors of another shape, NaN or infinite.
    """
    if values < 1:
        raise InputError(f"values must be at least 1 for each unit, got {values}")
    source, words = (z, "the latents themselves") if donors is None else (_as_donors(donors, z), "given donors")
    rounds = -(-values // len(source))
    drawn = [torch.cat([torch.randperm(len(source), generator=generator) for _ in range(rounds)]) for _ in units.groups]
    blocks = min(BLOCKS, len(z))
    block = torch.randperm(len(z), generator=generator) % blocks
    words = f"{values} values for each {noun} from {words}"
    return Interventions(units, source[torch.stack(drawn)[:, :values]], block, blocks, words)


def _as_donors(donors: Any, z: Tensor) -> Tensor:
    found = as_tensor(donors, "donors")
    if not found.is_floating_point() or found.shape[1:] != z.shape[1:] or not len(found):
        raise InputError(
            f"donors must be floating-point latents (n, {', '.join(map(str, z.shape[1:]))}), got {found.dtype} "
            f"{tuple(found.shape)}; draw them as z is drawn, for example with la.sampling.posterior"
        )
    return finite(found.detach(), "donors")


def intervene(
    model: Autoencoder,
    z: Tensor,
    interventions: Interventions,
    *,
    causes: Causes | None = None,
    distances: bool = False,
    batch_size: int,
) -> Effects:
    """Measure what interventions change: squares of distances, or the ``distances`` themselves.

    Without causes that is R(replace(z, m, v)) − R(z). With causes f it is f(R(replace(z, m, v))) −
    f(replace(R(z), m, v)): how the response to an intervention differs from the intervened response.
    Costs ``1 + units · values`` decodings and encodings of z, and streams: memory does not grow with n.

    Raises:
        InputError: NaN or infinite responses or causes.
        ContractError: causes that are not ``(n, units, size)``.
    """
    units, donors = interventions.units, interventions.donors
    passes = 1 + len(units) * donors.shape[1]
    with eval_mode(model, z) as (device, dtype), bar(len(z) * passes, "interventions") as progress:
        epsilon = torch.finfo(dtype).eps
        sums = _Sums(interventions, z, epsilon, batch_size, distances=distances)
        for rows in torch.split(torch.arange(len(z)), batch_size):
            batch, shares = z[rows].to(device, dtype), interventions.shares(rows)
            response, respond_changed = prepare_responses(model, units, batch)
            sums.add_base(shares, response, None if causes is None else _causes_of(causes, response, len(units)))
            progress.update(len(rows))
            for m in range(len(units)):
                found = []
                for donor in donors[m].to(device, dtype):
                    value = donor.expand_as(batch)
                    new = respond_changed(m, value)
                    moved = apart = units.squared_norm(new - response)
                    if causes is not None:
                        apart = _apart(causes, new, units.replace(response, m, value.to(response)))
                    found.append(torch.cat([apart.sqrt() if distances else apart, moved[:, m : m + 1]], 1))
                    progress.update(len(rows))
                sums.add_change(m, shares, torch.stack(found))
    return sums.effects()


def spread(units: Units, squares: Squares, epsilon: float) -> Spread:
    """Sum squared deviations of latents up in their units; ``epsilon`` is the rounding of what they came from."""
    blocks = units.total(squares.blocks)
    total, power = blocks.mean(0), units.total(squares.mean.square()[None])[0]
    alive = varies(total, power, epsilon)
    relative = torch.where(alive, blocks / total.clamp(min=1e-300) - squares.weight, 0.0)
    return Spread(torch.where(alive, total * squares.n / (squares.n - 1), 0.0), relative)


def _sizes(interventions: Interventions, z: Tensor, epsilon: float, batch_size: int) -> Float[Tensor, "2 u v b"]:
    """Squared sizes of the interventions in each block of rows, and their sizes; 0 where a unit had that value."""
    groups, donors = interventions.units.groups, interventions.donors.flatten(2).cpu().double()
    out = torch.zeros(2, *donors.shape[:2], interventions.blocks, dtype=torch.float64)
    power = torch.zeros(len(groups), 1, 1, dtype=torch.float64)
    for rows in torch.split(torch.arange(len(z)), batch_size):
        flat, shares = z[rows].flatten(1).cpu().double(), interventions.shares(rows)
        for m, group in enumerate(map(list, groups)):
            away = torch.cdist(donors[m][:, group], flat[:, group], compute_mode="donot_use_mm_for_euclid_dist")
            out[:, m] += torch.stack([away.square(), away]) @ shares.T
            power[m] += flat[:, group].square().sum() / len(z)
    return torch.where(varies(out[0].mean(2, keepdim=True), power, epsilon), out, 0.0)


def _causes_of(causes: Causes, response: Tensor, units: int) -> Tensor:
    found = causes(response)
    if found.ndim != 3 or found.shape[:2] != (len(response), units):
        raise ContractError(
            f"causes must be one for each noise, ({len(response)}, {units}, size), got {tuple(found.shape)}"
        )
    return found


def _apart(causes: Causes, new: Tensor, expected: Tensor) -> Float[Tensor, "n u"]:
    """Squared distance between the causes of two sets of noises."""
    one, other = causes(torch.cat([new, expected])).chunk(2)
    return (one - other).square().sum(2)


class _Sums:
    """What ``intervene`` adds up, batch by batch."""

    def __init__(self, interventions: Interventions, z: Tensor, epsilon: float, batch_size: int, *, distances: bool):
        both = _sizes(interventions, z, epsilon, batch_size)
        self._units, self._sizes, self._epsilon = interventions.units, both[int(distances)], epsilon
        u, v, b = self._sizes.shape
        means = both.mean(3)
        self._per_square, per_distance = torch.where(means > 0, 1 / means.clamp(min=1e-300), 0.0)
        self._per_size = per_distance if distances else self._per_square
        self._changes = torch.zeros(u, v, u, dtype=torch.float64)
        self._blocks = torch.zeros(b, u, u, dtype=torch.float64)
        self._own = torch.zeros(u, dtype=torch.float64)
        self._response, self._causes = BlockSquares(), BlockSquares()
        self._cause_units: Units | None = None

    def add_base(self, shares: Float[Tensor, "b n"], response: Tensor, causes: Tensor | None) -> None:
        """Take responses without an intervention, and their causes."""
        self._response.add(shares, response)
        if causes is not None:
            self._causes.add(shares, causes)
            self._cause_units = Units.channels(causes.shape[1:])

    def add_change(self, m: int, shares: Float[Tensor, "b n"], changes: Float[Tensor, "v n u_and_own"]) -> None:
        """Take changes by every intervention on unit m, and last the squared change of its own response."""
        sums = shares @ changes.cpu().double()
        if not torch.isfinite(sums).all():
            raise InputError("responses hold NaN or infinite values; run la.check_autoencoder(model, x) to see where")
        relative = sums[..., :-1] * self._per_size[m][:, None, None]
        self._changes[m] += relative.mean(1)
        self._blocks[:, m] += relative.mean(0)
        self._own[m] += (sums[..., -1] * self._per_square[m][:, None]).mean()

    def effects(self) -> Effects:
        """Return what came of all of it."""
        response = spread(self._units, self._response.squares(), self._epsilon)
        causes = self._cause_units
        watched = spread(causes, self._causes.squares(), self._epsilon) if causes else response
        # A block whose rows were moved further is expected to change more.
        due = torch.einsum("mvi,mvb->bmi", self._changes, self._sizes * self._per_size[..., None])
        blocks = self._blocks - due / self._changes.shape[1]
        own = torch.where(response.variance > 0, self._own, 0.0)
        return Effects(self._changes, blocks, own, response, watched)
