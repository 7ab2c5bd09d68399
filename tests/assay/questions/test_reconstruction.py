"""How much of the data comes back? A model that keeps some columns loses the variance of the others, and no more."""

from functools import partial

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of


def keeping(columns, spread):
    """A model that keeps the first columns of normal data and forgets the others; ``spread`` of each column."""
    inward, outward = (torch.nn.Linear(*size, bias=False) for size in ((len(spread), columns), (columns, len(spread))))
    inward.weight.data, outward.weight.data = torch.eye(columns, len(spread)), torch.eye(len(spread), columns)
    model = la.from_torch(inward, outward, latent_shape=(columns,))
    x = torch.randn(400, len(spread), generator=torch.Generator().manual_seed(0))
    return model, (x - x.mean(0)) * torch.tensor(spread)


@pytest.mark.parametrize(
    ("columns", "spread", "level"),
    [(4, [1.0, 1, 1, 1], "good"), (2, [3.0, 3, 1, 2], "note"), (2, [1.0, 1, 1, 1], "warning")],
)
def test_the_share_that_comes_back_is_that_of_the_columns_kept(columns, spread, level):
    model, x = keeping(columns, spread)
    sections = ask(model, x, "reconstruction", samples=400)
    lost, all_of_it = x[:, columns:].double().square().sum(), x.double().square().sum()
    scores = scores_of(sections)
    assert scores["reconstruction.explained"].value == pytest.approx(float(1 - lost / all_of_it), abs=1e-6)
    assert scores["reconstruction.mse"].value == pytest.approx(float(lost) / x.numel(), abs=1e-6)
    finding = findings_of(sections)["reconstruction.kept"]
    assert finding.level == level and (finding.remedy is None) == (level == "good")


def test_errors_are_those_of_every_row_and_pictures_those_of_the_first():
    model, x = keeping(2, [1.0, 1, 1, 1])
    sections = ask(model, x, "reconstruction", samples=400, batch_size=7)
    evidence = sections["reconstruction"].evidence
    errors = x[:, 2:].square().sum(1) / 4
    np.testing.assert_allclose(np.sort(evidence.error), errors.sort().values, rtol=1e-5)
    np.testing.assert_array_equal(evidence.reconstructions[:, :2], evidence.originals[:, :2])
    assert len(evidence.originals) == 12 and not evidence.reconstructions[:, 2:].any()
    assert set(figures(sections.values())) == {"reconstruction.pairs", "reconstruction.errors"}


def linear(bias=0.0, kept=1.0, seed=0, p=6, noise=0.3, prior=None):
    """Data of p columns about means of their own, and a model that keeps a share of each column and adds a constant."""
    g = torch.Generator().manual_seed(seed)
    mean, shift = 2 * torch.randn(p, generator=g), bias * torch.randn(p, generator=g).sign()
    x = mean + torch.randn(600, p, generator=g)
    inward = torch.linalg.qr(torch.randn(p, p, generator=g)).Q[:, : max(1, round(kept * p))]
    decode = partial(torch.add, mean + shift)
    model = la.from_torch(lambda v: (v - mean) @ inward, lambda z: decode(z @ inward.T), latent_shape=inward.shape[1:])
    return model, x


SEEDS = range(10)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kept", [1.0, 0.67])
def test_a_constant_is_named_with_its_columns_and_never_called_a_lack_of_units(seed, kept):
    findings = findings_of(ask(*linear(bias=0.4, kept=kept, seed=seed), "reconstruction", samples=256))
    finding = findings["reconstruction.bias"]
    assert finding.level == "warning" and finding.estimate.low <= 0.16 <= finding.estimate.high
    assert set(finding.subjects) == set(map(str, range(6))) and "off by a constant" in finding.sentence
    assert findings["reconstruction.kept"].remedy is None


@pytest.mark.parametrize("seed", SEEDS)
def test_one_column_of_many_that_is_off_is_named_though_it_is_little_of_the_variance(seed):
    model, x = linear(seed=seed, p=40)
    shift = 1.2 * torch.eye(40)[seed]
    decode = model.decode
    encode = model.encode
    model = la.from_torch(lambda v: encode(v).mean, lambda z: decode(z) + shift, latent_shape=(40,))
    finding = findings_of(ask(model, x, "reconstruction", samples=256))["reconstruction.bias"]
    assert finding.level == "warning" and finding.subjects == (str(seed),)
    assert abs(finding.estimate - 1.2) < 4 * finding.estimate.stderr and "(+1" in finding.sentence


def shrunk(seed):
    """The exact optimum of a VAE on latents and noise: reconstructions shrink towards the mean of the data."""
    x = 3 + 1.6**0.5 * torch.randn(600, 4, generator=torch.Generator().manual_seed(seed))
    return la.from_torch(lambda v: (v - 3) / 1.6, lambda z: z + 3, latent_shape=(4,), prior="normal"), x


