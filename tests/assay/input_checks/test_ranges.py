"""The range that a model expects: models fitted in closed form on data in one range and given another."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from torch import nn

import latentassay as la
from latentassay.assay.input_checks.ranges import value_range

DIGITS = load_digits().data / 16


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def scenes(n=400, seed=0):
    """Colour pictures 3×8×8 in [0, 1] that have a sky, a ground and a red thing in between, which moves."""
    g = seeded(seed)
    place, tint = torch.rand(n, 1, 1, generator=g), torch.rand(n, 1, 1, generator=g)
    row, column = torch.linspace(0, 1, 8)[:, None], torch.linspace(0, 1, 8)
    thing = torch.exp(-8 * (column - place) ** 2 - 4 * (row - 0.6) ** 2)
    ground = (0.4 + 0.6 * tint) * row.expand(8, 8)
    x = torch.stack([0.9 * thing, 0.7 * ground, 0.9 - 0.8 * ground - 0.1 * thing], 1)
    return (x + 0.02 * torch.randn(x.shape, generator=g)).clamp(0, 1).double()


def pca_of_images(x, latents=12):
    """The best linear autoencoder of these images, as a torch pair that computes in the type it is given."""
    pca = PCA(latents).fit(x.flatten(1).numpy())
    mean, axes = (torch.from_numpy(values).float() for values in (pca.mean_, pca.components_))
    return la.from_torch(
        lambda x: (x.flatten(1) - mean) @ axes.T, lambda z: (z @ axes + mean).view(-1, 3, 8, 8), latent_shape=(latents,)
    )


def ask(model, x, **options):
    return value_range(model, x, generator=seeded(), **options)


MEAN, STD = (np.array(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
FLAT = (DIGITS - DIGITS.mean(0)) / np.where(DIGITS.std(0) > 0, DIGITS.std(0), 1)

RANGES = {
    "[0, 1] to [−1, 1]": (DIGITS, 2 * DIGITS - 1),
    "[0, 1] to [0, 255]": (DIGITS, 255 * DIGITS),
    "[−1, 1] to [0, 1]": (2 * DIGITS - 1, DIGITS),
    "[−1, 1] to [0, 255]": (2 * DIGITS - 1, 255 * DIGITS),
    "[0, 255] to [0, 1]": (255 * DIGITS, DIGITS),
    "[0, 255] to [−1, 1]": (255 * DIGITS, 2 * DIGITS - 1),
    "inverted": (DIGITS, 1 - DIGITS),
    "standardised": (DIGITS, FLAT),
}
"""Mapping → what is given, what the model was fitted to."""


@pytest.mark.parametrize("name", RANGES)
def test_the_range_that_a_model_was_fitted_to_is_found(name):
    given, fitted = RANGES[name]
    found = ask(la.from_sklearn(PCA(20).fit(fitted)), given)
    assert found.expects == found.best == name and found.words == ("expects another range",)
    assert found.gain >= 1.5 and 1 < found.gain.low < found.gain < found.gain.high
    assert found.names[0] == "as given" and found.gains[0] == 1 and found.errors.argmin() == found.names.index(name)
    assert name in found.sentences[0]


@pytest.mark.parametrize("given", [given for given, _ in RANGES.values()] + [FLAT], ids=[*RANGES, "own"])
@pytest.mark.parametrize("latents", [2, 20, 60])
def test_a_model_that_was_fitted_to_what_it_is_given_is_left_in_peace(given, latents):
    found = ask(la.from_sklearn(PCA(latents).fit(given)), given)
    assert found.expects == "as given" and found.words == ("fits as given",)
    assert found.best == "as given" or found.gain < 1.05 or float(found.errors[0]) < 1e-3 * given.var()


IMAGES = {
    "ImageNet": (lambda x: x, lambda x: (x - MEAN) / STD),
    "ImageNet undone": (lambda x: (x - MEAN) / STD, lambda x: x),
    "channels reversed": (lambda x: x[:, ::-1], lambda x: x),
    "channels last": (lambda x: x.transpose(0, 2, 3, 1).reshape(x.shape), lambda x: x),
    "transposed": (lambda x: x.transpose(0, 1, 3, 2), lambda x: x),
}


@pytest.mark.parametrize("name", IMAGES)
def test_colours_and_layouts_of_images_are_found(name):
    given, fitted = (torch.from_numpy(f(scenes().numpy()).copy()) for f in IMAGES[name])
    found = ask(pca_of_images(fitted), given.float())
    assert found.expects == name and found.words == ("expects another range",)
    assert ask(pca_of_images(given), given.float()).expects == "as given"


def test_errors_and_gain_are_those_of_the_projection():
    """PCA's error is the length outside its plane, by hand in numpy, for the data as given and mapped."""
    pca = PCA(20).fit(2 * DIGITS - 1)
    found = ask(la.from_sklearn(pca), DIGITS, n=len(DIGITS))

    def outside(x):
        centred = x - pca.mean_
        return np.square(centred - centred @ pca.components_.T @ pca.components_).mean()

    expected = outside(DIGITS) / (outside(2 * DIGITS - 1) / 4)
    assert found.gain == pytest.approx(expected, rel=1e-4) and found.n == len(DIGITS)
    assert float(found.errors[0]) == pytest.approx(outside(DIGITS), rel=1e-4)


