"""MONAI's AutoencoderKL behind the door; runs where MONAI is installed."""

import re

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from conftest import ROOT
from latentassay.adapters.monai import from_monai

nets = pytest.importorskip("monai.networks.nets")

SMALL = dict(
    in_channels=1,
    out_channels=1,
    num_res_blocks=1,
    channels=(8, 16),
    attention_levels=(False, False),
    latent_channels=3,
    norm_num_groups=4,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def net(dims=2, **options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nets.AutoencoderKL(spatial_dims=dims, **{**SMALL, **options}).eval()


@pytest.mark.parametrize("shape", [(1, 16, 16), (1, 16, 24), (1, 8, 8, 16)], ids=str)
@pytest.mark.parametrize("options", [{}, {"scale_factor": 0.25}, {"value_range": (-1, 1)}], ids=str)
def test_it_keeps_the_contract(shape, options):
    model = from_monai(net(len(shape) - 1), x_shape=shape, **options)
    assert la.check_autoencoder(model, torch.rand(4, *shape, generator=seeded()))
    assert model.latent_shape == (3, *(size // 2 for size in shape[1:]))
    assert model.adapter == "MONAI AutoencoderKL" and model.value_range == (0.0, 1.0) and model.prior is None


def test_sigma_is_a_standard_deviation():
    inner, x = net(), torch.rand(2, 1, 16, 16, generator=seeded())
    log_variance = inner.quant_conv_log_sigma(inner.encoder(x))
    assert_close(from_monai(inner, x_shape=(1, 16, 16)).encode(x).std, (log_variance / 2).exp())


def test_the_response_matrix_is_that_of_a_pair_written_by_hand():
    inner, x = net(), torch.rand(6, 1, 16, 16, generator=seeded())

    def encode(x):
        mean, log_variance = inner.quant_conv_mu(inner.encoder(x)), inner.quant_conv_log_sigma(inner.encoder(x))
        return mean, log_variance

    def decode(z):
        return inner.decoder(inner.post_quant_conv(z))

    wrapped = from_monai(inner, x_shape=(1, 16, 16), prior="normal")
    assert wrapped.prior == la.StandardNormal((3, 8, 8))
    pair = la.from_torch(encode, decode, latent_shape=(3, 8, 8), output="mean_logvar")
    matrices = [
        la.response_matrix(model, la.sampling.posterior(model, x, 12, generator=seeded()), generator=seeded()).matrix
        for model in (wrapped, pair)
    ]
    assert_close(*matrices, atol=1e-5, rtol=1e-5)


def test_scaled_latents_and_ranges():
    inner, x = net(), torch.rand(2, 1, 16, 16, generator=seeded())
    wrapped = from_monai(inner, x_shape=(1, 16, 16), scale_factor=0.5, value_range=(-1, 1))
    mean, sigma = inner.encode(2 * x - 1)
    assert_close(wrapped.encode(x).mean, 0.5 * mean)
    assert_close(wrapped.encode(x).std, 0.5 * sigma)
    assert_close(wrapped.decode(mean * 0.5), inner.decode(mean) / 2 + 0.5)
    assert "z · 0.5" in wrapped.space and "native" in from_monai(inner, x_shape=(1, 16, 16)).space


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (dict(x_shape=(1, 15, 16)), r"by 2.*\(1, 14, 16\)"),
        (dict(x_shape=(3, 16, 16)), "takes 1 channels"),
        (dict(x_shape=(1, 8, 8, 8)), r"\(channels, height, width\)"),
        (dict(x_shape=(16, 16, 1)), "channels last"),
        (dict(scale_factor=0), "scale_factor must be"),
        (dict(scale_factor=float("nan")), "scale_factor must be"),
        (dict(prior="gauss"), "prior must be"),
        (dict(value_range=(1, 0)), "low below high"),
    ],
)
def test_arguments_that_are_refused(options, match):
    with pytest.raises(la.InputError, match=match):
        from_monai(net(), **{"x_shape": (1, 16, 16), **options})


def on_meta():
    with torch.device("meta"):
        return nets.AutoencoderKL(spatial_dims=2, **SMALL)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (on_meta, "meta device"),
        (lambda: net().half(), r"model\.float\(\)"),
        (lambda: net(out_channels=2), "turns 1 channels into 2"),
        (lambda: torch.nn.Linear(2, 2), "Linear is no MONAI AutoencoderKL.*mean_std"),
    ],
)
def test_models_that_are_refused(make, match):
    with pytest.raises(la.ContractError, match=match):
        from_monai(make(), x_shape=(1, 16, 16))


def test_pictures_and_latents_that_are_refused():
    wrapped = from_monai(net(), x_shape=(1, 16, 16))
    with pytest.raises(la.InputError, match="channels last"):
        wrapped.encode(torch.zeros(2, 16, 16, 1))
    with pytest.raises(la.InputError, match="got"):
        wrapped.decode(torch.zeros(2, 3, 4, 4))


def test_answers_of_another_form_are_refused():
    class Plain(nets.AutoencoderKL):
        def encode(self, x):
            return super().encode(x)[0]

        def decode(self, z):
            return (super().decode(z),)

    wrapped = from_monai(Plain(spatial_dims=2, **SMALL), x_shape=(1, 16, 16))
    with pytest.raises(la.ContractError, match="encode returned a Tensor"):
        wrapped.encode(torch.zeros(2, 1, 16, 16))
    with pytest.raises(la.ContractError, match="decode returned a tuple"):
        wrapped.decode(torch.zeros(2, 3, 8, 8))


def test_the_page_works_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page, names = (ROOT / "docs" / "guides" / "monai.md").read_text("utf-8"), {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "monai.md", "exec"), names)
    assert names["m"].matrix.shape == (3, 3)
