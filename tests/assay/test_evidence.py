"""Evidence survives its file: arrays as arrays, facts as the facts they were."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from latentassay.assay.evidence import pack, unpack
from latentassay.core.estimate import Estimate


@dataclass(frozen=True)
class Seen:
    spread: np.ndarray
    absent: np.ndarray | None
    names: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    costs: dict[str, float]
    score: Estimate
    scores: tuple[Estimate | None, ...]


def test_a_record_comes_back_as_it_was():
    seen = Seen(
        spread=np.arange(6.0).reshape(2, 3),
        absent=None,
        names=("a", "b"),
        pairs=((0, 1), (2, 3)),
        costs={"straight": 2.5},
        score=Estimate(0.5, low=0.1, high=0.6, n=7),
        scores=(Estimate(1.0), None),
    )
    arrays, facts = pack(seen)
    again = unpack(Seen, arrays, json.loads(json.dumps(facts)))
    np.testing.assert_array_equal(again.spread, seen.spread)
    assert (again.absent, again.names, again.pairs, again.costs) == (None, seen.names, seen.pairs, seen.costs)
    assert (again.score, again.score.low, again.score.high, again.score.n) == (0.5, 0.1, 0.6, 7)
    assert isinstance(again.scores[0], Estimate) and again.scores[1] is None


def test_fields_of_another_version_are_refused():
    with pytest.raises(TypeError):
        unpack(Seen, {"size": np.ones(2)}, {})
