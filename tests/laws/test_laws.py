"""Every metric keeps the laws it declares, whatever the code, and breaks those it says it breaks."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from latentassay.metrics.catalog import code_metrics, known_metrics
from latentassay.metrics.laws import NO_FACTORS, Laws, SampleLaws
from tests.laws.laws import GRID, LAWS, ROWS, SAMPLE_LAWS, SIZES

METRICS = list(LAWS)
FAMILIES = [
    [name for name in LAWS if LAWS[name].family == family] for family in dict.fromkeys(c.family for c in LAWS.values())
]
CHANGES = ["permuted", "negated", "rescaled", "shuffled", "renamed", "renumbered", "copied", "dead"]
NOISE = [0.0, 0.3, 1.0, 3.0]
FEW = 4
"""Codes that laws are tried on in every run; in long ones, on as many as they declare."""


class Drawn(NamedTuple):
    """A code: from aligned to mixed, without and with noise, and a few units of noise besides."""

    seed: int
    mixing: float
    blur: float
    extra: int

    def arrays(self):
        rng = np.random.default_rng(self.seed)
        factors = rng.integers(0, SIZES, (ROWS, 3))
        turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        codes = standard(factors) @ ((1 - self.mixing) * np.eye(3) + self.mixing * turn)
        codes = np.hstack([codes + self.blur * rng.normal(size=(ROWS, 3)), rng.normal(size=(ROWS, self.extra))])
        order, units = rng.permutation(codes.shape[1]), codes.shape[1]
        return codes[:, order] * rng.choice([-1, 1], units) * 10 ** rng.uniform(-1, 1, units), factors


def standard(x):
    return (x - x.mean(0)) / x.std(0)


tenths = st.integers(0, 10).map(lambda k: k / 10)
drawn = st.builds(Drawn, st.integers(0, 999), tenths, tenths.map(lambda x: 2 * x), st.integers(0, 2))


def every(examples):
    """Try so many codes, the same in every run, and report the first that fails as it is."""
    chosen = settings(derandomize=True, max_examples=examples, deadline=None, phases=[Phase.generate])
    return lambda holds: chosen(given(code=drawn)(holds))


@cache
def found(family, codes, factors, rows):
    """A result; kept, as several laws ask for the same, and several scores stand in one result."""
    case = next(case for case in LAWS.values() if case.family == family)
    return case.result(np.frombuffer(codes).reshape(rows, -1), np.frombuffer(factors, np.int64).reshape(rows, -1))


def score(metric, codes, factors):
    case = LAWS[metric]
    return case.read(found(case.family, codes.tobytes(), factors.tobytes(), len(codes)))


def changed(law, codes, factors, rng):
    units, rows = rng.permutation(codes.shape[1]), rng.permutation(len(codes))
    signs, scales, shifts = rng.choice([-1, 1], len(units)), 10 ** rng.uniform(-2, 2, len(units)), rng.uniform(-5, 5)
    names = [rng.permutation(size) for size in SIZES]
    signs[0] = -1
    return {
        "permuted": (codes[:, units], factors),
        "negated": (codes * signs, factors),
        "rescaled": (codes * scales + shifts, factors),
        "shuffled": (codes[rows], factors[rows]),
        "renamed": (codes, np.stack([name[column] for name, column in zip(names, factors.T, strict=True)], 1)),
        "renumbered": (codes, 7 * factors - 4),
        "copied": (np.hstack([codes, codes]), factors),
        "dead": (np.insert(codes, [0, 1, len(units)], [0.1, -3, 0], axis=1), factors),
    }[law]


def change(metric, law, code):
    """How far the score is from what the law says."""
    codes, factors = code.arrays()
    before = score(metric, codes, factors)
    after = score(metric, *changed(law, codes, factors, np.random.default_rng(code.seed)))
    same = {"copied": LAWS[metric].laws.copies, "dead": LAWS[metric].laws.buried}
    expected = same.get(law, lambda score, units: score)(before, codes.shape[1])
    return 0.0 if after == expected else abs(after - expected)


def declared(kind, metrics=METRICS):
    return [(metric, law) for metric in metrics for law in CHANGES if isinstance(getattr(LAWS[metric].laws, law), kind)]


def test_every_metric_declares_its_laws():
    assert {name.partition(",")[0] for name in LAWS} == {*code_metrics()}
    assert {name.partition(",")[0] for name in (*LAWS, *SAMPLE_LAWS)} == {*known_metrics()}
    for metric in known_metrics().values():
        assert all(isinstance(laws, SampleLaws if metric.needs == "samples" else Laws) for laws in metric.laws)


def check_laws(metrics, examples):
    """Try the laws of scores of one result on so many codes."""

    @every(examples)
    def holds(code):
        for metric in metrics:
            assert LAWS[metric].laws.lowest <= score(metric, *code.arrays()) <= LAWS[metric].laws.highest
        for metric, law in declared(float, metrics):
            assert change(metric, law, code) <= getattr(LAWS[metric].laws, law), f"{metric} if {law}"

    holds()


@pytest.mark.parametrize("metrics", FAMILIES, ids=" and ".join)
def test_laws_hold_and_scores_keep_within_their_bounds(metrics):
    check_laws(metrics, min(FEW, LAWS[metrics[0]].laws.examples))


@pytest.mark.long
@pytest.mark.parametrize("metrics", FAMILIES, ids=" and ".join)
def test_laws_hold_on_as_many_codes_as_they_declare(metrics):
    check_laws(metrics, LAWS[metrics[0]].laws.examples)


@pytest.mark.parametrize(("metric", "law"), declared(str))
def test_laws_that_do_not_hold_are_broken_by_some_code(metric, law):
    codes = [Drawn(seed, mixing, blur, 1) for seed in range(4) for mixing, blur in ((0.1, 0.6), (0.4, 0.6), (0.4, 2.0))]
    assert max(change(metric, law, code) for code in codes) > 0.05


@pytest.mark.parametrize("metric", METRICS)
def test_perfect_codes_score_what_is_declared(metric):
    found = score(metric, GRID + 0.0, GRID)
    assert LAWS[metric].laws.perfect.holds(found), found


@pytest.mark.parametrize("metric", METRICS)
def test_independent_codes_score_chance(metric):
    codes = [np.random.default_rng(seed).normal(size=(ROWS, 4)) for seed in range(3)]
    mean = np.mean([score(metric, code, GRID) for code in codes])
    assert LAWS[metric].laws.chance.holds(mean), mean


@pytest.mark.parametrize("metric", METRICS)
def test_scores_fall_on_average_as_noise_grows(metric):
    noise = [np.random.default_rng(seed).normal(size=GRID.shape) for seed in range(2)]
    means = [np.mean([score(metric, standard(GRID) + much * of, GRID) for of in noise]) for much in NOISE]
    if LAWS[metric].laws.falls == NO_FACTORS:
        assert means == pytest.approx([means[0]] * 4, abs=0.02)
    else:
        assert np.diff(means).max() <= LAWS[metric].laws.falls and means[-1] < means[0] - 0.2
