"""A classifier learns, says truly how well, and its features tell worse data from better."""

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.data.factors import FactorData
from latentassay.features import embed
from latentassay.metrics.quality.quality import quality
from latentassay.training.classifier import Classifier, train_classifier


def bars(n=600, shape=(8, 8)):
    """A bright row and a dim column; a third factor is one value alone, a fourth cannot be seen."""
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(0, 4, n), rng.integers(0, 3, n), np.zeros(n, int), rng.integers(0, 2, n)], 1)
    images = rng.integers(0, 60, (n, *shape), dtype=np.uint8)
    images[np.arange(n), 2 * factors[:, 0]] = 255
    images[np.arange(n), :, 2 * factors[:, 1]] = 160
    return FactorData(images, factors, ("row", "column", "nothing", "hidden"), (4, 3, 1, 2), name="bars")


@pytest.fixture(scope="module")
def of_digits():
    return train_classifier(la.data.load("digits"), steps=400, device="cpu")


def test_digits_are_learned(of_digits):
    assert of_digits.accuracy > 0.95 and of_digits.n == 359
    assert of_digits.accuracy.low < of_digits.accuracy < of_digits.accuracy.high and of_digits.accuracy.n == 359
    assert of_digits.name == "classifier of digits (digit; 400 steps, seed 0)"


def test_accuracy_is_of_rows_it_has_not_seen(of_digits):
    """Labels that tell nothing are known by heart after some steps, and guessed elsewhere."""
    shuffled = FactorData(bars(200).store, np.random.default_rng(1).integers(0, 2, (200, 1)))
    assert 0.25 < train_classifier(shuffled, steps=300, device="cpu").accuracy < 0.75


def test_features_order_noise(of_digits):
    digits = la.data.load("digits")
    x = digits.batch(np.arange(len(digits)))
    known, others = embed(x[:900], of_digits), x[900:]
    noise = torch.randn(others.shape, generator=torch.Generator().manual_seed(0))
    found = [
        quality(known, embed((others + level * noise).clamp(0, 1), of_digits), features=of_digits.name)
        for level in (0, 0.2, 0.4, 0.8)
    ]
    assert np.diff([f.frechet.score for f in found]).min() > 0 and np.diff([f.kernel.score for f in found]).min() > 0
    assert found[0].variant.startswith("classifier of digits")
    assert known.shape == (900, 128)


def test_all_factors_that_vary_are_learned_together():
    found = train_classifier(bars(), steps=200, device="cpu")
    assert list(found.per_factor) == ["row", "column", "hidden"]
    assert min(found.per_factor["row"], found.per_factor["column"]) > 0.95 and found.per_factor["hidden"] < 0.7
    assert found.accuracy == pytest.approx(np.mean(list(found.per_factor.values())))
    assert all(share.low <= share <= share.high for share in (found.accuracy, *found.per_factor.values()))


@pytest.mark.parametrize("factor", ["column", 1])
def test_one_factor_is_learned_by_name_or_number(factor):
    found = train_classifier(bars(), factor=factor, steps=60, device="cpu")
    assert list(found.per_factor) == ["column"] and found.accuracy > 0.9


@pytest.mark.parametrize("data", [la.data.load("helix", n=200), bars(200, (9, 12))])
def test_vectors_and_odd_shapes_are_taken(data):
    found = train_classifier(data, steps=100, factor=0, device="cpu")
    assert found.accuracy > 0.8 and found(data.batch([0, 1])).shape == (2, 128)
    assert not found.features.training and found.torch_modules == (found.features,)


def test_seeds_decide_all_and_global_randomness_nothing():
    def features(seed):
        return embed(bars(50), train_classifier(bars(50), steps=5, seed=seed, device="cpu"))

    state = torch.get_rng_state()
    first = features(0)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    np.testing.assert_array_equal(features(0), first)
    assert not np.allclose(features(1), first)


def test_held_out_rows_are_at_most_so_many(monkeypatch):
    monkeypatch.setattr("latentassay.training.classifier.MOST_HELD_OUT", 7)
    assert train_classifier(bars(100), steps=1, device="cpu").n == 7


@pytest.mark.parametrize(
    ("data", "options", "match"),
    [
        (torch.zeros(20, 3), {}, "observations with factors, got Tensor"),
        (bars(9), {}, "at least 10 rows, got 9"),
        (bars(), {"factor": "colour"}, "no factor 'colour' that varies; those that do: row, column, hidden"),
        (bars(), {"factor": "nothing"}, "no factor 'nothing'"),
        (bars(), {"factor": 7}, "no factor 7"),
        (FactorData(np.zeros((20, 3), np.float32), np.zeros((20, 0), np.int64)), {}, "those that do: none"),
        (bars(), {"steps": 0}, "steps"),
        (bars(), {"batch_size": -1}, "batch_size"),
        (bars(), {"device": "abacus"}, "device"),
    ],
)
def test_bad_input_is_refused(data, options, match):
    with pytest.raises(la.InputError, match=match):
        train_classifier(data, **options)


def test_a_classifier_is_an_extractor_by_itself(of_digits):
    assert isinstance(of_digits, Classifier)
    x = la.data.load("digits").batch(np.arange(3))
    with torch.inference_mode():
        np.testing.assert_allclose(of_digits(x).double().numpy(), embed(x, of_digits), atol=1e-6)
        np.testing.assert_allclose(of_digits(x.numpy()), of_digits(x).numpy(), atol=1e-6)


def test_features_have_variance_1_on_average():
    data = la.data.load("digits")
    found = train_classifier(data, steps=60, seed=0, device="cpu")
    features = la.features.embed(data, found)
    assert features.var(0).mean() == pytest.approx(1, abs=0.1) and np.abs(features.mean(0)).max() < 0.3
