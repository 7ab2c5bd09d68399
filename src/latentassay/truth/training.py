"""A small autoencoder that is trained on a world, so that defects can be planted in something that was learned."""

import functools

import torch
from torch import Tensor, nn

from latentassay.truth.plant import chance, torch_chance
from latentassay.truth.vectors import VectorWorld, vector_world


class Trained(nn.Module):
    """A plain autoencoder of one hidden layer a side, whose codes are brought to mean 0 and variance 1."""

    offset: Tensor
    size: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, observed: int, units: int, hidden: int = 64):
        super().__init__()
        self.inwards = nn.Sequential(nn.Linear(observed, hidden), nn.Tanh(), nn.Linear(hidden, units))
        self.outwards = nn.Sequential(nn.Linear(units, hidden), nn.Tanh(), nn.Linear(hidden, observed))
        self.register_buffer("offset", torch.zeros(observed))
        self.register_buffer("size", torch.ones(1))
        self.register_buffer("mean", torch.zeros(units))
        self.register_buffer("std", torch.ones(units))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return codes and no noise."""
        code = (self.inwards((x - self.offset) / self.size) - self.mean) / self.std
        return code, torch.zeros_like(code)

    def decode(self, hidden: Tensor) -> Tensor:
        """Return observations."""
        decoded: Tensor = self.outwards(hidden * self.std + self.mean) * self.size + self.offset
        return decoded


def train(world: VectorWorld, *, steps: int = 600) -> Trained:
    """Train a plain autoencoder of as many units as variables on fresh rows of a world; a second or two on one core."""
    x = world.draw(4000, part="train")
    with torch.random.fork_rng():
        torch.manual_seed(world.seed)
        model = Trained(x.shape[1], world.units)
    model.offset, model.size = x.mean(0), x.std()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generator = torch_chance(chance("batches", world.seed))
    for _ in range(steps):
        batch = x[torch.randint(len(x), (128,), generator=generator)]
        loss = (model.decode(model.encode(batch)[0]) - batch).square().mean() / model.size**2
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        code = model.encode(x)[0]
        model.mean, model.std = code.mean(0), code.std(0)
    return model.eval()


@functools.lru_cache(maxsize=4)
def trained_world(seed: int) -> tuple[VectorWorld, Trained]:
    """Return the warped world of a seed, and what was trained on it; kept, since several kinds and doses share it."""
    world = vector_world(seed, warped=True)
    return world, train(world)
