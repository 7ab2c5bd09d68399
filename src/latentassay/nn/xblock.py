"""The explicit causal latent block: a structural causal model from noises to causes whose graph is learned (IC 2.2)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, final

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


NOISES = ("logistic", "gumbel")
"""What gates are drawn with."""

AUTHORS: Mapping[str, Any] = MappingProxyType({"spread": 1.0, "noise": "gumbel", "temperature": (1.0, 0.01, 460)})
"""Gates as the authors' public code has them; it reaches its last temperature in some 460 steps."""


@final
class XBlock(nn.Module):
    """Computes causes from noises along a learned graph: ``Z_i = f_i(m_i ⊙ Z_{<i}, N_i)`` for i = 1 … units.

    Every f_i is an MLP (10, 10, size) with Mish; m_i has one gate for each parent. In training mode gates are relaxed
    Bernoulli variables (Jang et al. 2017), ``sigmoid((logit + log u − log(1 − u)) / temperature)``, drawn once for all
    rows of a pass, so that rows that are compared pass through the same graph. They are drawn from torch's global
    random state, as dropout draws; ``fit`` seeds and keeps that state. In evaluation they are ``sigmoid(logit)``, or 0
    and 1, cut at ½, if ``hard``: nothing is random there. The text says "the Gumbel trick" and no more; ``AUTHORS``
    holds what its authors chose.

    Args:
        units: number of noises, and of causes.
        size: values in a cause; a noise always is one number.
        hidden: widths inside every f_i.
        temperature: of the gates, or ``Annealed(start, end, passes)``, as a triple, too.
        noise: ``"logistic"``, the difference of two Gumbel variables that makes a gate open as often as its sigmoid
            says; or one ``"gumbel"`` variable alone, with which it is open with probability 1 − exp(−exp(logit)), .63
            at a logit of 0.
        start: mean of the logits at first; at 0 an untouched gate stands on the cut, and counts as open.
        spread: their standard deviation at first, from torch's global random state.

    Attributes:
        hard: cut the gates at ½ in evaluation.

    Raises:
        InputError: fewer than one unit or value, a temperature that is not positive, an unknown noise, a start that is
            not finite, or a spread that is negative.

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
        temperature: Any = 0.5,
        noise: str = "logistic",
        start: float | int = 0.0,
        spread: float | int = 0.0,
    ):
        super().__init__()
        _check(units, size, temperature)
        _check_gates(noise, start, spread)
        self.units, self.size, self.hard = units, size, False
        self.functions = nn.ModuleList(nn.Sequential(*mlp((size * i + 1, *hidden, size), "mish")) for i in range(units))
        logits = torch.full((units * (units - 1) // 2,), float(start))
        self.mask_logits = nn.Parameter(logits + spread * torch.randn_like(logits) if spread else logits)
        self._temperature = Annealed(*temperature) if isinstance(temperature, tuple | list) else float(temperature)
        self._noise = noise
        # A buffer, so that a checkpoint keeps how far the temperature has fallen.
        self.register_buffer("passes", torch.zeros((), dtype=torch.long))

    @property
    def temperature(self) -> float:
        """Temperature of the gates in the next training pass."""
        now = self._temperature
        return now.at(int(self.passes)) if isinstance(now, Annealed) else now

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

    def open_gates(self) -> Float[Tensor, ""]:
        """Return the expected number of open gates, Σ sigmoid(logit), through which gradients pass.

        >>> XBlock(3, start=-1.0).open_gates().item() < XBlock(3).open_gates().item() == 1.5
        True
        """
        return torch.sigmoid(self.mask_logits).sum()

    def _gates(self) -> Float[Tensor, "u u"]:
        if not self.training:
            return self._as_matrix(_gate_values(self.mask_logits, self.hard))
        uniform = torch.rand_like(self.mask_logits).clamp(1e-6, 1 - 1e-6)  # away from 0 and 1, where it is infinite
        noise = torch.logit(uniform) if self._noise == "logistic" else -torch.log(-torch.log(uniform))
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


def _check(units: int, size: int, temperature: Any) -> None:
    if units < 1 or size < 1:
        raise InputError(f"an XBlock needs at least one unit of at least one value, got {units} of {size}")
    parts = temperature if isinstance(temperature, tuple | list) else (temperature,)
    if len(parts) not in (1, 3) or not all(isinstance(x, int | float) and 0 < x < float("inf") for x in parts):
        raise InputError(f"temperatures (and passes) must be positive and finite, got {temperature}")


def _check_gates(noise: str, start: float | int, spread: float | int) -> None:
    if noise not in NOISES:
        raise InputError(f"noise must be one of {', '.join(NOISES)}, got {noise!r}")
    if not (abs(start) < float("inf") and 0 <= spread < float("inf")):
        raise InputError(f"start must be finite and spread finite and not negative, got {start} and {spread}")
