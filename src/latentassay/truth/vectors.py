"""Vector worlds: data whose hidden variables, noise and posterior are known, and their optimum with faults put in.

A row is ``x = offset + warp(Q (w ⊙ c) + σ ε)`` with hidden variables c ~ N(0, I), orthonormal columns Q, amplitudes w
and noise ε ~ N(0, I). The posterior of the optimal VAE with unit Gaussian prior is then diagonal and known
(probabilistic PCA, Tipping and Bishop 1999): ``mean = w Qᵀy / (w² + σ²)``, ``std² = σ² / (w² + σ²)``. The warp is
invertible: ``τ sinh(a asinh(t/τ))`` in another orthonormal basis.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.posteriors import DiagonalGaussian, Posterior, Prior, StandardNormal
from latentassay.truth.plant import Plant, chance, torch_chance

NARROW, WIDE = 0.1, 0.25
"""Standard deviation of the widest posterior of a world."""


@dataclass(frozen=True, kw_only=True)
class VectorWorld:
    """Everything that is known of some vector data.

    Attributes:
        basis: orthonormal columns, ``(observed, units)``.
        amplitude: of every variable in the observations, ``(units,)``.
        sigma: standard deviation of the noise.
        offset: added to every row, ``(observed,)``.
        bend: exponent of the warp; 1 is a straight one.
        bent: orthonormal basis of the warp, ``(observed, observed)``.
        rows: how many rows there are.
        seed: of the rows.
    """

    basis: Float[Tensor, "observed units"]
    amplitude: Float[Tensor, " units"]
    sigma: float
    offset: Float[Tensor, " observed"]
    bend: float
    bent: Float[Tensor, "observed observed"]
    rows: int
    seed: int

    @property
    def units(self) -> int:
        """Number of hidden variables."""
        return self.basis.shape[1]

    @property
    def noise(self) -> Float[Tensor, " units"]:
        """Standard deviation of the posterior of every variable."""
        return self.sigma / (self.amplitude.square() + self.sigma**2).sqrt()

    def hidden(self, n: int, *, part: str = "rows") -> Float[Tensor, "n units"]:
        """Draw hidden variables."""
        return torch.randn(n, self.units, generator=torch_chance(chance(f"hidden {part}", self.seed)))

    def observe(self, hidden: Float[Tensor, "n units"], *, part: str = "rows") -> Float[Tensor, "n observed"]:
        """Return rows of these hidden variables, with noise."""
        generator = torch_chance(chance(f"noise {part}", self.seed))
        noise = self.sigma * torch.randn(len(hidden), len(self.basis), generator=generator)
        return self._warp((hidden * self.amplitude) @ self.basis.T + noise)

    def draw(self, n: int | None = None, *, part: str = "rows") -> Float[Tensor, "n observed"]:
        """Draw rows; as many as there are where left out."""
        return self.observe(self.hidden(n or self.rows, part=part), part=part)

    def encode(self, x: Float[Tensor, "n observed"]) -> tuple[Float[Tensor, "n units"], Float[Tensor, "n units"]]:
        """Return mean and standard deviation of the exact posterior."""
        mean = self.unwarp(x) @ self.basis * (self.amplitude / (self.amplitude.square() + self.sigma**2))
        return mean, self.noise.expand_as(mean)

    def decode(self, hidden: Float[Tensor, "n units"]) -> Float[Tensor, "n observed"]:
        """Return the observation of hidden variables without noise."""
        return self._warp((hidden * self.amplitude) @ self.basis.T)

    def unwarp(self, x: Float[Tensor, "n observed"]) -> Float[Tensor, "n observed"]:
        """Return what a row was before it was warped, hidden variables and noise."""
        return self._bend(x - self.offset, 1 / self.bend)

    def _warp(self, y: Tensor) -> Tensor:
        return self.offset + self._bend(y, self.bend)

    def _bend(self, y: Tensor, exponent: float) -> Tensor:
        if exponent == 1:
            return y
        scale = float(self.amplitude.square().mean().sqrt())
        turned = y @ self.bent / scale
        return torch.sinh(exponent * torch.asinh(turned)) @ self.bent.T * scale


def vector_world(
    seed: int,
    *,
    warped: bool | None = None,
    noise: tuple[float, float] = (NARROW, WIDE),
    narrowest: float = 0.4,
    fewest: int = 4,
    spare: float = 0.0,
) -> VectorWorld:
    """Draw a world: 4 to 16 units, up to 8 further observed dimensions, any scale, warped for every other seed.

    Args:
        seed: decides everything.
        warped: whether it is warped; every other seed where left out.
        noise: between which values the standard deviation of the widest posterior lies.
        narrowest: that of the narrowest, as a share of the widest, at least.
        fewest: units, at least; twelve more at most.
        spare: still further observed dimensions, for each unit.

    >>> world = vector_world(0)
    >>> mean, _ = world.encode(world.decode(torch.ones(1, world.units)))
    >>> torch.allclose(mean, 1 - world.noise.square(), atol=1e-4)
    True
    """
    rng = chance("vector world", seed)
    units = int(rng.integers(fewest, fewest + 13))
    observed = units + int(rng.integers(0, 9)) + int(spare * units)
    widest = float(rng.uniform(*noise))
    std = torch.from_numpy(widest * np.exp(rng.uniform(math.log(narrowest), 0, units))).float()
    sigma = float(widest * np.exp(rng.uniform(math.log(0.1), math.log(10))))
    offset = torch.from_numpy(rng.normal(size=observed) * sigma / widest).float()
    bend = float(rng.uniform(0.85, 1.2))
    return VectorWorld(
        basis=orthonormal(rng, observed)[:, :units],
        amplitude=sigma * (1 / std.square() - 1).sqrt(),
        sigma=sigma,
        offset=offset,
        bend=bend if (seed % 2 == 1 if warped is None else warped) else 1.0,
        bent=orthonormal(rng, observed),
        rows=int(rng.integers(2000, 3001)),
        seed=seed,
    )


def orthonormal(rng: np.random.Generator, size: int) -> Float[Tensor, "size size"]:
    """Draw an orthonormal basis, all alike likely."""
    q, r = np.linalg.qr(rng.normal(size=(size, size)))
    return torch.from_numpy(q * np.sign(np.diag(r))).float()


def silence(world: VectorWorld, units: list[int]) -> VectorWorld:
    """Return the world without these variables: what they would add to the observations is noise alone."""
    amplitude = world.amplitude.clone()
    amplitude[units] = 0
    return replace(world, amplitude=amplitude)


def noise_along(world: VectorWorld, x: Tensor, unit: int) -> Float[Tensor, " n"]:
    """Return what the noise of rows is along a silent variable, in standard deviations: N(0, 1), and no use."""
    return world.unwarp(x) @ world.basis[:, unit] / world.sigma


Code = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


class Faulty:
    """A world's optimal autoencoder with faults put in at four places.

    Args:
        world: anything with ``encode(x) → (mean, std)`` and ``decode(hidden)``.
        shape: of one latent.
        see: what the encoder makes of observations first.
        code: (observations, mean, std) → mean and std of the posterior.
        latent: latents → hidden variables.
        paint: what becomes of decoded observations.
        prior: N(0, I) or none.
    """

    def __init__(
        self,
        world: Any,
        shape: tuple[int, ...],
        *,
        see: Callable[[Tensor], Tensor] | None = None,
        code: Code | None = None,
        latent: Callable[[Tensor], Tensor] | None = None,
        paint: Callable[[Tensor], Tensor] | None = None,
        prior: bool = True,
    ):
        self._world, self.latent_shape = world, shape
        self.prior: Prior | None = StandardNormal(shape) if prior else None
        self._see, self._code, self._latent, self._paint = (
            see or _same,
            code or _same_code,
            latent or _same,
            paint or _same,
        )

    def encode(self, x: Tensor) -> Posterior:
        """Return the posterior of observations."""
        x = self._see(x.float())
        mean, std = self._world.encode(x)
        return DiagonalGaussian(*self._code(x, mean.clone(), std.clone()))

    def decode(self, z: Tensor) -> Tensor:
        """Return the observations of latents."""
        painted: Tensor = self._paint(self._world.decode(self._latent(z.float().clone())))
        return painted


def _same(values: Tensor) -> Tensor:
    return values


def _same_code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
    return mean, std


def clean_vectors(seed: int) -> Plant:
    """Return the clean twin of most kinds of vectors: the exact optimum, with what is known of it.

    >>> clean_vectors(0).truth
    frozenset()
    """
    world = vector_world(seed)
    return Plant(model=Faulty(world, (world.units,)), data=world.draw(), known=known_of(world))


def known_of(world: VectorWorld) -> Mapping[str, float]:
    """Return scores of a world's optimal autoencoder that follow from its numbers, or from many fresh rows."""
    x = world.draw(20_000, part="truth")
    lost = (x - world.decode(world.encode(x)[0])).square().sum() / (x - x.mean(0)).square().sum()
    return {
        "reconstruction.explained": 1 - float(lost),
        "input_checks.std": 1.0,
        "input_checks.mean": 0.0,
        "units.strength": float((1 - world.noise.square()).mean()),
        "consistency.invariance": 1.0,
    }