def untrained(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return la.from_torch(torch.nn.Linear(20, 3), torch.nn.Linear(3, 20), latent_shape=(3,)), torch.rand(600, 20)


def bordered(seed):
    """A column that is 0 in nearly all rows, and that the decoder draws a little grey, by what the others say."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(600, 5, generator=g)
    x[:, 4] = 0.01 * (torch.arange(600) % 97 == seed)
    decode = lambda z: torch.cat([z, 0.002 + 0.002 * z[:, :1].sign()], 1)  # noqa: E731
    return la.from_torch(lambda v: v[:, :4], decode, latent_shape=(4,)), x


CLEAN = {
    "border": bordered,
    "unbiased": lambda seed: linear(seed=seed),
    "lossy": lambda seed: linear(kept=0.34, seed=seed),
    "shrinking": shrunk,
    "untrained": untrained,
    "a constant answer": lambda seed: (la.from_torch(lambda v: v, lambda z: 0 * z, latent_shape=(4,)), shrunk(seed)[1]),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CLEAN)
def test_a_model_without_a_constant_or_without_anything_but_faults_is_not_accused_of_one(name, seed):
    found = findings_of(ask(*CLEAN[name](seed), "reconstruction", samples=256))
    assert "reconstruction.bias" not in found and "reconstruction.columns" not in found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_great_column_drowns_what_becomes_of_the_others(seed):
    scales = torch.tensor([1.0, 1, 1, 1, 1, 1e4])
    basis = torch.eye(6)[:, [5, 0]]
    model = la.from_torch(lambda v: v @ basis, lambda z: z @ basis.T, latent_shape=(2,))
    x = torch.randn(300, 6, generator=torch.Generator().manual_seed(seed))
    found = findings_of(ask(model, x * scales, "reconstruction", samples=128))
    assert found["reconstruction.kept"].level == "good"
    assert found["reconstruction.columns"].level == "warning"
    assert found["reconstruction.columns"].subjects == ("1", "2", "3", "4")
    assert "Column 5 alone holds more than 99.9 %" in found["reconstruction.columns"].sentence
    equal = findings_of(ask(model, x, "reconstruction", samples=128))
    assert "column" not in " ".join(finding.sentence for finding in equal.values())


def test_columns_that_are_all_kept_are_no_fault():
    x = torch.randn(300, 6, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 1, 1, 1, 1, 50])
    model = la.from_torch(lambda v: v, lambda z: z, latent_shape=(6,))
    finding = findings_of(ask(model, x, "reconstruction", samples=128))["reconstruction.columns"]
    assert finding.level == "good" and finding.remedy is None and "6 of 6 columns" in finding.sentence


def test_a_drowned_channel_is_named():
    x = (
        torch.randn(200, 4, 3, 3, generator=torch.Generator().manual_seed(0))
        * torch.tensor([9.0, 1, 1, 1])[:, None, None]
    )
    keep = torch.tensor([1.0, 0, 0, 0])[:, None, None]
    model = la.from_torch(lambda v: v * keep, lambda z: z, latent_shape=(4, 3, 3))
    finding = findings_of(ask(model, x, "reconstruction", samples=128))["reconstruction.columns"]
    assert finding.subjects == ("1", "2", "3") and finding.sentence.startswith("Channel 0 alone holds")


def test_advice_is_what_the_model_can_follow():
    """β only with a prior, training only where there are parameters, more units only where all are in use."""
    lossy = torch.nn.Linear(8, 2, bias=False)
    lossy.weight.data = torch.eye(2, 8)
    back = torch.nn.Linear(2, 8, bias=False)
    back.weight.data = torch.eye(8, 2)
    x = torch.randn(300, 8, generator=torch.Generator().manual_seed(0))
    deaf = torch.nn.Sequential(lossy, torch.nn.Linear(2, 2, bias=False))
    deaf[1].weight.data = torch.tensor([[1.0, 0], [0, 0]])
    cases = {
        "Give the latent more units": la.from_torch(lossy, back, latent_shape=(2,)),
        "Lower β": la.from_torch(deaf, back, latent_shape=(2,), prior="normal"),
        None: la.from_torch(deaf, back, latent_shape=(2,)),
        "": la.from_torch(lambda v: v[:, :2], lambda z: z @ torch.eye(2, 8), latent_shape=(2,), prior="normal"),
    }
    for words, model in cases.items():
        finding = findings_of(ask(model, x, "reconstruction"))["reconstruction.kept"]
        assert finding.level == "warning"
        assert words in finding.remedy if words else finding.remedy is None


def test_a_model_that_is_worse_than_the_mean_keeps_nothing_and_is_not_told_of_beta():
    x = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    sections = ask(la.from_torch(lambda v: v, lambda z: -3 * z, latent_shape=(4,)), x, "reconstruction")
    (finding,) = sections["reconstruction"].findings
    assert (
        finding.level == "problem" and "keep nothing" in finding.sentence and "times the variance" in finding.sentence
    )
    assert finding.brief == "reconstructions keep nothing of the data" and "β" not in (finding.remedy or "")
