"""The explicit causal latent block: a structural causal model from noises to causes whose graph is learned (IC 2.2)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from latentassay.core.errors import InputError
from latentassay.nn.blocks import mlp


class Annealed(NamedTuple):
    """A temperature that falls geometrically from ``start`` to ``end`` over so many passes in training mode."""

    start: float | int
    end: float | int
    passes: int

    def at(self, done: int) -> float:
        """Return the temperature after ``done`` passes.

        >>> Annealed(1.0, 0.25, 100).at(50)
        0.5
        """
        return float(self.start * (self.end / self.start) ** min(1.0, done / self.passes))


@final
class XBlock(nn.Module):
    """Computes causes from noises along a learned graph: ``Z_i = f_i(m_i ⊙ Z_{<i}, N_i)`` for i = 1 … units.

    Every f_i is an MLP (10, 10, size) with Mish; m_i has one gate for each parent. In training mode gates are relaxed
    Bernoulli variables (Jang et al. 2017), ``sigmoid((logit + log u − log(1 − u)) / temperature)``, drawn once for all
    rows of a pass, so that rows that are compared pass through the same graph. They are drawn from torch's global
    random state, as dropout draws; ``fit`` seeds and keeps that state. In evaluation they are ``sigmoid(logit)``, or 0
    and 1, cut at ½, if ``hard``: nothing is random there.

    Args:
        units: number of noises, and of causes.
        size: values in a cause; a noise always is one number.
        hidden: widths inside every f_i.
        temperature: of the gates, or ``Annealed(start, end, passes)``.

    Attributes:
        hard: cut the gates at ½ in evaluation.

    Raises:
        InputError: fewer than one unit or value, or a temperature that is not positive.

    >>> XBlock(6, 4)(torch.zeros(2, 6)).shape
    torch.Size([2, 6, 4])
    """

    passes: Tensor

    def __init__(
        self,
        units: int,
        size: int = 1,
        *,
        hidden: Sequence[int] = (10, 10),
        temperature: float | int | Annealed = 0.5,
    ):
        super().__init__()
        _check(units, size, temperature)
        self.units, self.size, self.hard = units, size, False
        self.functions = nn.ModuleList(nn.Sequential(*mlp((size * i + 1, *hidden, size), "mish")) for i in range(units))
        self.mask_logits = nn.Parameter(torch.zeros(units * (units - 1) // 2))
        self._temperature = temperature
        # A buffer, so that a checkpoint keeps how far the temperature has fallen.
        self.register_buffer("passes", torch.zeros((), dtype=torch.long))

    @property
    def temperature(self) -> float:
        """Temperature of the gates in the next training pass."""
        now = self._temperature
        return now.at(int(self.passes)) if isinstance(now, Annealed) else float(now)

    def forward(self, noises: Float[Tensor, "n u"], given: Mapping[int, Tensor] | None = None) -> Tensor:
        """Return causes ``(n, units, size)``.

        Args:
            noises: ``(n, units)``.
            given: causes set by hand, unit → ``(n, size)``; neither their noise nor their parents matter then.

        Raises:
            InputError: an unknown unit in ``given``, or values of another shape.
        """
        given = {} if given is None else given
        self._check_given(given, len(noises))
        gates = self._gates()
        causes: list[Tensor] = []
        for i, function in enumerate(self.functions):
            causes.append(given[i] if i in given else function(_inputs(causes, gates[:i, i], noises[:, i : i + 1])))
        if self.training:
            self.passes += 1
        return torch.stack(causes, 1)

    def adjacency(self, *, hard: bool = False) -> Float[Tensor, "u u"]:
        """Return the gates, from parent (row) to child (column); those from a unit to itself or back are 0.

        >>> XBlock(2).adjacency()
        tensor([[0.0000, 0.5000],
                [0.0000, 0.0000]])
        """
        return self._as_matrix(_gate_values(self.mask_logits.detach(), hard))

    def sparsity(self) -> float:
        """Share of the possible edges whose gate lies below ½; 0 for a block of one unit.

        The paper's own column divides by all ``units²`` places and counts those that no edge could ever take, which is
        ``(units − 1) / 2 units`` whatever was learned (IC table 1).
        """
        gates = _gate_values(self.mask_logits.detach(), hard=True)
        return float((gates == 0).double().mean()) if len(gates) else 0.0

    def _gates(self) -> Float[Tensor, "u u"]:
        if not self.training:
            return self._as_matrix(_gate_values(self.mask_logits, self.hard))
        # log u − log(1 − u); away from 0 and 1, where it would be infinite.
        noise = torch.logit(torch.rand_like(self.mask_logits), eps=1e-6)
        return self._as_matrix(torch.sigmoid((self.mask_logits + noise) / self.temperature))

    def _as_matrix(self, gates: Float[Tensor, " e"]) -> Float[Tensor, "u u"]:
        # Below the diagonal the column is smaller than the row: parents come before their children.
        child, parent = torch.tril_indices(self.units, self.units, offset=-1, device=gates.device)
        matrix = gates.new_zeros(self.units, self.units)
        matrix[parent, child] = gates
        return matrix

    def _check_given(self, given: Mapping[int, Tensor], n: int) -> None:
        for unit, values in given.items():
            if unit not in range(self.units) or tuple(values.shape) != (n, self.size):
                raise InputError(
                    f"causes must be given as unit → ({n}, {self.size}) with units 0 to {self.units - 1}, "
                    f"got unit {unit} → {tuple(values.shape)}"
                )


def _inputs(causes: list[Tensor], gates: Float[Tensor, " i"], noise: Float[Tensor, "n 1"]) -> Tensor:
    """What f_i reads: its parents, each as far as its gate is open, and its noise."""
    if not causes:
        return noise
    parents = torch.stack(causes, 1) * gates[:, None]
    return torch.cat([parents.flatten(1), noise], 1)


def _gate_values(logits: Tensor, hard: bool) -> Tensor:
    gates = torch.sigmoid(logits)
    return (gates >= 0.5).to(gates.dtype) if hard else gates


def _check(units: int, size: int, temperature: float | int | Annealed) -> None:
    if units < 1 or size < 1:
        raise InputError(f"an XBlock needs at least one unit of at least one value, got {units} of {size}")
    parts = temperature if isinstance(temperature, Annealed) else (temperature,)
    if not all(0 < part < float("inf") for part in parts):
        raise InputError(f"temperatures (and passes) must be positive and finite, got {temperature}")