def test_intervals_cover_the_truth():
    x = scenes(3000).float()
    model = pca_of_images(2 * x[:400] - 1, 6)
    truth, hits = ask(model, x, n=3000).gain, 0
    for seed in range(200):
        rows = torch.randint(len(x), (40,), generator=seeded(seed))
        gain = ask(model, x[rows]).gain
        hits += gain.low <= truth <= gain.high
    assert 0.90 <= hits / 200 <= 0.985


def conv(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(16, 4, 3, padding=1))


def train(x, steps=80):
    """A small convolutional autoencoder, trained for a moment on these values."""
    down = conv()
    with torch.random.fork_rng():
        torch.manual_seed(1)
        up = nn.Sequential(nn.ConvTranspose2d(4, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 3, 3, padding=1))
    optimizer = torch.optim.Adam([*down.parameters(), *up.parameters()], lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        (up(down(x)) - x).square().mean().backward()
        optimizer.step()
    return la.from_torch(down, up, latent_shape=(4, 4, 4))


def test_a_trained_network_expects_what_it_was_trained_on():
    x = scenes(64).float()
    models = {"unit": train(x), "signed": train(2 * x - 1)}
    fresh = scenes(seed=1).float()
    for name, given, expected in (
        ("unit", fresh, "as given"),
        ("signed", 2 * fresh - 1, "as given"),
        ("signed", fresh, "[0, 1] to [−1, 1]"),
        ("unit", 2 * fresh - 1, "[−1, 1] to [0, 1]"),
        ("unit", 255 * fresh, "[0, 255] to [0, 1]"),
    ):
        assert ask(models[name], given).expects == expected


def test_models_without_a_preference_are_left_in_peace():
    """One that returns what it is given, a plane through 0, and one that was never trained."""
    x = scenes(64).float()
    axes = torch.linalg.qr(torch.randn(192, 20, generator=seeded())).Q
    models = (
        la.from_torch(lambda x: x, lambda z: z, latent_shape=(3, 8, 8)),
        la.from_torch(lambda x: x.flatten(1) @ axes, lambda z: (z @ axes.T).view(-1, 3, 8, 8), latent_shape=(20,)),
        la.from_torch(conv(), nn.ConvTranspose2d(4, 3, 2, 2).eval(), latent_shape=(4, 4, 4)),
    )
    for model, words in zip(models, ("fits as given", "reconstructs nothing", "reconstructs nothing"), strict=True):
        found = ask(model, x)
        assert found.expects == "as given" and found.words == (words,)
    assert ask(models[1], x).gains[2] == pytest.approx(1, abs=1e-4)


def test_a_model_that_fails_on_other_values_is_asked_no_more():
    def strict(x):
        if x.max() > 1.5:
            raise ValueError("too bright")
        return torch.where(x < -0.5, torch.nan, x)

    found = ask(la.from_torch(strict, lambda z: z, latent_shape=(3, 8, 8)), scenes(16).float())
    errors = dict(zip(found.names, found.errors.tolist(), strict=True))
    assert errors["[0, 1] to [0, 255]"] == errors["[0, 1] to [−1, 1]"] == np.inf and found.expects == "as given"


SEEDS = range(10)


def saturating(shape, low, high, seed, latents=3):
    """Data in [low, high] that a model of [0, 1] would reconstruct, which clamps what it is given."""
    g, size = seeded(seed), math.prod(shape)
    w = 1.5 * torch.randn(size, latents, generator=g)
    inverse = torch.linalg.pinv(w).T

    def encode(v):
        return v.flatten(1).clamp(0.01, 0.99).logit() @ inverse

    def decode(z):
        return (z @ w.T).sigmoid().view(-1, *shape)

    x = decode(torch.randn(300, latents, generator=g))
    return la.from_torch(encode, decode, latent_shape=(latents,)), low + (high - low) * x


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shape", [(4,), (40,), (3, 6, 6), (1, 5, 5)], ids=str)
@pytest.mark.parametrize(
    ("low", "high", "name"),
    [(0, 255, "[0, 255] to [0, 1]"), (-1, 1, "[−1, 1] to [0, 1]"), (0, 1, "as given"), (0, 7, "to [0, 1]")],
)
def test_a_model_that_clamps_is_known_by_what_it_reconstructs(shape, low, high, name, seed):
    model, x = saturating(shape, low, high, seed)
    found = ask(model, x, n=16)
    assert found.expects.endswith(name)
    assert found.level == ("good" if name == "as given" else "problem")


@pytest.mark.parametrize("seed", SEEDS)
def test_data_of_a_wider_range_that_happen_to_lie_in_the_unit_interval(seed):
    """The bright half of [−1, 1], given to a model of [0, 1]; and its own data in the same half."""
    x = 0.5 + 0.5 * torch.rand(200, 1, 6, 6, generator=seeded(seed))
    narrow = la.from_torch(lambda v: (v.clamp(0.5, 1) - 0.5).sqrt(), lambda z: z * z + 0.5, latent_shape=(1, 6, 6))
    assert ask(narrow, 2 * x - 1).expects == "[−1, 1] to [0, 1]"
    assert ask(narrow, x).expects == "as given"


@pytest.mark.parametrize("seed", SEEDS)
def test_where_all_mappings_are_hopeless_none_is_recommended(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = la.from_torch(nn.Linear(64, 4), nn.Linear(4, 64), latent_shape=(4,))
    found = ask(model, torch.rand(200, 64, generator=seeded(seed)))
    assert (found.level, found.expects, found.words) == ("note", "as given", ("reconstructs nothing",))
    assert "reconstructs nothing" in found.sentences[0] and "times their variance" in found.sentences[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lossy_model_of_noise_is_left_in_peace(seed):
    """A plane that keeps a fifth of white noise in [0, 1], about its mean: most is lost under every mapping."""
    axes = torch.linalg.qr(torch.randn(20, 4, generator=seeded(seed))).Q
    model = la.from_torch(lambda v: (v - 0.5) @ axes, lambda z: z @ axes.T + 0.5, latent_shape=(4,))
    assert ask(model, torch.rand(200, 20, generator=seeded(seed + 1))).level == "good"


class Declaring:
    """A model that says which values it takes, and computes in double precision."""

    prior, latent_shape = None, (64,)
    torch_modules = (nn.ParameterList([torch.zeros(1, dtype=torch.float64)]),)

    def __init__(self, low, high):
        self.value_range = (low, high)

    def encode(self, x):
        return la.Point(x)

    def decode(self, z):
        return z


def test_what_the_model_says_it_takes_is_held_against_the_data():
    found = ask(Declaring(-1, 1), DIGITS)
    assert found.words == ("fits as given",)
    found = ask(Declaring(0, 1), 255 * DIGITS)
    assert found.words == ("fits as given", "outside the declared range") and "from 0 to 255" in found.sentences[1]


def test_facts_of_the_data():
    x = torch.tensor([[0.0, 2.0], [-1.0, 0.5], [0.5, 0.5], [0.5, 1.0]])
    facts = ask(la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,)), x).facts
    assert (facts.low, facts.high, facts.outside, facts.dtype) == (-1, 2, 0.25, "float32")
    torch.testing.assert_close(facts.mean, x.double().mean(0))
    torch.testing.assert_close(facts.std, x.double().std(0, correction=0))
    assert ask(la.from_sklearn(PCA(2).fit(DIGITS)), DIGITS).facts.dtype == "float64"


def test_rows_alone_decide_not_how_they_are_batched():
    model = la.from_sklearn(PCA(20).fit(2 * DIGITS - 1))
    first, second = (ask(model, DIGITS, n=21, batch_size=size) for size in (4, 64))
    assert first.n == 21 and (first.gain.low, first.gain.high) == pytest.approx(
        (second.gain.low, second.gain.high), rel=1e-4
    )


@pytest.mark.parametrize(
    ("model", "x", "match"),
    [
        (Declaring(0, 1), DIGITS[:3], "at least 4 rows"),
        (la.from_torch(lambda x: x / 0, lambda z: z, latent_shape=(64,)), torch.from_numpy(DIGITS), "NaN"),
        (Declaring(0, 1), (16 * DIGITS).astype(np.uint8), "floating point"),
    ],
)
def test_bad_input_is_refused(model, x, match):
    with pytest.raises(la.InputError, match=match):
        ask(model, x)


def test_no_sentence_says_that_a_mapping_divides_the_error_by_less_than_one():
    x = torch.rand(100, 6, generator=torch.Generator().manual_seed(0))
    mean = x.mean(0)
    found = value_range(la.from_torch(lambda v: v - mean, lambda z: 0.8 * z + mean, latent_shape=(6,)), x)
    assert found.level == "good" and "mappings of them lessens the error much" in found.sentences[0]
