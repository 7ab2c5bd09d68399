"""Does the linear classifier see what it is said to see, on rows it has not learned from?"""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

import latentassay as la


def noisy(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows whose label lies in the scale of the first value alone, which no mean tells."""
    g = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (n,), generator=g)
    return torch.stack([torch.randn(n, generator=g), labels.float()], 1), labels


def foreign(spread: float = 0.3) -> la.Autoencoder:
    """μ is the first value, σ grows with the second."""
    return la.from_torch(
        lambda x: (x[:, :1], spread * (1 + x[:, 1:])),
        lambda z: torch.cat([z, z], 1),
        latent_shape=(1,),
        output="mean_std",
        prior="normal",
    )


def test_the_variance_tells_what_the_mean_does_not() -> None:
    (x, labels), (y, others) = noisy(600, 0), noisy(300, 1)
    found = la.linear_separability(foreign(), x, y, labels=(labels, others), generator=torch.Generator().manual_seed(0))
    assert found.accuracy["mean, variance"] == 1
    assert found.accuracy["mean"] < 0.5 > found.accuracy["sample"]
    low, high = found.accuracy["mean"].low, found.accuracy["mean"].high
    assert low < found.accuracy["mean"] < high
    assert (found.learned, found.n) == (600, 300)


def test_agrees_with_scikit_learn() -> None:
    g = np.random.default_rng(0)
    labels = g.integers(4, size=800)
    x = torch.from_numpy((np.eye(4)[labels] @ g.normal(size=(4, 5)) + g.normal(size=(800, 5))).astype(np.float32))
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(5,))
    cut = 500
    found = la.linear_separability(
        model, x[:cut], x[cut:], labels=(labels[:cut], labels[cut:]), generator=torch.Generator()
    )
    theirs = LogisticRegression(C=1e3).fit(x[:cut], labels[:cut]).score(x[cut:], labels[cut:])
    assert found.accuracy["mean"] == pytest.approx(theirs, abs=0.01)
    # A point has no variance, and its sample is itself.
    assert len(set(found.accuracy.values())) == 1


def test_takes_the_first_factor_of_data_that_have_some() -> None:
    digits = la.data.load("digits")
    model = la.from_torch(lambda x: x.flatten(1), lambda z: z.view(-1, 1, 8, 8), latent_shape=(64,))
    rows = np.arange(len(digits))
    found = la.linear_separability(
        model, digits.take(rows[:1200]), digits.take(rows[1200:]), generator=torch.Generator(), features=("mean",)
    )
    assert found.accuracy["mean"] > 0.85


def test_samples_follow_the_generator() -> None:
    (x, labels), (y, others) = noisy(200, 0), noisy(200, 1)
    accuracy = [
        la.linear_separability(
            foreign(2.0), x, y, labels=(labels, others), generator=torch.Generator().manual_seed(seed)
        ).accuracy["sample"]
        for seed in (0, 0, 1)
    ]
    assert accuracy[0] == accuracy[1] != accuracy[2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": None}, "need labels"),
        ({"labels": (torch.zeros(60).long(), torch.zeros(60).long())}, "never vary"),
        ({"labels": (torch.arange(5), torch.arange(5))}, "one for each row"),
        ({"labels": (torch.rand(60), torch.rand(60))}, "integer"),
        ({"features": ("median",)}, "must be some of"),
    ],
)
def test_bad_input(change: dict, message: str) -> None:
    x, labels = noisy(60, 0)
    with pytest.raises(la.InputError, match=message):
        la.linear_separability(
            foreign(), x, x, **{"labels": (labels, labels), "generator": torch.Generator(), **change}
        )
