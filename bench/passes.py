"""What a model is asked to do while something is measured, and how long the same passes take alone.

Every call of ``encode`` and ``decode`` is written down with its number of rows; ``replay`` makes the same calls, in the
same order and sizes, and nothing else. Calls inside a derivative are replayed without one, so what derivatives
cost beside counts against us; their share of all rows is in ``differentiated``.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import torch

import latentassay as la


class Call(NamedTuple):
    """One call: what was called, on how many rows, and whether gradients flow through it."""

    name: str
    rows: int
    differentiated: bool


@contextmanager
def recorded(model: Any) -> Iterator[list[Call]]:
    """Write down the calls of a model while it is used."""
    calls: list[Call] = []

    def around(name: str) -> Callable[[torch.Tensor], Any]:
        function = getattr(model, name)

        def call(values: torch.Tensor) -> Any:
            calls.append(Call(name, len(values), torch.is_grad_enabled()))
            return function(values)

        return call

    with patch.object(model, "encode", around("encode")), patch.object(model, "decode", around("decode")):
        yield calls


def replay(model: la.Autoencoder, x: torch.Tensor, calls: list[Call]) -> float:
    """Processor seconds of the same calls alone."""
    most = max(call.rows for call in calls)
    many = x.repeat(-(-most // len(x)), *[1] * (x.ndim - 1))[:most]
    with torch.inference_mode():
        z = torch.cat([model.encode(rows).mean for rows in torch.split(many, 128)])
        begun = time.process_time()
        for name, rows, _ in calls:
            _ = model.encode(many[:rows]).mean if name == "encode" else model.decode(z[:rows])
    return time.process_time() - begun


def compare(model: la.Autoencoder, x: torch.Tensor, work: Callable[[], Any], rounds: int) -> dict[str, Any]:
    """Work against its passes alone, taking turns on one thread; processor time, which other programs do not lengthen.

    Args:
        model: what the work asks.
        x: observations that passes are replayed on.
        work: what is measured; it must make the same calls every time.
        rounds: how often both are timed.
    """
    with recorded(model) as calls:
        work()  # also brings in what is imported late
    ours, passes = [], []
    for k in range(rounds):
        for timed in (True, False) if k % 2 else (False, True):
            if timed:
                begun = time.process_time()
                work()
                ours.append(time.process_time() - begun)
            else:
                passes.append(replay(model, x, calls))
    ratios = [mine / theirs for mine, theirs in zip(ours, passes, strict=True)]
    return {
        "rounds": rounds,
        "ratio": round(statistics.median(ratios), 3),
        "least_ratio": round(min(ratios), 3),
        "greatest_ratio": round(max(ratios), 3),
        "seconds": round(statistics.median(ours), 4),
        "seconds_of_passes": round(statistics.median(passes), 4),
        "passes": len(calls),
        "rows": sum(call.rows for call in calls),
        "differentiated": round(
            sum(call.rows for call in calls if call.differentiated) / sum(c.rows for c in calls), 3
        ),
    }
