"""Everything a bench found, as one record that JSON can hold."""

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from latentassay._version import __version__
from latentassay.assay.finding_json import pack_estimate
from latentassay.core.estimate import Estimate
from latentassay.core.storage import write_whole
from latentassay.truth.plant import Kind
from latentassay.truth.runs import Outcome, twin_name
from latentassay.truth.scoring import Rate, coverage, flips, rates

FORMAT = "latentassay-bench-truth-1"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a run of the bench found.

    Attributes:
        kinds: what was planted, in order.
        rates: of every diagnoser, kind and dose.
        coverage: score → how often its interval held the truth.
        flips: kind → in how many pairs of seeds of the assay what it accuses differs.
        contradictions: findings of one report that cannot both be true → in how many reports.
        failed: errors that diagnosers raised → how often.
        seeds: how many plants of each kind and dose.
        seconds: what all took.
    """

    kinds: tuple[Kind, ...]
    rates: tuple[Rate, ...]
    coverage: dict[str, Estimate]
    flips: dict[str, Estimate]
    contradictions: dict[str, int]
    failed: dict[str, int]
    seeds: int
    seconds: float

    @property
    def diagnosers(self) -> tuple[str, ...]:
        """Who was asked."""
        return tuple(dict.fromkeys(rate.diagnoser for rate in self.rates))

    def rate(self, name: str, dose: int, diagnoser: str) -> Rate | None:
        """The rate of one diagnoser for one kind at one dose, if it was asked."""
        wanted = (name, dose, diagnoser)
        return next((each for each in self.rates if (each.name, each.dose, each.diagnoser) == wanted), None)

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        write_whole(path, (json.dumps(pack(self), indent=1, ensure_ascii=False) + "\n").encode())


def summarise(chosen: Sequence[Kind], outcomes: Sequence[Outcome], *, seeds: int, seconds: float) -> Bench:
    """Count what was said."""
    return Bench(
        kinds=tuple(chosen),
        rates=tuple(rates(outcomes)),
        coverage=coverage(outcomes),
        flips=flips(outcomes),
        contradictions=_count(text for one in outcomes for text in one.contradictions),
        failed=_count(f"{one.diagnoser}: {one.failed}" for one in outcomes if one.failed),
        seeds=seeds,
        seconds=seconds,
    )


def _count(texts: Iterable[str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for text in texts:
        counted[text] = counted.get(text, 0) + 1
    return dict(sorted(counted.items(), key=lambda item: -item[1]))


def pack(bench: Bench) -> dict[str, Any]:
    """Return a bench as plain facts.

    The schema: ``kinds`` (name, keys, sizes of the doses, what they are, name of the clean twin), ``rates`` (name,
    dose, diagnoser, n, ``named``, ``subjects_right`` and ``blamed`` as estimates, counts of levels and of wrong keys,
    seconds an answer), ``coverage`` and ``flips`` (name → estimate), ``contradictions`` and ``failed`` (text → count).
    An estimate is ``{"value", "low", "high", "stderr", "n"}`` with Wilson's 95 % interval, or null.
    """
    return {
        "format": FORMAT,
        "seeds": bench.seeds,
        "seconds": round(bench.seconds, 1),
        "versions": {
            "latentassay": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "kinds": [_pack_kind(kind) for kind in bench.kinds],
        "rates": [_pack_rate(rate) for rate in bench.rates],
        "coverage": {name: pack_estimate(share) for name, share in bench.coverage.items()},
        "flips": {name: pack_estimate(share) for name, share in bench.flips.items()},
        "contradictions": bench.contradictions,
        "failed": bench.failed,
    }


def _pack_kind(kind: Kind) -> dict[str, Any]:
    sizes = None if kind.is_clean else list(kind.sizes)
    return {"name": kind.name, "keys": list(kind.keys), "sizes": sizes, "effect": kind.effect, "twin": twin_name(kind)}


def _pack_rate(rate: Rate) -> dict[str, Any]:
    facts = asdict(rate)
    facts |= {"named": pack_estimate(rate.named), "blamed": pack_estimate(rate.blamed)}
    facts["subjects_right"] = None if rate.subjects_right is None else pack_estimate(rate.subjects_right)
    facts["seconds"] = round(rate.seconds, 3)
    return facts
