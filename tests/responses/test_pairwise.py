"""What invariance and equivariance share: scales, and one score for all pairs of units that are not collapsed."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.core.units import Units
from latentassay.responses.equivariance import EquivarianceScore
from latentassay.responses.interventions import Effects, Interventions, Spread
from latentassay.responses.pairwise import COLLAPSED, ErrorScale, PairScores, pool, scale_effects, score_pairs

CHANGES = torch.tensor([[0.9, 0.2, 0.1], [0.4, 0.8, 0.0], [0.0, 0.0, 0.05]], dtype=torch.float64)
VARIANCE = torch.tensor([1.0, 4.0, 0.0], dtype=torch.float64)


def effects(spreading=0.0):
    """Three units, the last of which hardly answers to itself; two values each, two blocks of rows."""
    values = torch.stack([CHANGES * (1 - spreading), CHANGES * (1 + spreading)], 1)
    still = Spread(VARIANCE, torch.zeros(2, 3, dtype=torch.float64))
    return Effects(values, torch.zeros(2, 3, 3, dtype=torch.float64), CHANGES.diagonal().clone(), still, still)


def interventions():
    return Interventions(Units.default((3,)), torch.zeros(3, 2, 3), torch.zeros(10, dtype=torch.long), 2, "2 values")


@pytest.mark.parametrize(("diagonal", "pairs"), [(True, [(0, 0), (0, 1), (1, 0), (1, 1)]), (False, [(0, 1), (1, 0)])])
def test_the_score_is_a_mean_over_live_pairs(diagonal, pairs):
    found = score_pairs(PairScores, effects(0.1), interventions(), ErrorScale(0, 0, "plain"), diagonal=diagonal)
    assert_close(found.matrix, 1 - CHANGES)
    assert found.collapsed == (2,) and CHANGES[2, 2] < COLLAPSED and found.mask == (False, False, True)
    assert found.score == pytest.approx(float(torch.stack([1 - CHANGES[pair] for pair in pairs]).mean()))
    assert found.score_all == pytest.approx(float((1 - CHANGES).mean()))
    assert found.score.low < found.score < found.score.high and found.score.n == found.n == 10
    unseen = "what fewer than 3 in 10 latents do may be unseen and is in no interval"
    assert found.variant == f"plain, 2 values, units collapsed below 1/8, {unseen}"


def test_a_scale_of_variances_cancels_the_units_of_latents():
    plain, scaled = (scale_effects(effects(), ErrorScale(power, power, "")).values.mean(1) for power in (0, 1))
    factor = torch.tensor([[1.0, 1 / 4], [4.0, 1.0]]).double()
    assert_close(1 - scaled[:2, :2], (1 - plain[:2, :2]) * factor)
    assert_close(scaled[:, 2], torch.ones(3).double())  # nothing is counted where nothing varies


def test_records_say_what_they_are():
    found = score_pairs(EquivarianceScore, effects(), interventions(), ErrorScale(0, 0, ""), diagonal=True)
    assert type(found) is EquivarianceScore and repr(found).startswith("EquivarianceScore(matrix=")
    assert la.responses.EquivarianceScore is EquivarianceScore and issubclass(la.responses.Invariance, PairScores)
    assert found._replace(n=3).n == 3 and type(found._replace(n=3)) is EquivarianceScore


def test_the_score_has_room_for_what_no_latent_showed():
    pooled = pool(torch.tensor([0.9, 0.7]).double(), torch.zeros(4, 2), n=100, unseen=0.03)
    assert (pooled.score, pooled.score.high, pooled.words) == (pytest.approx(0.8), pytest.approx(0.8), "")
    assert pooled.score.low == pytest.approx(0.77) and pooled.score.n == 100


def test_a_block_that_carries_the_error_is_said():
    blocks = torch.zeros(32, 1)
    blocks[3] = 2.0
    pooled = pool(torch.tensor([0.9]).double(), blocks - blocks.mean(), n=320)
    assert "rare events" in pooled.words and pooled.score - pooled.score.low > pooled.score.high - pooled.score > 0
