"""One table of unusual input, given to every metric.

Each either refuses it, by an InputError that says what came, or answers with finite numbers. No other error leaves a
metric, no warning, no NaN, and nothing that was given is changed.
"""

import contextlib
import re
import warnings
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

import latentassay as la
from tests.laws.laws import LAWS
from tests.metrics.codes import noise

FEW = {"factor_vae": {"votes": 60, "held_out": 30}, "beta_vae": {"points": 60, "held_out": 30}}
VARIANTS = ("dci, lasso", "sap, standard", "sap, continuous", "linear_probe, linear")  # others refuse what these do
TRIED = {name: case for name, case in LAWS.items() if name in VARIANTS or not case.laws.variant}
METRICS = {name: FEW.get(name, {}) for name in la.metrics.METRICS if name != "dci"}
FUNCTIONS = {
    **{name: partial(case.result, **FEW.get(name, {})) for name, case in TRIED.items()},
    "udr": lambda codes, factors, **options: la.metrics.udr([codes, codes], **options),
    "score": partial(la.score, metrics=METRICS),
}


def refusing(kind):
    """Who declares to have no answer to such input."""
    return frozenset(name for name, case in TRIED.items() if kind in case.laws.refuses)


ALL = frozenset(FUNCTIONS)
NONE = frozenset()
BLIND = frozenset(name for name, case in TRIED.items() if case.metric.needs == "codes") | {"udr"}
SEEING = ALL - BLIND
COMPARING, CHOOSING, LEARNING = refusing("one unit"), refusing("one factor"), refusing("rare values")
GAUSSIAN = refusing("few rows")

FACTORS = np.tile(np.indices((4, 3, 2)).reshape(3, -1).T, (2, 1))
CODES = np.round(8 * (FACTORS + 0.3 * noise(48, 3))) / 8  # of few digits, so that half precision holds them, too
ENDLESS = GAUSSIAN | {"score"}
LARGE = r"large|e\+30\d"
ROW_NUMBERS = np.stack([np.arange(48), FACTORS[:, 1]], 1)
RAGGED = [[1.0, 2.0], [3.0]]
RECORDS = np.zeros(48, dtype=[("a", float), ("b", float)])


class Case(NamedTuple):
    """Codes, factors, who refuses them in which words, and who may answer infinity.

    ``refused`` is ``None`` where a metric may do either. If it is ``twin``, the answer is that to ``CODES`` and
    ``FACTORS``.
    """

    codes: Any
    factors: Any
    refused: frozenset[str] | None = ALL
    says: str = ""
    twin: bool = False
    infinite: frozenset[str] = NONE
    left_out_by_score: bool = False


def same(codes=CODES, factors=FACTORS):
    return Case(codes, factors, NONE, twin=True)


def with_one(array, value):
    changed = array.copy()
    changed[3, 1] = value
    return changed


def read_only(array):
    copied = array.copy()
    copied.flags.writeable = False
    return copied


def tensor(array=CODES):
    return torch.from_numpy(array.copy())


AMOUNTS = frozenset({"linear_probe, linear", "sap, continuous"})
"""Metrics to which values may be amounts, which never repeat."""

