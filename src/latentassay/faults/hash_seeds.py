"""The same functions in processes of their own, each with another seed of Python's hashes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from inspect import signature
from typing import Any

from latentassay.faults.arguments import ARGUMENTS
from latentassay.faults.comparing import listed
from latentassay.faults.judging import Outcome, judge_kept, timed
from latentassay.faults.names import public_functions

HASH_SEEDS = ("0", "random", "1")
"""What ``PYTHONHASHSEED`` is; the first is what the others are held against."""

AMPLE = 1000.0
"""Seconds, a budget that nothing uses up: what is answered in less depends on the machine."""

SECONDS = 300.0
"""A process that takes longer hangs."""


def compare_hash_seeds(names: Sequence[str], *, quick: bool = False) -> list[Outcome]:
    """Call functions in processes that differ in the order of their sets alone, and compare every bit of the answers.

    Args:
        names: public names.
        quick: two processes in place of three.
    """
    found: list[Outcome] = []
    first: dict[str, str] = {}
    for seed in HASH_SEEDS[: 2 if quick else 3]:
        answers, seconds = timed(partial(_answers, names, seed))
        if not first:
            first = answers
            continue
        found += [_judge(name, seed, first, answers, seconds / max(1, len(names))) for name in names]
    return found


def _judge(name: str, seed: str, first: dict[str, str], answers: dict[str, str], seconds: float) -> Outcome:
    gone = answers.get("", "") or first.get("", "")
    if name not in answers or name not in first:
        verdict, detail = "died", gone
    else:
        alike = first[name] == answers[name]
        verdict, detail = ("value", "") if alike else ("differs", f"from that with hash seed {HASH_SEEDS[0]}")
    return Outcome(
        axis="determinism",
        function=name,
        argument="",
        case=f"hash seed {seed}",
        verdict=verdict,
        detail=detail,
        seconds=seconds,
    )


def _answers(names: Sequence[str], seed: str) -> dict[str, str]:
    """Return digests of the answers of a process; under no name, what it said when it died."""
    words = [sys.executable, "-c", "from latentassay.faults.hash_seeds import main; main()", *names]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return {"": f"over {SECONDS:g} s"}
    parted = [line.partition("\t") for line in done.stdout.splitlines()]
    found = {name: answer for name, tab, answer in parted if tab}
    return found | ({"": done.stderr.strip()[-200:]} if done.returncode else {})


def main() -> None:
    """Print names and digests of the answers of functions, named by this process's arguments."""
    functions = public_functions()
    for name in sys.argv[1:]:
        verdict, detail, answer = judge_kept(
            functions[name], {**ARGUMENTS[name](), **steadied(functions[name], {"budget": AMPLE})}
        )
        sys.stdout.write(f"{name}\t{fingerprint((verdict, detail, answer))}\n")
        sys.stdout.flush()


def steadied(function: Callable[..., Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return those of the options that a function takes."""
    parameters = signature(function).parameters
    return {name: value for name, value in options.items() if name in parameters}


def fingerprint(answer: Any) -> str:
    """Return a digest of every bit, word and order of an answer.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    False
    """
    return sha256(json.dumps(listed(answer)).encode()).hexdigest()[:16]
