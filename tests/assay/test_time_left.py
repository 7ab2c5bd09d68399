"""How much of an assay is done, on a clock that the test moves."""

import time

import pytest

from latentassay.assay.time_left import TimeLeft


@pytest.mark.parametrize("used", [0.2, 0.6, 1.0])
def test_questions_that_use_a_part_of_their_shares_are_expected_to_go_on_so(monkeypatch, used):
    now, weights, shares = 0.0, [1.0] * 12, []
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    left = TimeLeft(100.0, 0.0)
    for k in range(12):
        given = (100.0 - now) / (12 - k)
        now += used * given
        left.count(given, used * given)
        shares.append((now, left.share_done([0.0] * (11 - k), weights[k + 1 :])))
    end = now
    assert shares[-1][1] == 1.0
    for over, share in shares[3:]:
        assert share == pytest.approx(over / end, rel=0.25)


def test_what_needs_more_than_its_share_is_expected_to_take_it(monkeypatch):
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    left = TimeLeft(100.0, 0.0)
    monkeypatch.setattr(time, "perf_counter", lambda: 10.0)
    left.count(10.0, 10.0)
    assert left.share_done([60.0, 0.0], [0.0, 1.0]) == pytest.approx(
        0.1
    )  # 10 of 100 seconds: 60 and the rest are ahead
