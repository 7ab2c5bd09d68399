"""When a measurement stops: sizes of rounds, budgets, and how precise is precise enough."""

import pytest

from latentassay.core.errors import InputError
from latentassay.responses import stopping
from latentassay.responses.stopping import Stopping


def rounds(total, *, first=2, least=8, cost=1, **options):
    rule, done, sizes = Stopping(options.get("precision"), options.get("budget")), 0, []
    while done < total and (size := rule.next_round(done, total, first=first, least=least, cost=cost)):
        rule.count(size * cost)
        sizes.append(size)
        done += size
    return sizes


def test_without_a_limit_there_is_one_round():
    assert rounds(100) == [100]


def test_rounds_grow_by_half_of_what_is_done():
    assert rounds(100, precision=0.1) == [8, 8, 8, 12, 18, 27, 19]


def test_a_budget_begins_with_a_small_round_and_ends_when_it_is_spent(monkeypatch):
    clock = iter(range(0, 10_000, 10))  # ten seconds pass between two looks
    monkeypatch.setattr(stopping.time, "perf_counter", lambda: next(clock))
    assert rounds(1000, budget=35.0) == [2, 5, 1, 1]  # 5 more at 5 s each, 1 up to the least of 8, 1 at 30/8 s


def test_precision_is_relative_to_what_is_measured():
    rule = Stopping(0.1, None)
    assert rule.is_precise(0.1, 1.0) and not rule.is_precise(0.11, 1.0) and not Stopping(None, 5).is_precise(0, 1.0)


@pytest.mark.parametrize("options", [(0, None), (None, 0.0), (float("inf"), None), (None, float("nan"))])
def test_limits_must_be_positive_numbers(options):
    with pytest.raises(InputError, match="must be a positive number or None"):
        Stopping(*options)
