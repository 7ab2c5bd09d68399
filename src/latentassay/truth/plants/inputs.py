"""Wrong values: data of another range, decoders of another scale or another run, biases, and one huge column."""

import torch
from torch import Tensor

from latentassay.truth.plant import Kind, Plant, chance, claim
from latentassay.truth.vectors import Faulty, VectorWorld, clean_vectors, orthonormal, vector_world

INSIDE = 1e-4
"""How near to 0 and 1 the encoder of bounded data looks."""

AFTERWARDS = frozenset(
    {
        "aggregate.correlated",
        "aggregate.shift",
        "aggregate.spread",
        "aggregate.tails",
        "consistency.independence",
        "consistency.invariance",
        "consistency.self",
        "consistency.self.hybrid",
        "field",
        "graph.entangled",
        "graph.one_way",
        "holes",
        "input_checks.outside",
        "input_checks.channels",
        "input_checks.scale",
        "posterior.overconfident",
        "posterior.underconfident",
        "reconstruction.bias",
        "reconstruction.columns",
        "reconstruction.kept",
        "structure",
        "units.faint",
        "units.strength",
    }
)
"""What is true besides of a model that gets, or gives, wrong values."""

NEVER = frozenset({"units.dead", "units.collapsed", "units.redundant"})


class UnitInterval:
    """A vector world seen through a sigmoid: its data lie in (0, 1), and its posterior stays exact."""

    def __init__(self, world: VectorWorld):
        self.world = world
        # Logits of about ±2, so that data fill the interval and rarely touch its ends.
        total = float(world.amplitude.square().sum() / len(world.basis)) ** 0.5
        self._size = 1.5 / total

    def draw(self) -> Tensor:
        """Draw rows in (0, 1)."""
        return self._squash(self.world.draw())

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the posterior; values outside of (0, 1) are taken for its ends, as saturated inputs are."""
        logits = x.clamp(INSIDE, 1 - INSIDE).logit()
        return self.world.encode(logits / self._size + self.world.offset)

    def decode(self, hidden: Tensor) -> Tensor:
        """Return observations in (0, 1)."""
        return self._squash(self.world.decode(hidden))

    def _squash(self, x: Tensor) -> Tensor:
        return torch.sigmoid((x - self.world.offset) * self._size)


def _bounded(seed: int) -> UnitInterval:
    return UnitInterval(vector_world(seed, warped=False))


def clean_bounded(seed: int) -> Plant:
    """Return the clean twin of models of data in (0, 1)."""
    world = _bounded(seed)
    return Plant(model=Faulty(world, (world.world.units,)), data=world.draw())


def bytes_given(times: float, seed: int) -> Plant:
    """Plant data that are so many times too large for a model of [0, 1]; 255 is bytes."""
    return _given(lambda x: times * x, seed)


def signed_given(size: float, seed: int) -> Plant:
    """Plant data in [−size, 1] for a model of [0, 1]."""
    return _given(lambda x: (1 + size) * x - size, seed)


def _given(change: object, seed: int) -> Plant:
    world = _bounded(seed)
    return Plant(
        model=Faulty(world, (world.world.units,)),
        data=change(world.draw()),  # type: ignore[operator]
        truth=frozenset({claim("input_checks.range")}),
        consequences=AFTERWARDS,
        never=NEVER,
    )


def logits_out(share: float, seed: int) -> Plant:
    """Plant a decoder of which a share is logits of data in (0, 1), all of it at 1."""
    return _output(lambda x: (1 - share) * x + share * x.clamp(INSIDE, 1 - INSIDE).logit(), seed)


def signed_out(size: float, seed: int) -> Plant:
    """Plant a decoder that gives values in [−size, 1] for data in [0, 1]."""
    return _output(lambda x: (1 + size) * x - size, seed)


def bytes_out(times: float, seed: int) -> Plant:
    """Plant a decoder whose values are so many times too large."""
    return _output(lambda x: times * x, seed)


def _output(paint: object, seed: int) -> Plant:
    world = _bounded(seed)
    return Plant(
        model=Faulty(world, (world.world.units,), paint=paint),  # type: ignore[arg-type]
        data=world.draw(),
        truth=frozenset({claim("input_checks.output")}),
        consequences=AFTERWARDS,
        never=NEVER,
    )


def other_run(share: float, seed: int) -> Plant:
    """Plant a decoder of another training run, whose axes are turned by so much of about a right angle."""
    world, rng = vector_world(seed), chance("decoder of another run", seed)
    basis = orthonormal(rng, world.units).double()
    angles = torch.from_numpy(rng.uniform(1.2, 1.9, world.units // 2)).double() * share
    twist = torch.zeros(world.units, world.units, dtype=torch.float64)
    for k, angle in enumerate(angles):
        twist[2 * k, 2 * k + 1], twist[2 * k + 1, 2 * k] = angle, -angle
    turn = (basis @ torch.linalg.matrix_exp(twist) @ basis.T).float()
    if share == 1:  # units of another run have another order as well
        turn = turn[torch.from_numpy(rng.permutation(world.units))]
    return Plant(
        model=Faulty(world, (world.units,), latent=lambda z: z @ turn),
        data=world.draw(),
        truth=frozenset({claim("input_checks.belong")}),
        consequences=AFTERWARDS,
        never=NEVER | {"units.encoder_blind"},
    )


def biased(by: float, seed: int) -> Plant:
    """Plant a decoder that adds a constant to one to three columns, in standard deviations of each."""
    world, rng = vector_world(seed), chance("decoder bias", seed)
    data = world.draw()
    columns = sorted(rng.choice(data.shape[1], int(rng.integers(1, 4)), replace=False).tolist())
    constant = torch.zeros(data.shape[1])
    constant[columns] = by * data.std(0)[columns] * torch.from_numpy(rng.choice([-1.0, 1.0], len(columns))).float()
    return Plant(
        model=Faulty(world, (world.units,), paint=lambda x: x + constant),
        data=data,
        truth=frozenset({claim("reconstruction.bias", *columns)}),
        consequences=frozenset({"reconstruction.kept", "reconstruction.columns", "consistency.self", "structure"}),
    )


def huge_column(share: float, seed: int) -> Plant:
    """Plant a column that holds this share of the variance; what is kept of all says nothing of the others.

    Columns are the variables themselves, each with noise; those that no unit holds are lost.
    """
    rng = chance("huge column", seed)
    units = int(rng.integers(4, 9))
    lost = int(rng.integers(units, 2 * units + 1))
    order = torch.from_numpy(rng.permutation(units + lost))
    noise = float(rng.uniform(0.1, 0.25))
    size = torch.ones(units + lost)
    great = int(order[int(rng.integers(units))])
    size[great] = (share / (1 - share) * (units + lost - 1)) ** 0.5
    held = order[:units]
    rows = torch.randn(int(rng.integers(2000, 3001)), units + lost, generator=torch.Generator().manual_seed(seed))

    class Columns:
        """Reads and writes the columns that it holds, shrunk as the optimum does."""

        def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
            mean = (x / size)[:, held] * (1 - noise**2) ** 0.5
            return mean, torch.full_like(mean, noise)

        def decode(self, hidden: Tensor) -> Tensor:
            x = torch.zeros(len(hidden), units + lost)
            x[:, held] = hidden * (1 - noise**2) ** 0.5
            return x * size

    return Plant(
        model=Faulty(Columns(), (units,)),
        data=rows * size,
        truth=frozenset(
            {
                claim("reconstruction.columns", great),
                claim("reconstruction.columns", *(column for column in range(units + lost) if column not in held)),
            }
        ),
        consequences=frozenset({"reconstruction.kept", "posterior.underconfident", "posterior.overconfident"}),
    )


BYTES = (3.0, 30.0, 255.0)
SIGNED = (0.3, 0.6, 1.0)

KINDS = (
    Kind(
        name="bytes for [0, 1]",
        keys=("input_checks.range",),
        sizes=BYTES,
        effect="times too large",
        plant=bytes_given,
        clean=clean_bounded,
    ),
    Kind(
        name="[−1, 1] for [0, 1]",
        keys=("input_checks.range",),
        sizes=SIGNED,
        effect="how far below 0 the data reach",
        plant=signed_given,
        clean=clean_bounded,
    ),
    Kind(
        name="logits out",
        keys=("input_checks.output",),
        sizes=SIGNED,
        effect="share of logits in the output",
        plant=logits_out,
        clean=clean_bounded,
    ),
    Kind(
        name="2x − 1 out",
        keys=("input_checks.output",),
        sizes=SIGNED,
        effect="how far below 0 the output reaches",
        plant=signed_out,
        clean=clean_bounded,
    ),
    Kind(
        name="bytes out",
        keys=("input_checks.output",),
        sizes=BYTES,
        effect="times too large",
        plant=bytes_out,
        clean=clean_bounded,
    ),
    Kind(
        name="decoder of another run",
        keys=("input_checks.belong",),
        sizes=(0.35, 0.7, 1.0),
        effect="of about a right angle in every plane",
        plant=other_run,
        clean=clean_vectors,
    ),
    Kind(
        name="decoder bias",
        keys=("reconstruction.bias",),
        sizes=(0.3, 0.6, 1.2),
        effect="standard deviations of the column",
        plant=biased,
        clean=clean_vectors,
    ),
    Kind(
        name="huge column",
        keys=("reconstruction.columns",),
        sizes=(0.9, 0.97, 0.999),
        effect="share of the variance in the column",
        plant=huge_column,
        clean=clean_vectors,
    ),
)