CASES = {
    # Shapes.
    "empty": Case(CODES[:0], FACTORS[:0], ALL, r"\(0, 3\)"),
    "empty lists": Case([], [], ALL, r"\(0,\)"),
    "nothing": Case(None, None, ALL, r"\(\)"),
    "no units": Case(CODES[:, :0], FACTORS, ALL, r"\(48, 0\)"),
    "no factors": Case(CODES, FACTORS[:, :0], SEEING, r"\(48, 0\)"),
    "one sample": Case(CODES[:1], FACTORS[:1], ALL, r"\(1, 3\)"),
    "two samples": Case(CODES[[0, 47]], FACTORS[[0, 47]], LEARNING | GAUSSIAN, "too few rows|got 2 to fit"),
    "one unit": Case(CODES[:, :1], FACTORS, COMPARING, r"got 1$|got 1 and 3|\(48, 1\)"),
    "one factor": Case(CODES, FACTORS[:, :1], CHOOSING, "got 1$|got 3 and 1|got 1;"),
    "more units than samples": Case(noise(48, 50), FACTORS, frozenset({"total_correlation"}), "50 units.*got 48"),
    "codes of one dimension": Case(CODES[:, 0], FACTORS, ALL, r"\(48,\)"),
    "codes of three dimensions": Case(CODES[:, :, None], FACTORS, ALL, r"\(48, 3, 1\)"),
    "factors of one dimension": Case(CODES, FACTORS[:, 0], CHOOSING, "got 1$|got 3 and 1|got 1;"),
    "factors of three dimensions": Case(CODES, FACTORS[:, :, None], SEEING, r"\(48, 3, 1\)"),
    "fewer codes than factors": Case(CODES[:40], FACTORS, SEEING, r"\(40, factors\), got \(48, 3\)"),
    "fewer factors than codes": Case(CODES, FACTORS[:40], SEEING, r"\(48, factors\), got \(40, 3\)"),
    "ragged codes": Case(RAGGED, FACTORS, ALL, "inhomogeneous"),
    "ragged factors": Case(CODES, RAGGED, SEEING, "inhomogeneous"),
    "a dictionary": Case({"codes": CODES}, FACTORS, ALL, "dict"),
    # Values.
    "NaN": Case(with_one(CODES, np.nan), FACTORS, ALL, r"NaN.* in 1 rows|models \[0, 1\] hold NaN"),
    "infinity": Case(with_one(CODES, np.inf), FACTORS, ALL, r"infinite.* in 1 rows|models \[0, 1\] hold NaN"),
    "minus infinity": Case(with_one(CODES, -np.inf), FACTORS, ALL, r"infinite.* in 1 rows|models \[0, 1\] hold NaN"),
    "constant factor": Case(
        CODES, FACTORS * [1, 0, 1], SEEING - {"score"}, r"\[1\] never vary", left_out_by_score=True
    ),
    "constant factors": Case(CODES, FACTORS * 0, SEEING, r"\[0, 1, 2\] never vary"),
    "constant codes": Case(np.full((48, 3), 0.1), FACTORS, NONE),
    "every unit twice": Case(np.hstack([CODES, CODES]), FACTORS, NONE, infinite=ENDLESS),
    "values that never repeat": Case(CODES, ROW_NUMBERS, SEEING - AMOUNTS, r"\[0\] have too few"),
    "factors that are no integers": Case(CODES, FACTORS + 0.5, SEEING, "float64"),
    "whole factors of type float": same(factors=FACTORS + 0.0),
    "factors with NaN": Case(CODES, with_one(FACTORS + 0.0, np.nan), SEEING, "float64"),
    "negative values": same(factors=FACTORS - 7),
    "huge values": same(factors=FACTORS * 2**60),
    "values at both ends": same(factors=np.choose(FACTORS, [-(2**63), -1, 1, 2**63 - 1])),
    "unsigned values": same(factors=FACTORS.astype(np.uint8)),
    "values above signed integers": same(factors=FACTORS.astype(np.uint64) + np.uint64(2**63)),
    "values above all integers": Case(CODES, [[10**30, 1], [2, 3]] * 24, SEEING, "object"),
    "codes above all floats": Case([[10**400, 1.0], [2, 3]] * 24, FACTORS, ALL, "too large"),
    "huge codes": Case(CODES * 1e300, FACTORS, None, LARGE),
    "codes at both ends": Case(
        np.where(CODES > 1, 1.7e308, -1.7e308), FACTORS, None, LARGE, infinite=GAUSSIAN | {"score"}
    ),
    "tiny codes": Case(CODES * 1e-300, FACTORS, NONE),
    "the least of all codes": Case(FACTORS * 5e-324, FACTORS, NONE),
    "codes far from 0": Case(CODES + 1e12, FACTORS, NONE),
    # Types.
    "words": Case(np.full((48, 3), "word"), FACTORS, ALL, "word|<U"),
    "numerals": Case(CODES.astype(str), FACTORS, ALL, "<U"),
    "factors as words": same(factors=FACTORS.astype(str)),
    "objects": same(CODES.astype(object)),
    "objects, one of them missing": Case(with_one(CODES.astype(object), None), FACTORS, ALL, "object"),
    "factors as objects": same(factors=FACTORS.astype(object)),
    "complex": Case(CODES + 1j, FACTORS, ALL, "complex128"),
    "complex tensor": Case(tensor() + 1j, FACTORS, ALL, "complex128"),
    "complex factors": Case(CODES, FACTORS + 0j, SEEING, "complex128"),
    "truth values": Case(CODES > 1, FACTORS, NONE),
    "factors as truth values": Case(CODES, FACTORS > 0, NONE),
    "days": Case(FACTORS.astype("datetime64[D]"), FACTORS, ALL, "datetime64"),
    "factors as days": Case(CODES, FACTORS.astype("datetime64[D]"), SEEING, "datetime64"),
    "factors as times": Case(CODES, FACTORS.astype("timedelta64[D]"), SEEING, "timedelta64"),
    "records": Case(RECORDS, FACTORS, ALL, r"\('a'|\(48,\)"),
    "factors as records": Case(CODES, RECORDS, SEEING, r"\('a'|\(48,\)"),
    "masked": Case(np.ma.masked_array(CODES, CODES > 3), FACTORS, ALL, "mask"),
    "nothing masked": same(np.ma.masked_array(CODES), np.ma.masked_array(FACTORS)),
    "factors masked": Case(CODES, np.ma.masked_array(FACTORS, FACTORS > 2), SEEING, "mask"),
    "lists": same(CODES.tolist(), FACTORS.tolist()),
    "half precision": same(CODES.astype(np.float16), FACTORS.astype(np.int8)),
    "more than double precision": same(CODES.astype(np.longdouble)),
    "big endian": same(CODES.astype(">f8"), FACTORS.astype(">i4")),
    "other order in memory": same(np.asfortranarray(CODES), np.repeat(FACTORS, 2, axis=0)[::2]),
    "read only": same(read_only(CODES), read_only(FACTORS)),
    "integers": Case(FACTORS, FACTORS, NONE),
    "tensors": same(tensor(), tensor(FACTORS)),
    "tensors that ask for gradients": same(tensor().requires_grad_(), tensor(FACTORS)),
    "tensors of half precision": same(tensor().half(), tensor(FACTORS).to(torch.uint8)),
    "tensors of type bfloat16": same(tensor().bfloat16()),
    "tensors with a sign to come": same((tensor() * -1j).conj().imag),
    "sparse tensors": Case(tensor().to_sparse(), FACTORS, ALL, "[Ss]parse"),
    "tensors without data": Case(torch.zeros(48, 3, device="meta"), FACTORS, ALL, "meta"),
}


