"""Models without any defect, which may be blamed for nothing: optima on noisy data, PCA, the identity, trained ones."""

import torch
from torch import Tensor, nn

from latentassay.adapters import from_sklearn
from latentassay.truth.plant import Kind, Plant, chance, torch_chance
from latentassay.truth.vectors import Faulty, VectorWorld, known_of, vector_world


def noisy_optimum(seed: int) -> Plant:
    """Return the optimum on data of which a fifth to two fifths of every variable's code is noise.

    Changes come back at 1 − E[s²] of their size, and means are shrunk: both as they must be.
    """
    world = vector_world(seed, warped=False, noise=(0.45, 0.62))
    return Plant(model=Faulty(world, (world.units,)), data=world.draw(), known=known_of(world))


def pca(seed: int) -> Plant:
    """Return scikit-learn's PCA of vectors, with as many components as there are variables."""
    from sklearn.decomposition import PCA

    world = vector_world(seed)
    x = world.draw()
    fitted = PCA(world.units, random_state=seed).fit(world.draw(2000, part="train").numpy())
    return Plant(model=from_sklearn(fitted), data=x)


def identity(seed: int) -> Plant:
    """Return a model that hands on what it is given, and normal data."""
    rng = chance("identity", seed)
    size = int(rng.integers(2, 13))

    class Same:
        """Hands on."""

        def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, torch.zeros_like(x)

        def decode(self, hidden: Tensor) -> Tensor:
            return hidden

    x = torch.randn(2000, size, generator=torch_chance(rng))
    return Plant(model=Faulty(Same(), (size,), prior=False), data=x)


class Trained(nn.Module):
    """A plain autoencoder of two hidden layers, whose codes are brought to mean 0 and variance 1."""

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
    """Train a plain autoencoder on fresh rows of a world; a second or two on one core."""
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
    return model.eval().requires_grad_(False)


def trained(seed: int) -> Plant:
    """Return a plain autoencoder, trained, of as many units as there are variables."""
    world = vector_world(seed, warped=True)
    return Plant(model=Faulty(train(world), (world.units,), prior=False), data=world.draw())


def _clean(name: str, effect: str, build: object) -> Kind:
    return Kind(
        name=name,
        keys=(),
        sizes=(0, 0, 0),
        effect=effect,
        plant=lambda size, seed: build(seed),  # type: ignore[operator]
        clean=build,  # type: ignore[arg-type]
    )


KINDS = (
    _clean("exact optimum on noisy data", "changes come back at 1 − E[s²]", noisy_optimum),
    _clean("PCA", "scikit-learn's", pca),
    _clean("identity", "hands on what it is given", identity),
    _clean("trained autoencoder", "plain, of as many units as variables", trained),
)
