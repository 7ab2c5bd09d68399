import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentassay.core.errors import InputError
from latentassay.monitor.account import LEAST, OVERRUN, Account


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def run(share, steps, overruns, seconds=0.1, most=30.0):
    """Train for so many steps, with assays that take the next of ``overruns`` times their budget."""
    clock = Clock()
    account, costs = Account(share, most=most, clock=clock), []
    for _ in range(steps):
        account.train()
        budget = account.budget()
        if budget:
            costs.append(budget * overruns[len(costs) % len(overruns)])
            clock.now += costs[-1]
            account.pay(budget)
        clock.now += seconds
    account.train()
    return account, costs, clock


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 0.5), st.lists(st.floats(0.3, OVERRUN), min_size=1, max_size=5))
def test_assays_within_what_is_expected_keep_the_share(share, overruns):
    account, costs, _ = run(share, 600, overruns)
    assert account.spent == pytest.approx(sum(costs))
    # What is expected is the greatest of the last three, so a list that repeats within three is known after a round.
    if max(overruns) <= min(overruns) * 1.0001:
        assert account.spent <= share * account.trained * (1 + 1e-9)


def test_an_assay_that_takes_too_long_is_paid_off_before_the_next():
    share = 0.05
    clock = Clock()
    account = Account(share, most=30.0, clock=clock)
    account.train()
    clock.now = 100.0
    account.train()
    assert account.budget() == pytest.approx(share * 100 / OVERRUN)
    clock.now += 40.0  # eight times what there was
    account.pay(share * 100 / OVERRUN)
    waited = 0
    while not account.budget():
        clock.now += 10.0
        account.train()
        waited += 10
    assert share * (100 + waited) >= 40.0 + LEAST
    assert account.spent <= share * account.trained


def test_time_between_calls_is_of_training_and_that_of_assays_is_not():
    account, costs, clock = run(0.1, 200, [1.0])
    assert account.trained == pytest.approx(clock.now - sum(costs))


def test_no_assay_gets_more_than_the_most():
    clock = Clock()
    account = Account(0.5, most=3.0, clock=clock)
    account.train()
    clock.now = 1e4
    account.train()
    assert account.budget() == 3.0


def test_overruns_are_learnt():
    account, costs, _ = run(0.05, 4000, [4.0])
    assert len(costs) > 3 and np.isclose(account.spent / account.trained, 0.05, rtol=0.1)
    assert account.spent <= 1.03 * 0.05 * account.trained


@pytest.mark.parametrize("share", [0, -0.1, 1.5, float("nan"), True])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(InputError, match="share must be"):
        Account(share, most=30.0)
