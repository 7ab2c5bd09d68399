"""The ledger: one entry for every unit, and the only place where units are given states; sentences are written from it.

Four questions decide: does the encoder vary the unit, does the decoder use it, does a change of it come back, and whom
does it repeat or move? Nothing here is graded: states are facts about a unit, and whether they matter is a question's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from latentassay.core.estimate import Z95, Estimate
from latentassay.core.levels import Bounds
from latentassay.responses import ResponseMatrix
from latentassay.responses.graph import COUPLED, STRONG, join_pairs, response_graph
from latentassay.responses.matrix import CAUSAL
from latentassay.sampling import Codes
from latentassay.stats.correlation import correlation_ends

State = Literal["alive", "faint", "dead", "collapsed", "encoder-blind", "twin", "entangled", "redundant"]

LIVE: tuple[State, ...] = ("alive", "twin", "entangled")
"""States of units that answer when they are changed."""

SHARED_STATES: tuple[State, ...] = ("twin", "redundant", "entangled")
"""States that a unit is in with others; the first that holds says most."""

SIGNAL = 0.01
"""The encoder varies a unit if more than this share of its variance is that of the data, the rest being noise."""

IDLE = 3e-3
"""The decoder ignores a unit whose exchange moves decodings by less than this share of what that of a mean one does."""

PAINTED = 0.02
"""And one that the encoder does not vary, if by less than this share: so little is no picture of its own."""

MUTE = 0.01
"""And it uses no unit if its decodings vary by less than this share of what the data do."""

TWINS = 0.98
"""Two units repeat each other if their codes correlate by so much beyond doubt, with either sign."""

WHOLE = 0.85
"""Of two units that repeat each other less than this share of what is expected comes back when one is changed alone."""

RETURNS = 0.7
"""A unit that does not answer alone is redundant if so much of it comes back as long as the others move with it."""

SHARED = 0.75
"""And where most units are redundant, so is one of which less than this share of what comes back does so alone."""

STANDS = 3.0
"""Standard errors by which a strong coupling must lie beyond the bound to stand among some forty claims of a report."""

MORE = 4.0
"""Times the rows on which a unit is measured again whose own state is unsure."""

COUPLING = Bounds(0, COUPLED, STRONG, "share of a change of one unit that appears in another, squared, in spreads")
"""From which size one unit moves another, for matrix, graph and invariance alike."""


@dataclass(frozen=True)
class Entry:
    """What is known of one unit.

    Attributes:
        label: its name.
        state: alive, faint, dead, collapsed, encoder-blind, twin, entangled or redundant.
        certain: whether the intervals of what decided its state all lie on one side.
        spread: standard deviation of its posterior means over the data.
        noise: root mean squared standard deviation of its posterior.
        kl: mean divergence from the prior in nats; ``None`` without one.
        signal: share of its variance that is that of the data, Var μ / (Var μ + E s²), which is also what the width
            of the posterior lets come back at the optimum; 1 without noise.
        effect: share of the variance of the decodings that exchanging it moves; of that of the data, without an error,
            where it never varies and was moved by hand.
        response: how much of a change of it comes back, root mean squared, in units of its spread.
        returns: slope of its response on itself over real codes, where it moves with all others; ``None`` if unknown.
        partners: units that it repeats, is entangled or is redundant with.
        moves: units that it moves and that do not move it.
    """

    label: str
    state: State
    certain: bool
    spread: float
    noise: float
    kl: float | None
    signal: float
    effect: Estimate
    response: Estimate
    returns: float | None
    partners: tuple[int, ...]
    moves: tuple[int, ...]


@dataclass(frozen=True)
class Ledger:
    """All units, and what lies between them.

    Attributes:
        entries: one of every unit.
        coupling: share of a change of the row's unit that appears in the column's, squared, ``(u, u)``.
        coupling_stderr: its standard error.
        mutual: pairs of live units that move each other, beyond doubt.
        one_way: ordered pairs of live units of which only the first moves the second.
        variables: groups of live or redundant units that form one variable each, as they repeat each other or move
            each other strongly; single units among them.
        directions: principal directions that answer, where units are redundant; ``None`` elsewhere.
        visible: variance of decodings over that of the data, at most 1.
    """

    entries: tuple[Entry, ...]
    coupling: Float[Tensor, "u u"]
    coupling_stderr: Float[Tensor, "u u"]
    mutual: tuple[tuple[int, int], ...]
    one_way: tuple[tuple[int, int], ...]
    variables: tuple[tuple[int, ...], ...]
    directions: Estimate | None = None
    visible: float = 1.0

    def of(self, *states: State) -> list[int]:
        """Return the units in one of these states."""
        return [unit for unit, entry in enumerate(self.entries) if entry.state in states]

    def labels(self, units: Iterable[int] | None = None) -> list[str]:
        """Return the names of units, or of all."""
        return [self.entries[unit].label for unit in (range(len(self.entries)) if units is None else units)]

    def strongest(self, units: Iterable[int], most: int) -> list[int]:
        """Return those of some units that respond most to themselves, in the order of their numbers."""
        return sorted(sorted(units, key=lambda unit: -self.entries[unit].response)[:most])

    @property
    def live(self) -> list[int]:
        """Units that answer when they are changed alone."""
        return self.of(*LIVE)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """All ordered pairs of live units, but those that repeat each other: they are one."""
        same = {unit: group for group in self.variables for unit in group if self.entries[unit].state == "twin"}
        live = self.live
        return [(j, k) for j in live for k in live if j != k and (j not in same or k not in same[j])]

    def couplings(self, pairs: Sequence[tuple[int, int]]) -> list[Estimate]:
        """Return the coupling of ordered pairs."""
        value, stderr = self.coupling.tolist(), self.coupling_stderr.tolist()
        return [
            Estimate(
                value[j][k],
                low=max(0.0, value[j][k] - Z95 * stderr[j][k]),
                high=value[j][k] + Z95 * stderr[j][k],
                stderr=stderr[j][k],
            )
            for j, k in pairs
        ]

    @property
    def unsure(self) -> dict[int, float]:
        """Units whose state or coupling is unsure, and on how many times the rows they would be sure, about.

        Members of pairs come first, those that may be coupled most before the others.
        """
        times = _rows_needed(self)
        high = torch.where(times > 1, self.coupling + Z95 * self.coupling_stderr, 0.0)
        needs = {unit: MORE for unit, entry in enumerate(self.entries) if not entry.certain}
        paired: dict[int, float] = {}
        for pair in torch.topk(high.flatten(), int((times > 1).sum())).indices.tolist():
            for unit in divmod(pair, len(self.entries)):
                paired[unit] = max(paired.get(unit, needs.get(unit, 1.0)), float(times.flatten()[pair]))
        return paired | {unit: need for unit, need in needs.items() if unit not in paired}


def build_ledger(
    matrix: ResponseMatrix,
    codes: Codes,
    *,
    kl: Float[Tensor, " u"] | None,
    data_variance: float,
    probed: Float[Tensor, " u"] | None = None,
    returns: Float[Tensor, " u"] | None = None,
    twins: Sequence[tuple[int, int]] | None = None,
) -> Ledger:
    """Decide the state of every unit.

    Args:
        matrix: responses and effects of interventions on every unit.
        codes: means and deviations of the posterior of real rows.
        kl: mean divergence from the prior of every unit in nats, ``(u,)``; ``None`` without a prior.
        data_variance: variance of the data, summed over all numbers of an observation.
        probed: share of the data's variance by which decodings change when a unit that never varies is moved by the
            spread of others, ``(u,)``; such a unit moves nothing by itself, whether the decoder reads it or not.
        returns: slope of the response of every unit on the unit itself over posterior samples, ``(u,)``; which units
            are redundant is left open without it.
        twins: pairs that repeat each other, where units are channels; found by the correlation of codes elsewhere.
    """
    labels = [matrix.units.label(unit) for unit in range(len(matrix.units))]
    spread = matrix.units.total(codes.mean.double().var(0, keepdim=True))[0]
    noise = matrix.units.squared_norm(codes.std.double()).mean(0)
    signal = torch.where(spread > 0, spread / (spread + noise).clamp(min=1e-300), 0.0)
    varies = signal > SIGNAL
    used = _used(matrix, varies, data_variance)
    if probed is not None:
        used = used | (~varies & (probed > PAINTED / len(labels)))
    response, stderr = matrix.normalized.diagonal(), matrix.normalized_stderr.diagonal()
    answers = used & varies & (response >= CAUSAL)
    # A unit that comes back whole when it is changed alone repeats no other, whatever the data do.
    shared = used & varies & (response < WHOLE * signal)
    same = [pair for pair in (_twins(matrix, codes) if twins is None else twins) if bool(shared[list(pair)].all())]
    redundant = _redundant(used & varies, answers, response, returns)
    # A unit of which most comes back in others is no less entangled for coming back in itself by little.
    graph = response_graph(matrix, nodes=(used & varies & ~redundant).nonzero().flatten().tolist())
    mutual, one_way = graph.pairs, graph.one_way
    strong = [(j, k) for j, k in mutual if min(matrix.coupling[j, k], matrix.coupling[k, j]) >= STRONG]
    members = _members(same, mutual, redundant)
    states = [
        next(
            (state for state in SHARED_STATES if j in members[state]),
            _state(bool(used[j]), bool(varies[j]), bool(answers[j]), kl is not None and float(noise[j]) > 0),
        )
        for j in range(len(labels))
    ]
    partners = _partners(len(labels), [*same, *mutual], sorted(members["redundant"]))
    doubt = _doubt(matrix, signal, data_variance)
    entries = tuple(
        Entry(
            label=labels[j],
            state=states[j],
            certain=not bool(doubt[j]),
            spread=float(spread[j].sqrt()),
            noise=float(noise[j].sqrt()),
            kl=None if kl is None else float(kl[j]),
            signal=float(signal[j]),
            effect=_effect(matrix, j, 0.0 if probed is None else float(probed[j])),
            response=Estimate(float(response[j]), stderr=float(stderr[j]), n=matrix.used[j]),
            returns=None if returns is None else float(returns[j]),
            partners=partners[j],
            moves=tuple(k for i, k in one_way if i == j),
        )
        for j in range(len(labels))
    )
    return Ledger(
        entries=entries,
        coupling=matrix.coupling.double(),
        coupling_stderr=matrix.coupling_stderr.double(),
        mutual=mutual,
        one_way=one_way,
        variables=_variables(entries, [*same, *strong], members),
        visible=_visible(matrix, data_variance),
    )


def _members(
    same: Iterable[tuple[int, int]], mutual: Iterable[tuple[int, int]], redundant: Bool[Tensor, " u"]
) -> dict[State, set[int]]:
    """Units in each of the states that they share with others."""
    together, pairs = set(redundant.nonzero().flatten().tolist()), list(same)
    twins = {unit for pair in pairs for unit in pair}
    # Where all redundant units repeat one another, that says more; where others hold the same, it says too little.
    if not together <= twins:
        twins = {unit for pair in pairs if not together & set(pair) for unit in pair}
    return {"twin": twins, "redundant": together, "entangled": {unit for pair in mutual for unit in pair}}


def _variables(
    entries: Sequence[Entry], pairs: Iterable[tuple[int, int]], members: dict[State, set[int]]
) -> tuple[tuple[int, ...], ...]:
    """Units joined where they repeat or move each other strongly, and those that are redundant all together."""
    nodes = [j for j, entry in enumerate(entries) if entry.state in (*LIVE, "redundant")]
    together = _chain(sorted(members["redundant"] - members["twin"]))
    return join_pairs(nodes, [pair for pair in (*pairs, *together) if set(pair) <= set(nodes)])


def _state(used: bool, varies: bool, answers: bool, noisy: bool) -> State:
    """What a unit is by itself. Without data in it and without an effect, noise alone tells collapsed from dead."""
    if not used:
        return "collapsed" if noisy and not varies else "dead"
    if not varies:
        return "encoder-blind"
    return "alive" if answers else "faint"


def _redundant(
    there: Bool[Tensor, " u"], answers: Bool[Tensor, " u"], response: Tensor, returns: Tensor | None
) -> Bool[Tensor, " u"]:
    """Units of which little comes back alone and most with others; where most are so, those that answer in part."""
    if returns is None:
        return torch.zeros_like(there)
    whole = there & (returns > RETURNS)
    redundant = whole & ~answers
    if 2 * int(redundant.sum()) > int(there.sum()):
        redundant = redundant | (whole & (response < SHARED * returns))
    return redundant


def _used(matrix: ResponseMatrix, varies: Bool[Tensor, " u"], data_variance: float) -> Bool[Tensor, " u"]:
    """Which units the decoder uses; none if its decodings hardly move at all."""
    if matrix.decoded_variance <= MUTE * data_variance:
        return torch.zeros(len(matrix.units), dtype=torch.bool)
    return matrix.effect > _cut(matrix, varies, data_variance)


def _visible(matrix: ResponseMatrix, data_variance: float) -> float:
    """Variance of decodings over that of the data, at most 1."""
    return min(1.0, float(matrix.decoded_variance) / data_variance) if data_variance > 0 else 1.0


def _cut(matrix: ResponseMatrix, varies: Bool[Tensor, " u"], data_variance: float) -> Float[Tensor, " u"]:
    """From which effect on the decoder uses a unit.

    Where decodings hardly vary, what noise of collapsed units moves in them is a larger share of little.
    """
    cut = torch.where(varies, IDLE, PAINTED / max(_visible(matrix, data_variance), MUTE))
    return cut * matrix.effect.mean()


def _effect(matrix: ResponseMatrix, unit: int, probed: float) -> Estimate:
    """How much of the decodings exchanging a unit moves, or moving it by hand where it never varies."""
    if probed > 0:
        return Estimate(probed)
    return Estimate(float(matrix.effect[unit]), stderr=float(matrix.effect_stderr[unit]), n=matrix.used[unit])


def _doubt(matrix: ResponseMatrix, signal: Tensor, data_variance: float) -> Bool[Tensor, " u"]:
    """Units whose effect or response is too near to a cut for what was measured."""
    if matrix.decoded_variance <= MUTE * data_variance:
        return torch.zeros(len(matrix.units), dtype=torch.bool)
    varies = signal > SIGNAL
    effect = (matrix.effect - _cut(matrix, varies, data_variance)).abs() < Z95 * matrix.effect_stderr
    response = (matrix.normalized.diagonal() - CAUSAL).abs() < Z95 * matrix.normalized_stderr.diagonal()
    return effect | (response & varies & _used(matrix, varies, data_variance))


def _twins(matrix: ResponseMatrix, codes: Codes) -> list[tuple[int, int]]:
    """Pairs of scalar units whose codes correlate beyond doubt; units of several latents have no correlation."""
    if not matrix.units.are_scalars:
        return []
    columns = codes.mean.flatten(1)[:, [group[0] for group in matrix.units.groups]].double()
    low, high = correlation_ends(columns)
    same = (torch.triu(torch.maximum(low, -high), 1) >= TWINS).nonzero().tolist()
    return [(j, k) for j, k in same]


def _partners(n: int, pairs: Iterable[tuple[int, int]], redundant: Sequence[int]) -> list[tuple[int, ...]]:
    partners: list[set[int]] = [set() for _ in range(n)]
    for j, k in pairs:
        partners[j].add(k)
        partners[k].add(j)
    for j in redundant:
        partners[j] |= set(redundant) - {j}
    return [tuple(sorted(each)) for each in partners]


def _chain(units: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs that join all of several units."""
    return [(units[k], units[k + 1]) for k in range(len(units) - 1)]


def _rows_needed(ledger: Ledger) -> Float[Tensor, "u u"]:
    """How many times the rows would tell on which side of a bound a coupling of live units is; 1 where it is known."""
    live = torch.zeros(len(ledger.entries), dtype=torch.bool)
    live[ledger.live] = True
    pairs = live[:, None] & live & ~torch.eye(len(live), dtype=torch.bool)
    needed = torch.ones_like(ledger.coupling)
    for bound, errors in ((COUPLED, Z95), (STRONG, STANDS)):
        away, half = (ledger.coupling - bound).abs(), errors * ledger.coupling_stderr
        needed = torch.where(pairs & (away < half), torch.maximum(needed, (half / away).square()), needed)
    return needed
