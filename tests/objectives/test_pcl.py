"""PCL: its regression, how it pairs, and that it finds independent sources behind a random network."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn

from latentassay import data, models, objectives
from latentassay.core.autoencoder import Decoder, Encoder
from latentassay.core.errors import ContractError, InputError
from latentassay.objectives.auxiliary_networks import with_auxiliary
from latentassay.objectives.pcl import PCL, Regression
from latentassay.training import cosine, fit


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_regression_is_the_formula_as_a_loop():
    regression, (u, v) = Regression(3), torch.randn(2, 5, 3, generator=seeded())
    with torch.no_grad():
        for value in regression.parameters():
            value.add_(torch.randn(value.shape, generator=seeded(1)))
    for n in range(5):
        logit = regression.bias
        for i in range(3):
            apart = regression.after[i] * u[n, i] + regression.before[i] * v[n, i] + regression.shift[i]
            logit = logit + regression.log_scale.exp() * u[n, i] ** 2 - apart.abs()
        torch.testing.assert_close(regression(u, v)[n], logit)


@pytest.mark.parametrize("frames", [2, 4])
def test_true_pairs_are_consecutive_and_the_others_never_are(frames):
    """Frames that say who they are and when; an encoder that shows them as they come."""

    class Open(nn.Module):
        x_shape, latent_shape = (2,), (2,)

        def encode(self, x):
            from latentassay.core.posteriors import Point

            return Point(x)

    seen = []
    ready = with_auxiliary(PCL(), Open())
    ready.networks.register_forward_pre_hook(lambda _, both: seen.append(both))
    who, when = torch.meshgrid(torch.arange(7.0), torch.arange(float(frames)), indexing="ij")
    ready.loss(Open(), torch.stack([who, when], -1), seeded())
    (after, before), (again, other) = seen
    assert torch.equal(after, again) and len(after) == 7 * (frames - 1)
    assert torch.equal(after[:, 0], before[:, 0]) and torch.equal(after[:, 1], before[:, 1] + 1)
    assert not (other == before).all(1).any()
    assert torch.equal(other[np.lexsort(other.T.numpy())], before[np.lexsort(before.T.numpy())])  # each is used once


def test_nothing_in_order_is_nothing_to_tell():
    x = torch.randn(20_000, 6, generator=seeded())
    model = models.features(x_shape=(6,), latents=2)
    run = fit(model, PCL(), data.windows(x), steps=500, batch_size=256, lr=1e-2, device="cpu")
    assert run.history[-1]["contrast"] == pytest.approx(np.log(2), abs=0.03)


def sources(n, d, rho=0.7, seed=0):
    """Independent autoregressions s_t = ρ s_{t−1} + ε of unit variance, ε Laplace (equation 8)."""
    rng = np.random.default_rng(seed)
    steps = rng.laplace(0, np.sqrt((1 - rho**2) / 2), (n, d))
    s = np.zeros((n, d))
    for t in range(1, n):
        s[t] = rho * s[t - 1] + steps[t]
    return s


def mixed(s, seed=0):
    """A network of two layers with random weights, invertible: leaky ReLU of slope 0.2 between; then whitened."""
    rng, x = np.random.default_rng(seed), s
    for layer in range(2):
        while True:
            weights = rng.uniform(-1, 1, (s.shape[1],) * 2)
            weights /= np.linalg.norm(weights, axis=0)
            if np.linalg.cond(weights) < 4:
                break
        x = x @ weights.T
        x = np.where(x < 0, 0.2 * x, x) if layer == 0 else x
    u = np.linalg.svd(x - x.mean(0), full_matrices=False)[0]
    return (u * np.sqrt(len(x))).astype(np.float32)


def mean_correlation(s, z):
    found = np.abs(np.corrcoef(s.T, z.T)[: s.shape[1], s.shape[1] :])
    return found[linear_sum_assignment(-found)].mean()


def recovered(steps, d, seed):
    s = sources(20_000, d, seed=seed)
    x = mixed(s, seed)
    model = models.features(x_shape=(d,), latents=d, hidden=(4 * d, 4 * d), seed=seed)
    fit(model, PCL(), data.windows(x), steps=steps, batch_size=256, lr=cosine(5e-3, steps), seed=seed, device="cpu")
    with torch.no_grad():
        z = model.eval().encode(torch.from_numpy(x)).mean.numpy()
    return mean_correlation(s, z), mean_correlation(s, x)


def test_it_recovers_independent_sources():
    found, before = recovered(500, 3, seed=0)
    assert found > 0.9 > before + 0.05


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_recovers_more_of_them_from_any_seed(seed):
    found, before = recovered(3000, 4, seed)
    assert found > 0.98 and before < 0.8


def test_features_are_half_of_the_door_and_a_decoder_may_be_fitted_afterwards():
    s = sources(2000, 2)
    x = torch.from_numpy(mixed(s))
    model = models.features(x_shape=(2,), latents=2)
    assert isinstance(model, Encoder) and not isinstance(model, Decoder)
    fit(model, PCL(), data.windows(x), steps=50, batch_size=64, device="cpu")
    codes = model.eval().encode(x).mean
    decoder = models.build("ae-mlp", x_shape=(2,), latents=2, hidden=(32,)).decoder
    whole = model.with_decoder(decoder, likelihood="squared")
    run = fit(whole, objectives.AE(), x, steps=400, batch_size=64, lr=1e-2, log_every=1, device="cpu")
    assert run.history[-1]["loss"] < 0.5 * run.history[0]["loss"]
    assert torch.equal(whole.encode(x).mean, codes)  # nothing of the extractor moved, statistics least of all
    assert all(p.requires_grad for p in model.parameters())


def test_what_cannot_be_contrasted_is_refused():
    model = models.features(x_shape=(7,), latents=2)
    with pytest.raises(InputError, match=r"tuples of observations \(7,\).*data\.windows"):
        PCL()(model, torch.rand(5, 7), seeded())
    for x in (torch.rand(1, 2, 7), torch.rand(5, 1, 7)):
        with pytest.raises(InputError, match="two windows of two frames"):
            PCL()(model, x, seeded())
    with pytest.raises(ContractError, match="lacks encode, latent_shape"):
        with_auxiliary(PCL(), nn.Linear(2, 2))
