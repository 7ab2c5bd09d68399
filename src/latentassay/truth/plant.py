"""What a planted defect is: a model, its data, and what may truly be said of them."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Generator

from latentassay.core.autoencoder import Autoencoder

DOSES = ("clean", "weak", "medium", "full")
"""How much of a defect is planted, by number: nothing, then the three sizes of its kind."""


class Claim(NamedTuple):
    """A defect by its name and whom it is about.

    Attributes:
        defect: key of a finding, e.g. ``"units.dead"``.
        subjects: labels as findings have them: units ``"3"``, mutual pairs ``"3+5"``, one-way pairs ``"3>5"``, places,
            columns; none where it is about the whole model.
    """

    defect: str
    subjects: frozenset[str] = frozenset()


def claim(defect: str, *subjects: object) -> Claim:
    """Return a claim about these subjects.

    >>> claim("units.dead", 3).subjects
    frozenset({'3'})
    """
    return Claim(defect, frozenset(map(str, subjects)))


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A model with a defect, or a clean one.

    Attributes:
        model: the autoencoder.
        data: what it is asked about: a tensor of rows, or a ``FactorData``.
        truth: claims any of which names the defect; none of a clean model.
        consequences: keys of findings that are true as well, and so no false accusations.
        never: keys that would be a wrong cause, at any level.
        options: what is known besides, for diagnosers that take it, e.g. ``train``, rows that the model was trained on.
        known: true values of scores, by their name.
    """

    model: Autoencoder
    data: Any
    truth: frozenset[Claim] = frozenset()
    consequences: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of defect, which can be planted at three sizes.

    Attributes:
        name: in words, e.g. ``"dead unit"``.
        keys: keys of the findings that name it; none for models without any defect.
        sizes: of the weak, medium and full dose.
        effect: what the sizes are.
        plant: ``(size, seed)`` → the plant.
        clean: seed → its clean twin.
    """

    name: str
    keys: tuple[str, ...]
    sizes: tuple[float, float, float]
    effect: str
    plant: Callable[[float, int], Plant]
    clean: Callable[[int], Plant]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is ever planted, so that it only counts false alarms."""
        return not self.keys

    def at(self, dose: int, seed: int) -> Plant:
        """Return the plant at a dose, 0 for the clean twin, 3 for the full one."""
        return self.plant(self.sizes[dose - 1], seed) if dose else self.clean(seed)


def chance(name: str, seed: int) -> np.random.Generator:
    """Return the source of the details of a plant: its name and the seed decide.

    >>> bool(chance("ring", 0).integers(9) == chance("ring", 0).integers(9))
    True
    """
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def torch_chance(rng: np.random.Generator) -> Generator:
    """Return a generator of torch that follows from one of numpy."""
    return torch.Generator().manual_seed(int(rng.integers(2**31)))


def pair(first: object, second: object) -> str:
    """Return the label of two units that move each other, the smaller number first.

    >>> pair(7, 3), pair("c1", "c5")
    ('3+7', 'c1+c5')
    """
    return "+".join(sorted(map(str, (first, second)), key=lambda label: (len(label), label)))
