"""Where metrics of the field have gone wrong, and what these say there."""

import math
from functools import partial

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

import latentassay as la
from latentassay.metrics.disentanglement.modularity import modularity_of
from latentassay.metrics.disentanglement.total_correlation import gaussian_total_correlation
from latentassay.metrics.draws import draw_pairs, draw_rows
from latentassay.stats.information import mutual_information
from tests.metrics.codes import noise

GRID = np.indices((10, 10, 10)).reshape(3, -1).T
SMALL_GRID = np.indices((5, 4, 3)).reshape(3, -1).T
factor_vae = partial(la.metrics.factor_vae, votes=300, held_out=300)
beta_vae = partial(la.metrics.beta_vae, points=300, held_out=300)


def levels(rows, factors, seed=0):
    """Factors of ten values, drawn, and the same as a code of deviation 1."""
    drawn = np.random.default_rng(seed).integers(0, 10, (rows, factors))
    return drawn, (drawn - drawn.mean(0)) / drawn.std(0)


@pytest.mark.parametrize(
    "score",
    [
        lambda c, f: la.metrics.mig(c, f).score,
        lambda c, f: la.metrics.dcimig(c, f).score,
        lambda c, f: la.metrics.dci(c, f).disentanglement,
        lambda c, f: la.metrics.dci(c, f).completeness,
        lambda c, f: la.metrics.dci(c, f).informativeness,
        lambda c, f: la.metrics.dci(c, f, predictor="forest").disentanglement,
        lambda c, f: la.metrics.dci(c, f, predictor="lasso").disentanglement,
        lambda c, f: la.metrics.irs(c, f).score,
        lambda c, f: la.metrics.modularity(c, f).score,
        lambda c, f: factor_vae(c, f).score,
        lambda c, f: beta_vae(c, f).score,
        lambda c, f: la.metrics.sap(c, f, factor_type="continuous").score,
        lambda c, f: la.metrics.linear_probe(c, f).score,
    ],
)
def test_a_perfect_code_scores_one(score):
    assert score(GRID + 0.0, GRID) == pytest.approx(1, abs=1e-9)


def test_a_perfect_code_is_explicit():
    assert la.metrics.explicitness(GRID + 0.0, GRID).score >= 0.999


def test_sap_of_a_perfect_code_of_ten_levels_is_a_fifth():
    ten = np.indices((10, 10, 10, 10)).reshape(4, -1).T
    assert la.metrics.sap(ten + 0.0, ten).score == pytest.approx(0.20, abs=0.02)


@pytest.mark.parametrize("predictor", ["histogram", "forest", "lasso"])
def test_six_units_of_noise_do_not_change_disentanglement(predictor):
    plain, noisy = (
        la.metrics.dci(codes, GRID, predictor=predictor).disentanglement
        for codes in (GRID + 0.0, np.hstack([GRID, noise(1000, 6)]))
    )
    assert abs(noisy - plain) < 1e-6


def test_six_units_of_noise_bring_irs_to_about_half():
    # Six factors of ten levels each, standardised as the noise is: noise reaches further, so it weighs more.
    factors, codes = levels(10_000, 6)
    assert la.metrics.irs(codes, factors).score == pytest.approx(1)
    noisy = np.hstack([codes, noise(10_000, 6)])
    assert la.metrics.irs(noisy, factors, bias="kept").score == pytest.approx(0.55, abs=0.02)


def test_one_row_in_a_thousand_wrecks_equal_width_bins_but_not_equal_counts():
    # Every unit has ten rows of its own pushed up by 30 deviations, and all levels fall in one bin of ten.
    factors, codes = levels(10_000, 3)
    rng = np.random.default_rng(1)
    for unit in range(3):
        codes[rng.choice(10_000, 10, replace=False), unit] += 30
    assert la.metrics.mig(codes, factors, bins=10, binning="width").score < 0.02
    assert la.metrics.mig(codes, factors, binning="width").score < 0.35
    assert la.metrics.mig(codes, factors, bins=10).score > 0.88
    assert la.metrics.mig(codes, factors).score > 0.99


@pytest.mark.parametrize("places", [[0, 0], [0, 3], [3, 3]])
def test_two_constant_units_do_not_turn_the_factor_vae_score_into_chance(places):
    # They stand stillest in every vote, and would win them all.
    found = factor_vae(np.insert(GRID + 0.0, places, 0.1, axis=1), GRID)
    assert found.score == 1 and found.alive.sum() == 3


