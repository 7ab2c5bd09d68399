"""What every question of an assay shares: the model, real rows, their codes, and what has been measured once."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Generator, Tensor

from latentassay.assay.ledger import Ledger
from latentassay.core.autoencoder import Autoencoder, modules_of
from latentassay.core.observations import Observations
from latentassay.core.posteriors import StandardNormal
from latentassay.core.units import Units
from latentassay.responses import ResponseMatrix
from latentassay.responses.graph import COUPLED
from latentassay.sampling import Codes, central, encode
from latentassay.spatial import is_spatial

COARSEST = 20
"""Side of the maps that even a slow model is asked for."""

DEEPER = 4
"""Rows of a matrix that is measured again because it was unsure, over those of the time before."""

MOST_EFFORT = 16
"""What is drawn, and not limited by the rows that there are, is drawn at most so many times as often as at first."""

SCORED = 10
"""Codes are scored against factors on so many times the rows that are intervened on; they only need to be encoded."""

FEWEST_DRAWN = 64
"""Latents of each kind that even a slow model is asked for, if there are as many rows."""


@dataclass(frozen=True)
class Context:
    """One model and one sample of data, prepared for questions.

    Attributes:
        model: the autoencoder.
        data: all observations.
        order: all rows in the order in which they are drawn.
        rows: the rows drawn for this assay, without repetition.
        codes: posterior mean and std of those rows.
        z: one posterior sample per row.
        encoded: codes of these rows and of those after them in the order that were encoded already.
        units: all units.
        matrix: response matrix over ``z``, of all units or, where these are too many for the budget, of some drawn.
        ledger: what is known of every unit; states of units come from here alone.
        seed: seed of everything drawn.
        grid: points along each side of maps of responses, at most.
        groups: groups per factor in the conditioned matrix.
        batch_size: rows per pass.
        precision: when an entry of a matrix is certain enough, see ``response_matrix``.
        seconds: what the question that is asked may take.
        passes: decodings and encodings of a row that it may take, which is the same said otherwise.
        found: evidence of the questions answered before, by key. It may spare a question work; none may depend on it.
        train: observations that the model was trained on, where they were given.
        depth: how often this was asked before with fewer rows and passes, because the answer was unsure.
        effort: rows and passes over those of the first time, but for the end of the rows.
        first: rows of the first time.
        unread: observations that were left out because the encoder makes no numbers of them.
    """

    model: Autoencoder
    data: Observations
    order: Tensor
    rows: Tensor
    codes: Codes
    encoded: Codes
    z: Tensor
    units: Units
    matrix: ResponseMatrix
    ledger: Ledger
    seed: int
    grid: int
    groups: int
    batch_size: int
    precision: float | None
    seconds: float
    passes: int
    found: Mapping[str, Any] = field(default_factory=dict)
    train: Observations | None = None
    depth: int = 0
    effort: float = 1.0
    first: int = 0
    unread: int = 0

    @property
    def n(self) -> int:
        """Number of rows drawn."""
        return len(self.rows)

    @property
    def encoding(self) -> dict[str, Any]:
        """What all contexts of one assay share when more rows were encoded: codes, their order, how many fell out."""
        return {"encoded": self.encoded, "order": self.order, "unread": self.unread}

    @property
    def has_prior(self) -> bool:
        """Whether the model was trained towards a prior, so that its weight β is something that can be changed."""
        return self.model.prior is not None

    @property
    def has_normal_prior(self) -> bool:
        """Whether of every unit it is known how it should be distributed."""
        return isinstance(self.model.prior, StandardNormal)

    @property
    def is_trainable(self) -> bool:
        """Whether the model has parameters that torch could train further; files of other frameworks have none."""
        return any(True for module in modules_of(self.model) for _ in module.parameters())

    def at_most(self, cap: int) -> int:
        """Return a cap on rows or passes, higher where the question is asked anew."""
        return int(cap * min(self.effort, MOST_EFFORT))

    @property
    def scored(self) -> Tensor:
        """Rows whose codes may be scored against factors, those of ``rows`` first; encoding alone is cheap."""
        return self.order[: SCORED * self.n]

    @property
    def alive(self) -> Units:
        """The units that answer when they are changed, alone."""
        return self.only(self.ledger.live)

    @property
    def live_mask(self) -> Tensor:
        """Which units answer when they are changed, one truth value of each."""
        mask = torch.zeros(len(self.matrix.units), dtype=torch.bool)
        mask[self.ledger.live] = True
        return mask

    @property
    def variables(self) -> Units:
        """What hybrids draw one by one: units that hold the same, by the ledger, together, and all others alone.

        Units that nobody asked about are taken to be redundant if some of those that were are.
        """
        groups, same = self.matrix.units.groups, set(self.ledger.of("twin", "redundant"))
        sets = [set(group) & same for group in self.ledger.variables if set(group) & same]
        joined = {unit for group in sets for unit in group}
        together = [tuple(latent for unit in sorted(group) for latent in groups[unit]) for group in sets]
        alone = [groups[unit] for unit in range(len(groups)) if unit not in joined]
        return Units((*together, *alone), self.matrix.units.latent_shape)

    @property
    def mixes(self) -> bool:
        """Whether hybrids are anything but posterior samples: of one variable that is used there is nothing to mix."""
        idle = {latent for unit in self.ledger.of("dead", "collapsed") for latent in self.matrix.units.groups[unit]}
        return sum(not set(group) <= idle for group in self.variables.groups) > 1

    @property
    def active_latents(self) -> list[int]:
        """Flat indices of the latents in units that answer."""
        return [latent for group in self.alive.groups for latent in group]

    @property
    def centre(self) -> Tensor:
        """The real code nearest to the mean of all, each latent by its spread; the mean itself may lie in a hole."""
        return central(self.codes.mean)

    @property
    def plane(self) -> tuple[int, int] | None:
        """The two latents whose plane is looked at: those that move each other most, or the liveliest."""
        scalars = [j for j in self.ledger.live if len(self.matrix.units.groups[j]) == 1]
        if len(scalars) < 2 or len(self.model.latent_shape) != 1:
            return None
        coupling = self.ledger.coupling
        mutual = torch.minimum(coupling, coupling.T)[scalars][:, scalars].fill_diagonal_(0)
        pair = divmod(int(mutual.argmax()), len(scalars))
        chosen = [scalars[k] for k in pair] if float(mutual.max()) > COUPLED else None
        first, second = sorted(self.matrix.units.groups[j][0] for j in chosen or self.ledger.strongest(scalars, 2))
        return first, second

    def affording(self, passes: int) -> "Context":
        """Return the same for a question that may take so many passes."""
        return replace(self, passes=passes, seconds=self.seconds / self.passes * passes)

    def latents_at(self, passes: int) -> int:
        """How many latents of a kind are drawn where each of them takes so many passes."""
        return min(self.n, max(FEWEST_DRAWN, self.passes // passes))

    def sample(self, n: int, question: str) -> Tensor:
        """Return n posterior samples, or all, in an order that the question's own generator draws."""
        return self.z[torch.randperm(self.n, generator=self.generator(question))[:n]]

    def only(self, units: Iterable[int]) -> Units:
        """Return these units alone, by their numbers."""
        groups = tuple(self.matrix.units.groups[unit] for unit in units)
        return Units(groups, self.matrix.units.latent_shape)

    def rows_at(self, passes: int, *, least: int, most: int) -> int:
        """How many rows can be afforded at so many passes each."""
        return min(self.n, max(least, min(most, self.passes // passes)))

    @property
    def is_spatial(self) -> bool:
        """Whether latents have places."""
        return is_spatial(tuple(self.model.latent_shape))

    @property
    def places_lie_above(self) -> bool:
        """Whether every place of a spatial latent lies above a part of the picture."""
        sides, pixels = tuple(self.model.latent_shape[1:]), tuple(self.data.x_shape[1:])
        fits = len(sides) == len(pixels) and not any(many % few for many, few in zip(pixels, sides, strict=True))
        return self.is_spatial and fits

    def side(self, passes: float) -> int:
        """Side of a square map every point of which takes so many passes."""
        return min(self.grid, max(COARSEST, int((self.passes / passes) ** 0.5)))

    def codes_of(self, rows: Tensor) -> Tensor:
        """Posterior means of rows of which ``rows`` come first, flattened; float64 of single precision.

        Differences below single precision are rounding errors, which bins of equal counts would take for information.
        """
        means = [self.codes.mean]
        if len(rows) > self.n:
            means.append(encode(self.model, self.data, rows=rows[self.n :], batch_size=self.batch_size).mean)
        return torch.cat(means).flatten(1).float().double()

    def x(self, part: slice) -> Tensor:
        """Return a part of the drawn observations."""
        return self.data.batch(self.rows[part])

    def generator(self, question: str) -> Generator:
        """Return a generator that depends on the seed and the question alone, so questions can come in any order."""
        return seeded(self.seed, question)


def seeded(seed: int, question: str) -> Generator:
    """Return a CPU generator for one question.

    >>> seeded(0, "holes").initial_seed() == seeded(0, "field").initial_seed()
    False
    """
    # Hashed together, because torch's CPU generator keeps only the lower 32 bits of a seed.
    return torch.Generator().manual_seed(zlib.crc32(f"{question} {seed}".encode()))
