"""The scale of latents: moments against slow ones of samples, and a verdict for every way to be off."""

import re

import numpy as np
import pytest
import scipy.stats
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.assay.input_checks.moments import BLOCKS
from latentassay.assay.input_checks.scaling import latent_scale


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normals(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed))


def foreign(function=lambda x: x, shape=(4,), std=None, prior=None):
    """An encoder that is ``function``, with posteriors of a constant std."""
    if std is None:
        return la.from_torch(function, lambda z: z, latent_shape=shape, prior=prior)
    return la.from_torch(
        lambda x: (function(x), torch.full_like(function(x), std)),
        lambda z: z,
        latent_shape=shape,
        prior=prior,
        output="mean_std",
    )


def test_moments_are_those_of_samples():
    """Means of a skewed law, noise of another size for every row: compared with a million samples."""
    x = (0.5 * normals(20_000, 2)).exp()
    model = la.from_torch(lambda x: (x, 0.3 * x), lambda z: z, latent_shape=(2,), output="mean_std")
    found = latent_scale(model, x)
    z = (x + 0.3 * x * normals(50, *x.shape, seed=1)).reshape(-1, 2).double().numpy()
    np.testing.assert_allclose(found.channel_mean, z.mean(0), rtol=0.01)
    np.testing.assert_allclose(found.channel_std, z.std(0), rtol=0.01)
    np.testing.assert_allclose(found.kurtosis, scipy.stats.kurtosis(z), rtol=0.15)
    assert found.std == pytest.approx(z.std(), rel=0.01) and found.mean == pytest.approx(z.mean(), rel=0.01)
    assert found.noise == pytest.approx(float((0.3 * x).square().mean()) / z.var(0).mean(), rel=0.02)


def test_spatial_moments_are_exact_and_far_from_zero_too():
    x = normals(37, 3, 4, 5) * torch.tensor([1.0, 2.0, 5.0])[:, None, None] + 1000
    found = latent_scale(foreign(shape=(3, 4, 5)), x, batch_size=10)
    values = x.double().numpy().transpose(1, 0, 2, 3).reshape(3, -1)
    np.testing.assert_allclose(found.channel_std, values.std(1), rtol=1e-6)
    np.testing.assert_allclose(found.kurtosis, scipy.stats.kurtosis(values, axis=1), atol=1e-4)
    far = np.abs(values - values.mean(1, keepdims=True)).max(1) / values.std(1)
    np.testing.assert_allclose(found.extreme, far, rtol=1e-6)
    assert found.std == pytest.approx(values.std(), rel=1e-9) and found.n == 37
    assert found.ratio == pytest.approx(values.std(1).max() / values.std(1).min())


def test_standard_errors_of_means_are_those_of_independent_rows():
    """With as many rows as blocks the jackknife of a mean is std/√n; sorted rows change nothing much."""
    x = normals(BLOCKS, 4)
    found = latent_scale(foreign(), x)
    assert_close(found.channel_mean_stderr, x.double().std(0) / BLOCKS**0.5)
    long = normals(3200, 1)
    errors = [
        latent_scale(foreign(shape=(1,)), rows).channel_mean_stderr.item() for rows in (long, long.sort(0).values)
    ]
    assert errors[0] == pytest.approx(3200**-0.5, rel=0.4) and errors[1] < errors[0]


def test_intervals_cover_the_truth():
    hits = np.zeros(2)
    for seed in range(300):
        found = latent_scale(foreign(), normals(100, 4, seed=seed))
        hits += [
            found.mean.low <= 0 <= found.mean.high,
            found.std.low <= 1 <= found.std.high,
        ]
    assert (hits >= 0.92 * 300).all() and (hits <= 0.985 * 300).all()


SCALES = torch.tensor([1.0, 1.0, 1.0, 10.0])
PRIOR = foreign(lambda x: 0.6 * x, std=0.8, prior="normal")
DEAD = foreign(lambda x: x * (SCALES < 10) * 1.1)
VERDICTS = {
    "fine": (foreign(), ("unit variance",), "close to the 1 that is usually"),
    "as the prior": (PRIOR, ("unit variance",), "close to the 1 of the prior"),
    "too narrow": (foreign(lambda x: 0.2 * x, prior="normal"), ("scale factor needed",), "not the 1 of the prior"),
    "too wide": (foreign(lambda x: x / 0.18215), ("scale factor needed",), "multiply by 0.18"),
    "channels differ": (foreign(lambda x: x * SCALES / 5), ("unit variance", "channel scales differ"), "factor of 10"),
    "shifted": (foreign(lambda x: x + (SCALES == 10)), ("unit variance", "shifted means"), "1 of 4 units has its"),
    "dead": (DEAD, ("unit variance", "channels without variance"), r"1 of 4 .* \(3\)"),
    "all dead": (foreign(lambda x: 0 * x), ("scale factor needed", "channels without variance"), "do not vary"),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_every_way_to_be_off_has_a_word(name):
    model, words, match = VERDICTS[name]
    found = latent_scale(model, normals(2000, 4))
    assert found.words == words and len(found.sentences) == len(words)
    assert any(re.search(match, sentence) for sentence in found.sentences)


def test_the_factor_gives_the_expected_std():
    found = latent_scale(foreign(lambda x: 5 * x + 3), normals(500, 4))
    assert latent_scale(foreign(lambda x: found.factor * (5 * x + 3)), normals(500, 4)).std == pytest.approx(1)


def test_few_rows_are_unsure():
    assert latent_scale(foreign(lambda x: 1.25 * x), normals(16, 4)).words == ("scale unsure",)


def test_rows_and_batches():
    x = normals(50, 4)
    first, second = (latent_scale(foreign(), x, rows=torch.arange(40), batch_size=size) for size in (7, 128))
    assert first.n == 40 and (first.std.low, first.std.high) == pytest.approx((second.std.low, second.std.high))
    assert_close(first.kurtosis, second.kurtosis)


@pytest.mark.parametrize(
    ("model", "x", "match"),
    [(foreign(), normals(3, 4), "at least 4 rows"), (foreign(lambda x: x / 0), normals(9, 4), "NaN or infinite")],
)
def test_bad_input_is_refused(model, x, match):
    with pytest.raises(la.InputError, match=match):
        latent_scale(model, x)
