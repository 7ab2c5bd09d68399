"""One network, whoever it comes from: its own adapter, a pair written by hand and ONNX files give the same answers."""

import importlib.util
import warnings

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import latentassay as la

IMAGE = (3, 16, 16)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def plain():
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(768, 12), nn.Tanh(), nn.Linear(12, 6))
    decoder = nn.Sequential(nn.Linear(3, 12), nn.Tanh(), nn.Linear(12, 768), nn.Unflatten(1, IMAGE))
    pair = la.from_torch(lambda x: encoder(x).chunk(2, 1), decoder, latent_shape=(3,), output="mean_logvar")
    return pair, lambda x: encoder(x).chunk(2, 1), decoder


def diffusers_kl():
    import diffusers

    net = diffusers.AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        latent_channels=3,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        mid_block_add_attention=False,
    ).eval()
    wrapped = la.from_diffusers(net, x_shape=IMAGE, value_range=(0, 1))
    return wrapped, lambda x: net.quant_conv(net.encoder(x)).chunk(2, 1), lambda z: net.decoder(net.post_quant_conv(z))


def monai_kl():
    from monai.networks.nets import AutoencoderKL

    net = AutoencoderKL(
        spatial_dims=2,
        in_channels=3,
        out_channels=3,
        num_res_blocks=1,
        channels=(8, 16),
        latent_channels=3,
        attention_levels=(False, False),
        norm_num_groups=4,
        with_encoder_nonlocal_attn=False,
        with_decoder_nonlocal_attn=False,
    ).eval()

    def encode(x):
        h = net.encoder(x)
        return net.quant_conv_mu(h), net.quant_conv_log_sigma(h)

    return la.from_monai(net, x_shape=IMAGE), encode, lambda z: net.decoder(net.post_quant_conv(z))


def pythae_vae():
    from pythae.models import VAE, VAEConfig

    net = VAE(VAEConfig(input_dim=IMAGE, latent_dim=3)).eval()

    def encode(x):
        h = net.encoder.layers[0](x.flatten(1))
        return net.encoder.embedding(h), net.encoder.log_var(h)

    def decode(z):
        return net.decoder.layers[1](net.decoder.layers[0](z)).unflatten(1, IMAGE)

    return la.wrap(net), encode, decode


MAKERS = {"torch": plain, "diffusers": diffusers_kl, "monai": monai_kl, "pythae": pythae_vae}
INSTALLED = [name for name in MAKERS if importlib.util.find_spec(name)]


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.skipif(name not in INSTALLED, reason=f"needs {name}")) for name in MAKERS
    ]
)
def models(request, tmp_path):
    """The network through its own adapter, as a pair written by hand, and as two files."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        wrapped, encode, decode = MAKERS[request.param]()
    for module in wrapped.torch_modules:
        module.requires_grad_(False)  # so that an export may keep the weights as constants
    z = torch.zeros(2, *wrapped.latent_shape)
    down = exported(encode, torch.rand(2, *IMAGE), tmp_path / "e.onnx", ["mu", "logvar"])
    files = la.from_onnx(
        down, exported(decode, z, tmp_path / "d.onnx", ["y"]), output="mean_logvar", latent_shape=wrapped.latent_shape
    )
    return wrapped, la.from_torch(encode, decode, latent_shape=wrapped.latent_shape, output="mean_logvar"), files


class Half(nn.Module):
    """A function of a network's parts as a network of its own."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def exported(function, x, path, names):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old exporter, which needs no onnxscript, says that there is a new one
        torch.onnx.export(
            Half(function),
            (x,),
            str(path),
            input_names=["in"],
            output_names=names,
            dynamo=False,
            dynamic_axes={name: {0: "n"} for name in ["in", *names]},
        )
    return path


def test_every_way_gives_the_same_answers(models):
    x = torch.rand(12, *IMAGE, generator=seeded(1))
    own, *others = models
    la.check_autoencoder(own, x[:4])
    posterior = la.sampling.encode(own, x)
    z = la.sampling.posterior(own, x, 24, generator=seeded(2))
    matrix = la.response_matrix(own, z, generator=seeded(3))
    assert matrix.matrix.abs().max() > 1e-2  # not the agreement of models that do nothing
    for other in others:
        la.check_autoencoder(other, x[:4])
        found = la.sampling.encode(other, x)
        assert_close(found.mean, posterior.mean, atol=1e-5, rtol=1e-5)
        assert_close(found.std, posterior.std, atol=1e-5, rtol=1e-5)
        assert_close(la.response_matrix(other, z, generator=seeded(3)).matrix, matrix.matrix, atol=1e-5, rtol=1e-5)


def test_derivatives_agree_where_some_are_differences(models):
    """Forward mode through torch, and central differences through the files."""
    own, pair, files = models
    z = torch.randn(2, *own.latent_shape, generator=seeded(4))
    own, pair, files = (la.response_jacobian(model, z, latents=[0, 1, 2]) for model in (own, pair, files))
    scale = float(own.abs().max())
    assert_close(pair, own, atol=1e-5 * scale, rtol=1e-5)
    # A difference averages over its step, in which some ReLUs switch; all of pythae's derivatives are near 0.01.
    assert_close(files, own, atol=2e-3 * max(scale, 0.1), rtol=0)