@pytest.mark.parametrize("predictor", ["histogram", "forest", "lasso"])
def test_a_dead_code_first_or_last_gives_the_same_dci(predictor):
    codes = SMALL_GRID @ np.array([[1, 0.3, 0], [0, 1, 0], [0, 0.5, 1]]) + 0.3 * noise(60, 3)
    first, last = (la.metrics.dci(np.insert(codes, place, 0.1, 1), SMALL_GRID, predictor=predictor) for place in (0, 3))
    np.testing.assert_array_equal(first.importance[:, 1:], last.importance[:, :-1])
    assert first[:3] == pytest.approx(last[:3], abs=1e-12)
    assert first.disentanglement == pytest.approx(
        la.metrics.dci(codes, SMALL_GRID, predictor=predictor).disentanglement, abs=1e-12
    )


def test_redundant_codes_cost_completeness_and_not_disentanglement():
    factors = np.random.default_rng(0).integers(0, 4, (500, 5))
    found = la.metrics.dci(np.hstack([factors, factors]) + 0.0, factors)
    assert found.completeness == pytest.approx(1 - math.log(2) / math.log(10), abs=1e-9)
    assert found.disentanglement == pytest.approx(1, abs=1e-9)
    assert la.metrics.modularity(np.hstack([factors, factors]) + 0.0, factors).score == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("predictor", ["histogram", "forest"])
def test_one_code_for_two_factors_costs_disentanglement_and_not_completeness(predictor):
    found = la.metrics.dci(np.stack([10 * GRID[:, 0] + GRID[:, 1], GRID[:, 2]], 1) + 0.0, GRID, predictor=predictor)
    # Its importance is shared by two factors of three, and it has two thirds of all there is.
    shared = 1 - math.log(2) / math.log(3)
    np.testing.assert_allclose(found.disentanglement_per_unit, [shared, 1], atol=0.02)
    assert found.disentanglement == pytest.approx((2 * shared + 1) / 3, abs=0.02)
    assert found.completeness == pytest.approx(1, abs=0.02)


def test_modularity_of_the_published_cases():
    two_of_ten = np.zeros((10, 1))
    two_of_ten[:2] = 0.7
    assert modularity_of(two_of_ten).mean() == pytest.approx(1 - 1 / 9)
    two_of_three_units = np.diag([0.7, 0.7, 0.0])
    assert modularity_of(two_of_three_units).mean() == pytest.approx(2 / 3)


def test_total_correlation_of_a_correlation_of_nine_tenths():
    assert gaussian_total_correlation([[1, 0.9], [0.9, 1]]) == pytest.approx(-math.log(1 - 0.81) / 2, abs=1e-12)
    white = np.linalg.qr(noise(300, 2) - noise(300, 2).mean(0))[0] * 300**0.5
    codes = white @ np.linalg.cholesky([[1, 0.9], [0.9, 1]]).T
    assert la.metrics.total_correlation(codes).score == pytest.approx(-math.log(1 - 0.81) / 2, abs=1e-12)


def test_mutual_information_is_scikit_learns_and_never_negative():
    rng = np.random.default_rng(0)
    for _ in range(200):
        rows, a, b = rng.integers(1, [300, 12, 12])
        x, y = rng.integers(0, a, rows), rng.integers(0, b, rows)
        for other in (y, x, np.minimum(x, y), 0 * x):
            found = mutual_information(x, other)
            assert found >= 0 and found == pytest.approx(mutual_info_score(x, other), abs=1e-12)
    for sizes in ((3, 7), (11, 13), (2, 5)):  # exactly independent: 0, and rounding is as likely below it
        x, y = np.indices(sizes).reshape(2, -1)
        assert 0 <= mutual_information(x, y) < 1e-12


class Encoded:
    """Codes that count how often they are asked for."""

    def __init__(self, codes):
        self.codes, self.asked = codes, 0

    def __array__(self, dtype=None, copy=None):
        self.asked += 1
        return np.array(self.codes, dtype)


@pytest.mark.parametrize("score", [factor_vae, beta_vae])
def test_scores_that_hold_a_factor_draw_from_the_rows_they_are_given(score):
    codes = Encoded(SMALL_GRID + 0.1 * noise(60, 3))
    assert "60 encoded" in score(codes, SMALL_GRID).variant and codes.asked == 1
    for draw in (draw_rows, draw_pairs):
        rows = np.asarray(draw(SMALL_GRID, 0, 500, 8, np.random.default_rng(0)))
        assert set(rows.ravel()) == set(range(60))