def numbers(found):
    """All numbers of a result in one line; an area of a value that cannot be tested is documented to be NaN."""
    if found is None or isinstance(found, str):
        return []
    if isinstance(found, la.Estimate):
        return [float(found), *(end for end in (found.low, found.high) if end is not None)]
    if isinstance(found, la.metrics.Panel):
        return [score.value for score in found]
    if isinstance(found, tuple):
        fields = getattr(found, "_fields", range(len(found)))
        return [x for field, part in zip(fields, found, strict=True) if field != "per_value" for x in numbers(part)]
    return np.ravel(found).astype(float).tolist()


def look(given):
    return given.tobytes() if isinstance(given, np.ndarray) else repr(given)


@cache
def plain(metric):
    return numbers(FUNCTIONS[metric](CODES, FACTORS))


def answered(metric, case, found):
    """What is wrong with an answer, or nothing."""
    values = np.array(numbers(found))
    if metric in (case.refused or NONE):
        return f"answered {values[:3]}"
    if np.isnan(values).any() or (np.isinf(values).any() and metric not in case.infinite):
        return f"not finite: {found}"
    if case.twin and not (len(values) == len(plain(metric)) and np.allclose(values, plain(metric), rtol=0, atol=1e-9)):
        return f"{values[:3]} rather than {plain(metric)[:3]}"
    if metric == "score" and case.refused is not None:
        left_out = {name.partition("[")[0] for name in found.left_out}
        wanted = NONE if case.left_out_by_score else case.refused & {*METRICS}
        return f"left out {left_out}" if left_out != wanted else ""
    return ""


def trouble(metric, case):
    """What a metric does wrong with this input, or nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = FUNCTIONS[metric](case.codes, case.factors)
    except la.InputError as error:
        if metric not in (ALL if case.refused is None else case.refused):
            return f"refused: {error}"
        return "" if re.search(case.says, str(error)) else f"does not say what came: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return answered(metric, case, found)


@pytest.mark.parametrize("name", CASES)
def test_every_metric_refuses_in_words_or_answers_in_numbers(name):
    case = CASES[name]
    before = look(case.codes), look(case.factors)
    assert {metric: said for metric in FUNCTIONS if (said := trouble(metric, case))} == {}
    assert (look(case.codes), look(case.factors)) == before


@pytest.mark.parametrize(
    ("factors", "says"),
    [
        pytest.param(FACTORS + 0j, "complex128", id="complex"),
        pytest.param(FACTORS.astype("timedelta64[D]"), "timedelta64", id="times"),
        pytest.param(FACTORS.astype(str), "<U", id="words"),
        pytest.param(FACTORS.astype(object), "object", id="objects"),
        pytest.param(FACTORS + np.array([0, 0.5, 0]), r"\[1\]|float64", id="halves"),
        pytest.param(with_one(FACTORS + 0.0, np.nan), "NaN|nan", id="NaN"),
    ],
)
def test_separation_says_what_came_in_place_of_numbers(factors, says):
    with pytest.raises(la.InputError, match=says):
        la.metrics.separation(CODES, factors, continuous=(0,))


def few_rows(seed):
    """A value is left with one row in a half, or with none; so is a unit's; and one unit never varies."""
    rng = np.random.default_rng(seed)
    rare = np.arange(20) < 2
    factors = np.stack([rare, rng.random(20) < 0.4], 1).astype(int)
    return np.stack([factors[:, 0] + 0.1 * rng.normal(size=20), rare, 0 * rare, rng.normal(size=20)], 1), factors


@pytest.mark.parametrize("metric", FUNCTIONS)
def test_halves_of_few_rows_do_no_harm(metric):
    answers = []
    for seed in range(2):
        with contextlib.suppress(la.InputError):
            answers += [FUNCTIONS[metric](*few_rows(seed), resamples=4)]
    assert answers and all(np.isfinite(numbers(found)).all() for found in answers)
