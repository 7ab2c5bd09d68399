import numpy as np
import pytest

from latentassay.core.estimate import Estimate
from latentassay.core.levels import grade
from latentassay.monitor.changes import FALL, FALSE_WARNINGS, GROWTH, difference, find_changes, widening
from latentassay.monitor.reading import Reading, Unit


def reading(step, responses=(), states=None, signals=None, holes=None, doubt=0):
    states = states or ["alive" if each > 0.45 else "collapsed" for each in responses]
    signals = signals or [0.9 if state == "alive" else 0.0 for state in states]
    units = tuple(
        Unit(str(k), state, signal, Estimate(response, stderr=0.02))
        for k, (response, state, signal) in enumerate(zip(responses, states, signals, strict=True))
    )
    live = sum(state == "alive" for state in states)
    alive = Estimate(live, low=max(0, live - doubt), high=live + doubt) if units else None
    return Reading(step, 0.1, 0.3, {}, {}, units, alive, holes)


def test_collapse_is_named_with_its_units():
    before, now = reading(100, [0.8, 0.7, 0.9]), reading(200, [0.8, 0.0, 0.01])
    (change,) = find_changes([before], now)
    assert (change.key, change.subjects, change.step, change.since) == ("collapse", ("1", "2"), 200, 100)
    assert change.sentence.startswith("Posterior collapse begins") and "units 1 and 2" in change.sentence
    assert grade(change.estimate, FALL) == "warning" and change.estimate.low > FALL.negligible


def test_units_on_their_way_to_collapse_are_seen_and_others_that_fade_are_not():
    before = reading(100, [0.8, 0.7])
    on_the_way = reading(200, [0.8, 0.2], ["alive", "faint"], [0.9, 0.2])
    assert [change.key for change in find_changes([before], on_the_way)] == ["collapse"]
    fading = reading(200, [0.8, 0.2], ["alive", "faint"], [0.9, 0.9])
    assert not find_changes([before], fading)


def test_death_is_named():
    now = reading(200, [0.8, 0.0], ["alive", "dead"])
    (change,) = find_changes([reading(100, [0.8, 0.7])], now)
    assert (change.key, change.subjects) == ("death", ("1",)) and change.sentence.startswith("Units die")


def test_a_unit_that_another_replaces_is_none_that_was_lost():
    before, now = reading(100, [0.8, 0.0]), reading(200, [0.0, 0.8])
    assert not find_changes([before], now)


def test_what_may_still_live_is_not_called_dead():
    assert not find_changes([reading(100, [0.8, 0.7])], reading(200, [0.8, 0.0], doubt=1))


def test_what_was_said_is_not_said_again_but_more_of_it_is():
    first, second = reading(100, [0.8, 0.7, 0.9]), reading(200, [0.8, 0.0, 0.9])
    warned = find_changes([first], second)
    assert not find_changes([first, second], reading(300, [0.8, 0.0, 0.9]), warned)
    (more,) = find_changes([first, second], reading(300, [0.0, 0.0, 0.9]), warned)
    assert more.subjects == ("0",) and more.since == 200


def share(value, n=400):
    return Estimate(value, stderr=np.sqrt(value * (1 - value) / n), n=n)


def test_holes_that_grow_are_named_and_those_that_shrink_or_waver_are_not():
    small, large = reading(100, holes=share(0.02)), reading(200, holes=share(0.3))
    (change,) = find_changes([small], large)
    assert change.key == "holes" and change.estimate.low > GROWTH.negligible and "Holes grow" in change.sentence
    assert not find_changes([large], reading(200, holes=share(0.02)))
    assert not find_changes([small], reading(200, holes=share(0.035)))


def test_growth_that_is_sure_and_negligible_is_not_said():
    exact = Estimate(0.010, stderr=1e-5), Estimate(0.025, stderr=1e-5)
    assert difference(exact[1], exact[0]).low > 0
    assert not find_changes([reading(100, holes=exact[0])], reading(200, holes=exact[1]))


def test_a_run_in_which_nothing_changes_is_rarely_warned_of():
    """Holes just at a share where growth would count, measured 20 times with noise: 5 % of runs at most."""
    rng, runs, warned = np.random.default_rng(0), 300, 0
    for _ in range(runs):
        past = []
        for k in range(20):
            found = rng.binomial(200, 0.12) / 200
            now = reading(100 * (k + 1), holes=share(max(found, 0.005), 200))
            if find_changes(past, now):
                warned += 1
                break
            past.append(now)
    assert warned / runs <= FALSE_WARNINGS


def test_the_errors_of_all_assays_add_up():
    from statistics import NormalDist

    total = sum(2 * (1 - NormalDist().cdf(widening(1, k))) for k in range(1, 5000))
    assert total <= FALSE_WARNINGS + 1e-9 and total > 0.99 * FALSE_WARNINGS
    assert widening(10, 3) > widening(1, 3)


@pytest.mark.parametrize("p, q", [(0.02, 0.1), (0.3, 0.35)])
def test_intervals_of_differences_cover(p, q):
    rng, n, hits = np.random.default_rng(1), 300, 0
    for _ in range(1000):
        a, b = (rng.binomial(n, each) / n for each in (p, q))
        found = difference(wilson(b, n), wilson(a, n))
        hits += found.low <= q - p <= found.high
    assert hits / 1000 >= 0.935  # 95 % less two standard errors of a thousand draws


def wilson(p, n, z=1.96):
    middle, half = (p + z * z / (2 * n)), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Estimate(p, low=(middle - half) / (1 + z * z / n), high=(middle + half) / (1 + z * z / n))
