"""The polarized regime against torch's divergences, closed forms, and repetition."""

import math

import numpy as np
import pytest
import torch
from torch import distributions as D

from latentassay import fit, models, objectives
from latentassay.core.errors import InputError
from latentassay.metrics import polarized_regime, polarized_share
from latentassay.sampling import encode


def posteriors(n=2000, seed=0):
    """Two units that are known, one that is switched off, one that moves and is not known, one that does neither."""
    g = np.random.default_rng(seed)
    mean = g.normal(size=(n, 5)) * [1.0, 0.9, 0.02, 1.2, 0.3]
    std = np.sqrt([0.01, 0.05, 0.98, 0.95, 0.4]) * g.uniform(0.9, 1.1, size=(n, 5))
    return mean, std


def test_every_unit_is_what_it_is():
    found = polarized_regime(*posteriors())
    assert found.states == ("active", "active", "passive", "mixed", "mixed") and found.active == (0, 1)
    assert not found.polarized and found.n == 2000


def test_the_divergence_is_torchs():
    mean, std = posteriors()
    q = D.Normal(torch.from_numpy(mean), torch.from_numpy(std))
    kl = D.kl_divergence(q, D.Normal(0.0, 1.0))
    found = polarized_regime(mean, std)
    assert found.kl == pytest.approx(kl.mean(0).numpy())
    moving = [0, 1, 3]
    rest = (mean[:, moving] ** 2 - np.log(std[:, moving] ** 2) - 1).sum(1) / 2
    assert found.score == pytest.approx(abs(float(kl.sum(1).mean()) - rest.mean()) / float(kl.sum(1).mean()))


def test_in_the_regime_what_is_left_is_half_the_variance():
    """One unit of variance v and one that is the prior: KL − KL≈ = v/2 exactly."""
    v, mean = 0.04, np.stack([np.tile([-1.0, 1.0], 50), np.zeros(100)], 1)
    found = polarized_regime(mean, np.full((100, 2), [math.sqrt(v), 1.0]))
    assert found.score == pytest.approx(v / (1 + v - math.log(v) - 1)) and found.polarized
    assert found.score.stderr < 1e-12
    assert found.kl[1] == pytest.approx(0, abs=1e-12) and found.states == ("active", "passive")


def test_nothing_is_left_where_no_unit_moves():
    found = polarized_regime(np.zeros((9, 2)), np.full((9, 2), 0.5))
    assert found.score == pytest.approx(1) and found.states == ("mixed", "mixed") and found.active == ()


def test_intervals_hold_the_truth_as_often_as_they_say():
    truth = polarized_regime(*posteriors(400_000, seed=99)).score
    found = [polarized_regime(*posteriors(300, seed=seed)) for seed in range(200)]
    assert 0.9 < np.mean([each.score.low <= truth <= each.score.high for each in found]) <= 0.99


def test_cuts_are_as_given():
    mean, std = posteriors()
    found = polarized_regime(torch.from_numpy(mean), torch.from_numpy(std), active=0.95, known=0.03)
    assert found.states == ("active", "passive", "passive", "mixed", "passive")
    assert "above 0.95" in found.variant and "below 0.03" in found.variant


@pytest.mark.parametrize(
    ("mean", "std", "options", "match"),
    [
        (np.ones((4, 2)), np.zeros((4, 2)), {}, "plain autoencoder"),
        (np.ones((4, 2)), np.full((4, 2), np.nan), {}, "finite and above 0"),
        (np.full((4, 2), np.inf), np.ones((4, 2)), {}, "NaN or infinite"),
        (np.ones((4, 2)), np.ones((4, 3)), {}, r"shape of mean, \(4, 2\)"),
        (np.zeros((4, 2)), np.ones((4, 2)), {}, "nothing is encoded"),
        (np.ones((4, 2)), np.ones((4, 2)), {"active": 0}, "must be positive"),
        (np.ones((4, 2)), np.ones((4, 2)), {"known": -1}, "must be positive"),
    ],
)
def test_what_cannot_be_asked_is_refused(mean, std, options, match):
    with pytest.raises(InputError, match=match):
        polarized_regime(mean, std, **options)


def rows(*shares):
    return [{"step": 10 * (k + 1), "kl": 10.0, "kl_polarized": 10.0 * (1 - share)} for k, share in enumerate(shares)]


@pytest.mark.parametrize(
    ("shares", "expected"),
    [((0.5, 0.01, 0.01, 0.01), 0.75), ((0.01, -0.5, 0.02, 0.02), 0.5), ((0.01, 0.5), 0.0), ((0.0, 0.0), 1.0)],
)
def test_the_share_counts_from_the_last_row_that_is_not_polarized(shares, expected):
    assert polarized_share(rows(*shares)) == pytest.approx(expected)


def test_where_nothing_is_encoded_nothing_is_polarized():
    assert polarized_share([{"step": 10, "kl": 0.0, "kl_polarized": 0.0}]) == 0


@pytest.mark.parametrize("history", [[], [{"step": 10, "nll": 1.0}]])
def test_logs_without_these_columns_are_refused(history):
    with pytest.raises(InputError, match="no columns kl and kl_polarized"):
        polarized_share(history)


def test_the_log_of_a_run_is_what_the_metric_says_of_its_codes():
    x = torch.randn(512, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([2.0, 1.0, 0.1, 0.1])
    model = models.build("vae-mlp", x_shape=(4,), latents=2, likelihood="squared", hidden=(), seed=0)
    run = fit(model, objectives.BetaVAE(0.05), x, steps=1500, lr=1e-2, batch_size=512, device="cpu", log_every=1)
    codes = encode(run.model, x)
    found, last = polarized_regime(codes.mean, codes.std), run.history[-1]
    assert abs(last["kl"] - last["kl_polarized"]) / last["kl"] == pytest.approx(found.score, abs=1e-3)
    assert 0 < polarized_share(run.history) <= 1
