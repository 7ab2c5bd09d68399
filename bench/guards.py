"""What the guard before every reader costs an assay: the same assay with it, and with the bare calls in its place.

Every module that has imported a function of ``core.guard`` gets the bare call instead, so both assays ask the model
the same questions in the same order; what they answer is compared. Processor time on one thread, in pairs that take
turns at going first. Beside it stands what the calls alone would add: how often each function is called, times what it
takes more than the bare call on a batch of the mean size. Medians stand with both ends of their interval.
Run: ``python bench/guards.py [PAIRS]``.
"""

import gc
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from assay import digits
from record import record
from scipy.stats import t as student

import latentassay as la
from latentassay.core import guard
from latentassay.core.observations import as_observations

PAIRS, TARGET = 30, 0.01
REPEATS = 3000
"""Calls in a row, of which a bare and a guarded one are compared."""

BARE: dict[str, Callable[..., Any]] = {
    "encode_batch": lambda model, x: model.encode(x),
    "encode_means": lambda model, x: model.encode(x),
    "decode_batch": lambda model, z: model.decode(z),
    "reconstruct_batch": lambda model, z, x: model.decode(z),
    "decoder_output_batch": lambda model, z: model.decoder_output(z),
}


@contextmanager
def replaced(functions: dict[str, Callable[..., Any]]) -> Iterator[None]:
    """Put functions in the place of the guard's, in every module that has imported them."""
    with ExitStack() as stack:
        modules = [module for name, module in list(sys.modules.items()) if name.startswith("latentassay")]
        for name, function in functions.items():
            for module in modules:
                if getattr(module, name, None) is getattr(guard, name) and module is not guard:
                    stack.enter_context(patch.object(module, name, function))
        yield


def counted(work: Callable[[], Any]) -> dict[str, list[int]]:
    """Rows of every call of the guard while something works."""
    calls: dict[str, list[int]] = defaultdict(list)

    def count(name: str) -> Callable[..., Any]:
        guarded = getattr(guard, name)

        def call(model: Any, values: torch.Tensor, *more: Any) -> Any:
            calls[name].append(len(values))
            return guarded(model, values, *more)

        return call

    with replaced({name: count(name) for name in BARE}):
        work()
    return calls


def seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def middle(values: list[float]) -> tuple[float, float, float]:
    """The median, and the order statistics that hold it at 95 %, whatever the distribution."""
    ordered, n = sorted(values), len(values)
    low = max(0, int(n / 2 - 0.98 * n**0.5))
    return statistics.median(ordered), ordered[low], ordered[n - 1 - low]


def per_call(model: la.Autoencoder, name: str, arguments: tuple[torch.Tensor, ...]) -> tuple[float, float, float]:
    """Seconds that a guarded call takes more than a bare one: ``middle`` of differences of short turns."""
    both = (getattr(guard, name), BARE[name])
    differences = []
    with torch.inference_mode():
        for _ in range(REPEATS // 20):
            took = []
            for function in both:
                begun = time.process_time()
                for _ in range(20):
                    function(model, *arguments)
                took.append((time.process_time() - begun) / 20)
            differences.append(took[0] - took[1])
    return middle(differences)


def added_by_calls(model: la.Autoencoder, x: torch.Tensor, calls: dict[str, list[int]]) -> dict[str, Any]:
    """How often every function was called, on how many rows, and the seconds that it added."""
    found = {}
    for name, rows in calls.items():
        many = x.repeat(-(-max(rows) // len(x)), *[1] * (x.ndim - 1))[: round(statistics.mean(rows))]
        with torch.inference_mode():
            z = model.encode(many).mean
        arguments = {"encode_batch": (many,), "encode_means": (many,), "reconstruct_batch": (z, many)}.get(name, (z,))
        found[name] = {
            "calls": len(rows),
            "mean_rows": round(statistics.mean(rows)),
            "microseconds": [round(1e6 * each, 2) for each in per_call(model, name, arguments)],
        }
    return found


def main(pairs: int) -> None:
    torch.set_num_threads(1)
    model, data, options = digits()

    def work() -> la.Assay:
        return la.assay(model, data, **options, budget=1e6)

    def facts(found: la.Assay) -> list[str]:
        return [f"{finding.key} {finding.estimate}" for finding in found.findings]

    calls = counted(work)
    guarded = facts(work())
    with replaced(BARE):
        same = facts(work()) == guarded
    shares, bare = [], []
    for k in range(pairs):
        took = {}
        for with_guard in (True, False) if k % 2 else (False, True):
            with replaced({} if with_guard else BARE):
                took[with_guard] = seconds(work)
        shares.append(took[True] / took[False] - 1)
        bare.append(took[False])
    mean, half = statistics.mean(shares), student.ppf(0.975, pairs - 1) * statistics.stdev(shares) / pairs**0.5
    added = added_by_calls(model, as_observations(data).batch(torch.arange(128)), calls)
    alone = [sum(each["calls"] * each["microseconds"][k] for each in added.values()) / 1e6 for k in range(3)]
    record(
        "guards",
        {
            "what": "processor time of an assay of an MLP on digits with the guard, over that without it, less 1",
            "target": TARGET,
            "pairs": pairs,
            "share": round(mean, 4),
            "interval": [round(mean - half, 4), round(mean + half, 4)],
            "median_share": [round(each, 4) for each in middle(shares)],
            "seconds_without": round(statistics.median(bare), 3),
            "same_findings": same,
            "share_by_calls": [round(each / statistics.median(bare), 4) for each in alone],
            "calls": added,
        },
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS)
