"""What an assay can afford: rows and passes learnt from a few rows, then a share of what is left for every question."""

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

from latentassay.assay.context import Context
from latentassay.core.autoencoder import Autoencoder
from latentassay.core.findings import Finding, Section
from latentassay.core.observations import Observations
from latentassay.sampling import decode, encode

FEWEST_PER_PASS = 8
"""Rows per pass that even a slow model is asked for."""

ROWS_SHARE = 16
"""Encoding and decoding all rows once may take one part in so many of the budget."""

PASS_SHARE = 60
"""And one batch one in so many."""

LEFT = 0.4
"""Part of a budget that is left for questions, about, after rows have been encoded and the matrix measured."""

SAMPLE_SECONDS = 0.02
"""How long a sample of passes takes, about, by which the number of threads is chosen."""

CODES = 2**26
"""Latents of all rows together, at most; they are kept in memory three times (means, deviations, samples)."""


class Cost(NamedTuple):
    """What one encoding and decoding takes: seconds of a call whatever it holds, and seconds of every row in it.

    >>> Cost(fixed=1.0, row=0.25).of(4), Cost(fixed=1.0, row=0.25).per_row(4)
    (2.0, 0.5)
    """

    fixed: float
    row: float

    def of(self, rows: int) -> float:
        """Seconds of one call."""
        return self.fixed + self.row * rows

    def per_row(self, batch_size: int) -> float:
        """Seconds of a row, where so many are passed at a time."""
        return self.of(batch_size) / batch_size


class Sizes(NamedTuple):
    """How much of the data a budget affords.

    Attributes:
        rows: how many are drawn.
        batch_size: rows per pass.
    """

    rows: int
    batch_size: int


def sizes(
    model: Autoencoder,
    data: Observations,
    rows: Tensor,
    *,
    samples: int,
    fewest: int,
    batch_size: int,
    budget: float,
    cost: Cost | None = None,
) -> Sizes:
    """Cut rows, and rows per pass, to what ``budget`` seconds and the memory afford; fast models keep both.

    Args:
        model: the model, whose contract has been checked.
        data: all observations.
        rows: the few that are timed. The better of two tries counts: a model that was just loaded is slow at first.
        samples: rows wanted.
        fewest: rows that are drawn whatever they cost.
        batch_size: rows per pass wanted.
        budget: seconds.
        cost: what a call and a row take, where that is known already.

    >>> import torch
    >>> from latentassay import from_torch
    >>> from latentassay.core.observations import as_observations
    >>> model, data = from_torch(lambda x: x, lambda z: z, latent_shape=(4,)), as_observations(torch.zeros(50, 4))
    >>> sizes(model, data, torch.arange(8), samples=1024, fewest=32, batch_size=128, budget=60.0)
    Sizes(rows=1024, batch_size=128)
    """
    # The first try of a model that was just loaded pays for caches and lazy weights; the better of two does not.
    if cost is None:
        cost = Cost(0.0, min(_time_once(model, data, rows) for _ in range(2)) / len(rows))
    affordable = affordable_batch(cost, batch_size, budget)
    most = CODES // math.prod(model.latent_shape)
    return Sizes(_reduce(samples, fewest, min(budget / ROWS_SHARE / cost.per_row(affordable), most)), affordable)


def affordable_batch(cost: Cost, wanted: int, budget: float) -> int:
    """Return how many rows are passed at a time: a call may take a sixtieth of the budget, or twice its fixed part.

    >>> affordable_batch(Cost(0.0, 0.1), 128, 60.0), affordable_batch(Cost(2.0, 0.1), 128, 60.0)
    (10, 20)
    """
    seconds = max(budget / PASS_SHARE - cost.fixed, cost.fixed)
    return _reduce(wanted, FEWEST_PER_PASS, seconds / max(cost.row, 1e-12))


def _time_once(model: Autoencoder, data: Observations, rows: Tensor) -> float:
    begun = time.perf_counter()
    decode(model, encode(model, data, rows=rows).mean)
    return max(time.perf_counter() - begun, 1e-9)


def sample_passes(model: Autoencoder, data: Observations, rows: Tensor) -> Callable[[], int]:
    """Return a function that encodes and decodes some of the rows and says how many.

    The first call takes few, and learns how many take 20 ms; the others take those.
    """
    used, known = FEWEST_PER_PASS, False

    def encode_and_decode() -> int:
        nonlocal used, known
        count = min(used, len(rows))
        seconds = _time_once(model, data, rows[:count]) / count
        if not known:
            used, known = _reduce(len(rows), FEWEST_PER_PASS, SAMPLE_SECONDS / seconds), True
        return count

    return encode_and_decode


def _reduce(wanted: int, least: int, affordable: float) -> int:
    """As many as wanted, or as affordable, if that is less; but not less than ``least`` for that."""
    return min(wanted, max(least, int(affordable)))


def allowance(least: Sequence[int], weights: Sequence[float], passes: int) -> int | None:
    """Passes for the first of several questions, or ``None`` if it must be left out so that more others are answered.

    Questions are left out, the dearest first, until what the others need at least is there. What is there beyond that
    is shared by weight.

    Args:
        least: what each question needs.
        weights: their shares.
        passes: what is left for all of them.

    >>> allowance([100, 300], [1, 3], 1000), allowance([800, 300], [1, 3], 1000), allowance([800, 300], [1, 3], 200)
    (250, None, None)
    """
    kept = list(range(len(least)))
    while kept and sum(least[k] for k in kept) > passes:
        kept.remove(max(kept, key=lambda k: least[k]))
    if 0 not in kept:
        return None
    shared = passes - sum(least[k] for k in kept)
    total = sum(weights[k] for k in kept)
    return least[0] + (int(shared * weights[0] / total) if total else 0)


def left_out(needs: dict[str, int], all_needs: int, context: Context, budget: float) -> Section:
    """Say which questions were left out, and how long an assay would take that answers all.

    Args:
        needs: title of every question left out, and the passes it needs at least.
        all_needs: passes that all questions need at least.
        context: what every question shares.
        budget: seconds that were given.
    """
    more = max(1.2 * budget, all_needs * context.seconds / context.passes / LEFT)
    named = ", ".join(f"{title} ({passes:,} passes)" for title, passes in needs.items())
    sentence = (
        f"The model is too slow for everything in {budget:g} s: decoding and encoding a row takes "
        f"{1000 * context.seconds / context.passes:.3g} ms. Left out: {named}."
    )
    remedy = f"Give it about {10 * math.ceil(more / 10)} s (budget=, or --budget), or a faster machine."
    finding = Finding("budget", sentence, "note", (), remedy=remedy)
    return Section("budget", "Left out", "Which questions does the budget not reach?", findings=(finding,))
