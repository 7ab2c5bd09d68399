"""Pairs of torch modules or callables: what encoders may answer, and whose modules are behind them."""

import re

import numpy as np
import pytest
import torch
from torch import distributions as D
from torch import nn

import latentassay as la
from conftest import ROOT

x = torch.rand(400, 5, generator=torch.Generator().manual_seed(0))


def linear(*sizes, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Linear(*sizes)


down, wide, up = linear(5, 2), linear(5, 4), linear(2, 5)
TRIL = torch.tensor([[1.0, 0.0], [0.5, 2.0]])

MODELS = {
    "mean": (la.from_torch(down, up, latent_shape=(2,)), la.Point),
    "mean, logvar": (
        la.from_torch(lambda x: wide(x).chunk(2, 1), up, latent_shape=[2], prior="normal", output="mean_logvar"),
        la.DiagonalGaussian,
    ),
    "mean, std": (
        la.from_torch(lambda x: [down(x), down(x).exp()], up, latent_shape=(2,), output="mean_std"),
        la.DiagonalGaussian,
    ),
    "Normal": (la.from_torch(lambda x: D.Normal(down(x), 0.5), up, latent_shape=(2,)), la.DiagonalGaussian),
    "Independent": (
        la.from_torch(lambda x: D.Independent(D.Normal(down(x), 0.5), 1), up, latent_shape=(2,)),
        la.DiagonalGaussian,
    ),
    "MultivariateNormal": (
        la.from_torch(lambda x: D.MultivariateNormal(down(x), scale_tril=TRIL), up, latent_shape=(2,)),
        la.FullCovarianceGaussian,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_kind_keeps_the_contract(name):
    model, kind = MODELS[name]
    la.check_autoencoder(model, x[:8])
    assert isinstance(model.encode(x[:3]), kind) and isinstance(model, la.Autoencoder)


@pytest.mark.parametrize("name", MODELS)
def test_every_kind_can_be_questioned(name):
    model, _ = MODELS[name]
    z = la.sampling.posterior(model, x, 30, generator=torch.Generator().manual_seed(0))
    m = la.response_matrix(model, z, generator=torch.Generator().manual_seed(0))
    assert torch.isfinite(m.matrix).all() and torch.isfinite(m.normalized_stderr).all()


def test_logvar_and_std_mean_what_they_say():
    pair = (torch.zeros(1, 2), torch.full((1, 2), 2.0))
    by_name = {
        name: la.from_torch(lambda x: pair, up, latent_shape=(2,), output=name).encode(x[:1]).std[0, 0].item()
        for name in ("mean_logvar", "mean_std")
    }
    assert by_name == pytest.approx({"mean_logvar": np.e, "mean_std": 2.0})


def test_modules_behind_callables_are_found_and_left_in_their_mode():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.down, self.up, self.drop = down, up, nn.Dropout(0.5)

        def code(self, x):
            return self.drop(self.down(x))

    net = Net().train()
    model = la.from_torch(net.code, up, latent_shape=(2,))
    assert model.torch_modules == (net, up)
    la.check_autoencoder(model, x[:8])
    assert net.training and net.drop.training


def test_modules_that_a_function_refers_to_are_found():
    noisy = nn.Dropout(0.5)

    def encode(x):
        return noisy(down(x))

    model = la.from_torch(encode, lambda z: up(z), latent_shape=(2,))
    assert set(model.torch_modules) == {noisy, down, up}
    la.check_autoencoder(model, x[:8])
    assert noisy.training


@pytest.mark.parametrize(
    ("answer", "output", "match"),
    [
        (lambda x: (down(x), down(x)), "mean", "tuple of 2 and output='mean'"),
        (lambda x: (down(x),) * 3, "mean_std", "tuple of 3"),
        (lambda x: down(x)[:, :1], "mean_logvar", "Tensor .*, which output='mean_logvar'"),
        (lambda x: {"z": down(x), "other": down(x)}, "mean", "dict"),
        (lambda x: D.Laplace(down(x), 1.0), "mean", "Laplace"),
    ],
)
def test_answers_that_are_not_what_was_said(answer, output, match):
    with pytest.raises(la.ContractError, match=match):
        la.from_torch(answer, up, latent_shape=(2,), output=output).encode(x)


def test_a_single_tensor_in_a_record_is_the_code_and_both_halves_of_one_are_mean_and_spread():
    by_field = la.from_torch(lambda x: {"z": down(x), "loss": 0.0}, up, latent_shape=(2,)).encode(x)
    assert torch.equal(by_field.mean, down(x)) and isinstance(by_field, la.Point)
    joined = la.from_torch(lambda x: down(x), lambda z: z, latent_shape=(1,), output="mean_logvar").encode(x)
    assert torch.equal(joined.mean, down(x)[:, :1])
    torch.testing.assert_close(joined.std, (0.5 * down(x)[:, 1:]).exp())


def test_a_decoder_that_returns_a_tuple():
    with pytest.raises(la.ContractError, match=r"decoder\(z\)\[0\]"):
        la.from_torch(down, lambda z: (up(z), z), latent_shape=(2,)).decode(torch.zeros(1, 2))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (dict(encode=3), "encode must be"),
        (dict(decode=None), "decode must be"),
        (dict(output="logvar"), "output must be"),
        (dict(prior="gauss"), "prior must be"),
        (dict(codebook=torch.ones(4)), "codebook must be a floating tensor"),
        (dict(codebook=[[1.0, 2.0]]), "got list"),
        (dict(codebook=torch.ones(4, 3)), "do not consist of code vectors of 3"),
        (dict(codebook=torch.tensor([[1.0], [float("nan")]])), "codebook holds NaN"),
    ],
)
def test_from_torch_refuses_bad_arguments(change, match):
    arguments = {"encode": down, "decode": up, "latent_shape": (2,), **change}
    with pytest.raises(la.InputError, match=match):
        la.from_torch(**arguments)


def test_the_page_works_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page, names = (ROOT / "docs" / "guides" / "torch.md").read_text("utf-8"), {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "torch.md", "exec"), names)
    assert names["m"].matrix.shape == (4, 4) and names["model"].latent_shape == (4,)


def test_modules_in_a_dictionary_are_not_found_and_those_in_a_closure_are():
    held = {"net": nn.Dropout(0.5)}
    assert la.from_torch(lambda x: held["net"](down(x)), up, latent_shape=(2,)).torch_modules == (down, up)


def test_a_list_of_one_and_named_fields_are_understood():
    x = torch.rand(4, 6)
    net = torch.nn.Linear(6, 2)
    one = la.from_torch(lambda x: [net(x)], lambda z: {"recon": z}, latent_shape=(2,))
    named = la.from_torch(lambda x: {"mu": net(x), "logvar": 2 * net(x)}, net, latent_shape=(2,))
    assert torch.equal(one.encode(x).mean, net(x)) and torch.equal(one.decode(net(x)), net(x))
    torch.testing.assert_close(named.encode(x).std, net(x).exp())
