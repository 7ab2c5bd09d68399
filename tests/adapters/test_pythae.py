"""pythae's autoencoders behind the door; runs where pythae is installed."""

import os
import pickle
import re

import pytest
import torch
from safetensors.torch import save_model
from torch import nn
from torch.testing import assert_close

import latentassay as la
from conftest import ROOT
from latentassay.adapters.pythae import CODES, GAUSSIANS, MIXED, REFUSED, from_pythae
from latentassay.cli.model_spec import open_model
from latentassay.core.autoencoder import HasCodebook

models = pytest.importorskip("pythae.models")
base = pytest.importorskip("pythae.models.base.base_utils")

base_decoder = pytest.importorskip("pythae.models.nn").BaseDecoder

X = (1, 8, 8)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def config(kind, **options):
    name = f"{kind}_Config" if hasattr(models, f"{kind}_Config") else f"{kind}Config"
    return getattr(models, name)(**{"input_dim": X, "latent_dim": 3, **options})


def net(kind, encoder=None, decoder=None, **options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return getattr(models, kind)(config(kind, **options), encoder, decoder).eval()


def x_of(n=20):
    return torch.rand(n, *X, generator=seeded(1))


@pytest.mark.parametrize("kind", CODES + GAUSSIANS + MIXED)
def test_every_class_keeps_the_contract(kind):
    inner = net(kind, **({"input_dim": (3, 64, 64)} if kind == "MSSSIM_VAE" else {}))
    model = from_pythae(inner)
    x = torch.rand(4, *model.x_shape, generator=seeded())
    assert la.check_autoencoder(model, x)
    assert model.latent_shape == (3,) and model.adapter == f"pythae {kind}" and "native latents" in model.space
    assert isinstance(model.encode(x), la.Point if kind in CODES else la.DiagonalGaussian)
    assert (model.prior is None) == (kind in ("AE", "RAE_GP", "RAE_L2", "VQVAE", *MIXED))
    assert model.value_range == (0.0, 1.0) and model.torch_modules == (inner,)


ONCE = {  # so that a pass of the class draws its noise once and takes one sample
    "HVAE": {"n_lf": 0},
    "RHVAE": {"n_lf": 0},
    "IWAE": {"number_samples": 1},
    "CIWAE": {"number_samples": 1},
    "MIWAE": {"number_samples": 1, "number_gradient_estimates": 1},
    "PIWAE": {"number_samples": 1, "number_gradient_estimates": 1},
}


@pytest.mark.parametrize("kind", CODES + GAUSSIANS + MIXED)
def test_it_answers_as_a_pass_of_the_class_does(kind):
    """pythae's own forward pass is mean + σ ε, with ε the first it draws, then everything up to the reconstruction."""
    inner = net(kind, input_dim=(1, 12, 12), **ONCE.get(kind, {}))
    x = torch.rand(6, 1, 12, 12, generator=seeded(1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        expected = inner(base.ModelOutput(data=x)).recon_x
        torch.manual_seed(1)
        rows = torch.randperm(6)[3:] if kind == "FactorVAE" else torch.arange(6)  # it shuffles, and halves the batch
        noise = torch.randn(len(rows), 3)
    wrapped = from_pythae(inner)
    q = wrapped.encode(x[rows])
    assert_close(wrapped.decode(q.mean + q.std * noise), expected)


def test_a_hamiltonian_vae_of_binary_data_decodes_to_logits():
    with pytest.warns(UserWarning, match="logits"):
        inner = net("HVAE", reconstruction_loss="bce")
    z = torch.randn(4, 3, generator=seeded())
    assert_close(from_pythae(inner).decode(z), inner.decoder(z).reconstruction.sigmoid())
    assert_close(from_pythae(net("HVAE")).decode(z), inner.decoder(z).reconstruction)


def test_an_adversarial_autoencoder_without_noise_gives_points():
    assert isinstance(from_pythae(net("Adversarial_AE", deterministic_posterior=True)).encode(x_of()), la.Point)


def test_a_decoder_may_leave_pictures_flat():
    class Flat(base_decoder):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(3, 64)

        def forward(self, z):
            return base.ModelOutput(reconstruction=self.net(z))

    wrapped = from_pythae(net("VAE", decoder=Flat()))
    assert la.check_autoencoder(wrapped, x_of()) and wrapped.decode(torch.zeros(2, 3)).shape == (2, *X)
    unknown = net("VAE", decoder=Flat())
    unknown.model_config.input_dim = None
    assert from_pythae(unknown).decode(torch.zeros(2, 3)).shape == (2, 64)


def test_the_log_covariance_is_a_log_variance_and_the_loss_knows_it():
    """pythae's own KL term, in nats, is that of the posterior behind the door to its prior."""
    inner, x = net("VAE"), x_of()
    model = from_pythae(inner)
    theirs = inner(base.ModelOutput(data=x)).reg_loss
    assert_close(model.encode(x).kl_to_prior().mean(), theirs)


@pytest.mark.parametrize("kind", ["AE", "VAE"])
def test_the_response_matrix_is_that_of_a_pair_written_by_hand(kind):
    inner, x = net(kind), x_of()
    first = inner.encoder.layers[0]

    def encode(x):
        h = first(x.flatten(1))
        mean = inner.encoder.embedding(h)
        return (mean, inner.encoder.log_var(h)) if kind == "VAE" else mean

    def decode(z):
        for layer in inner.decoder.layers:
            z = layer(z)
        return z.reshape(-1, *X)

    output = "mean_logvar" if kind == "VAE" else "mean"
    pair = la.from_torch(encode, decode, latent_shape=(3,), output=output)
    matrices = [
        la.response_matrix(model, la.sampling.posterior(model, x, 20, generator=seeded()), generator=seeded()).matrix
        for model in (la.wrap(inner), pair)
    ]
    assert_close(*matrices, atol=1e-5, rtol=1e-5)


class Down(nn.Module):
    """Pictures of any size to a spatial code."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            self.net = nn.Conv2d(1, 2, 2, 2)

    def forward(self, x):
        return base.ModelOutput(embedding=self.net(x))


class Up(nn.Module):
    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(2)
            self.net = nn.ConvTranspose2d(2, 1, 2, 2)

    def forward(self, z):
        return base.ModelOutput(reconstruction=self.net(z))


def spatial(kind="AE", **options):
    """With networks of one's own, which need not know pythae's base classes once they are in place."""
    inner = net(kind, **options)
    inner.encoder, inner.decoder = Down(), Up()
    inner.model_config.uses_default_decoder = False
    return inner


def test_spatial_codes_of_own_networks_are_found_by_asking():
    model, x = from_pythae(spatial()), x_of()
    assert la.check_autoencoder(model, x[:4]) and model.latent_shape == (2, 4, 4) and model.value_range is None
    assert_close(model.encode(x).mean, model._model.encoder.net(x))


def codebook(quantizer):
    values = quantizer.embeddings
    return (values if isinstance(values, torch.Tensor) else values.weight).detach()


def test_a_codebook_of_vectors_and_of_places():
    """``decode`` is what pythae's own forward pass decodes; a small change changes nothing."""
    inner, x = net("VQVAE", num_embeddings=7), x_of()
    model = from_pythae(inner)
    assert "nearest of 7 code vectors" in model.space
    assert_close(model.decode(model.encode(x).mean), inner(base.ModelOutput(data=x)).recon_x)
    z = codebook(inner.quantizer)[:6].reshape(2, 3)  # with vectors, pythae rounds each number by itself
    assert_close(model.decode(z + 1e-4), model.decode(z), rtol=0, atol=0)
    assert not torch.equal(model.decode(z.flip(0)), model.decode(z))
    assert isinstance(model, HasCodebook) and not isinstance(from_pythae(net("AE")), HasCodebook)
    assert model.quantise(z).flatten().tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(la.ContractError, match="differentiation"):
        la.response_jacobian(model, z)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        places = models.VQVAE(config("VQVAE", num_embeddings=7, latent_dim=2), None, None)
        places.encoder, places.decoder = Down(), Up()
        places._set_quantizer(places.model_config)
    places.eval()
    wrapped = from_pythae(places)
    assert wrapped.latent_shape == (2, 4, 4)
    assert_close(wrapped.decode(wrapped.encode(x).mean), places(base.ModelOutput(data=x)).recon_x)


def test_a_class_of_ones_own_is_what_it_derives_from():
    class Mine(models.BetaVAE):
        pass

    assert from_pythae(Mine(config("BetaVAE"))).adapter == "pythae BetaVAE"


def test_ranges_sizes_and_priors():
    inner, x = net("VAE"), x_of()
    wrapped = from_pythae(inner, value_range=(-1, 1), prior=None)
    assert wrapped.prior is None and wrapped.value_range == (0.0, 1.0)
    assert_close(wrapped.encode(x).mean, inner.encoder(2 * x - 1).embedding)
    assert_close(wrapped.decode(torch.ones(2, 3)), inner.decoder(torch.ones(2, 3)).reconstruction / 2 + 0.5)
    assert isinstance(from_pythae(net("AE"), prior="normal").prior, la.StandardNormal)
    open_ended = spatial()
    open_ended.model_config.input_dim = None
    assert from_pythae(open_ended).x_shape is None and from_pythae(open_ended).latent_shape == (3,)
    assert from_pythae(open_ended, x_shape=(1, 6, 8)).latent_shape == (2, 3, 4)


@pytest.mark.parametrize("kind", REFUSED)
def test_latents_that_cannot_be_changed_one_at_a_time_are_refused(kind):
    with pytest.raises(la.ContractError, match=f"pythae's {kind} .*la.from_torch"):
        from_pythae(net(kind))


def half():
    return net("VAE").half()


class Bare(Down):
    def forward(self, x):
        return self.net(x)


def bare(part):
    inner = spatial()
    setattr(inner, part, Bare() if part == "encoder" else Up().net)
    return inner


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (half, r"float16 weights on the CPU.*model\.float\(\)"),
        (lambda: nn.Linear(2, 2), "Linear is none of pythae's AE"),
        (lambda: models.BaseAE(models.BaseAEConfig(X, 3)), r"BaseAE is none of pythae's AE.*la\.from_torch"),
        (lambda: bare("encoder"), "encoder returned a Tensor without .embedding"),
    ],
)
def test_models_that_are_refused(make, match):
    with pytest.raises(la.ContractError, match=match):
        from_pythae(make())


def test_answers_of_another_form_are_refused():
    wrapped = from_pythae(bare("decoder"))
    with pytest.raises(la.ContractError, match=r"decoder returned a Tensor without \.reconstruction"):
        wrapped.decode(torch.zeros(2, 2, 4, 4))
    odd = net("VAE")
    odd.encoder = Down()
    with pytest.raises(la.ContractError, match=r"without \.log_covariance"):
        from_pythae(odd).encode(x_of())
    wide = spatial()
    wide.model_config.input_dim = (3, 8, 8)
    with pytest.raises(la.ContractError, match=r"fails on observations \(3, 8, 8\).*say x_shape="):
        from_pythae(wide)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"prior": "gauss"}, "prior must be"),
        ({"value_range": (1, 0)}, "low below high"),
        ({"x_shape": 8}, "x_shape must be"),
        ({"x_shape": (1, 9, 9)}, r"config says input_dim=\(1, 8, 8\)"),
    ],
)
def test_arguments_that_are_refused(options, match):
    with pytest.raises(la.InputError, match=match):
        from_pythae(net("VAE"), **options)


def test_observations_and_latents_that_are_refused():
    wrapped = from_pythae(net("VAE"))
    with pytest.raises(la.InputError, match=r"observations \(n, 1, 8, 8\), got \(2, 8, 8, 1\)"):
        wrapped.encode(torch.zeros(2, 8, 8, 1))
    with pytest.raises(la.InputError, match="latents must have shape"):
        wrapped.decode(torch.zeros(2, 4))
    with pytest.raises(la.InputError, match="expected a model of pythae or the path of a folder, got int"):
        from_pythae(3)


@pytest.fixture
def folder(tmp_path):
    """As pythae saves it, with the weights in safetensors as well."""
    inner = net("RAE_L2")
    inner.save(str(tmp_path / "model"))
    save_model(inner, str(tmp_path / "model" / "model.safetensors"))
    return tmp_path / "model"


def test_a_folder_with_safetensors_loads_and_leaves_randomness_alone(folder):
    state = torch.get_rng_state()
    wrapped = la.wrap(folder)
    assert torch.equal(state, torch.get_rng_state()) and wrapped.adapter == "pythae RAE_L2"
    assert_close(wrapped.encode(x_of()).mean, net("RAE_L2").encoder(x_of()).embedding)


def test_a_folder_on_the_command_line(folder):
    opened = open_model(f"pythae:{folder}", {"value_range": "-1,1"})
    assert opened.name == "model: pythae RAE_L2, native latents" and opened.model.value_range == (0.0, 1.0)
    with pytest.raises(la.InputError, match="from_pythae got an unexpected keyword argument 'size'; its options are"):
        open_model(f"pythae:{folder}", {"size": 8})


class Hostile:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("name", ["model.pt", "encoder.pkl", "model.safetensors"])
def test_a_hostile_file_never_runs(folder, tmp_path, name):
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(pickle.dumps(Hostile(tmp_path / "canary")))
    with pytest.raises(la.FileError, match=r"never loaded.*(load_from_folder|save_model)"):
        from_pythae(folder)
    assert not (tmp_path / "canary").exists()


def rewritten(folder, **changes):
    import json

    path = folder / "model_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda f: (f / "model_config.json").unlink(), "does not exist. Give a folder"),
        (lambda f: (f / "model_config.json").write_text("[]"), "holds no JSON object"),
        (lambda f: rewritten(f, name="os"), "is of a os"),
        (lambda f: rewritten(f, name=None), "is of a None"),
        (lambda f: rewritten(f, latent_dim=4), "does not load .*size mismatch|does not load"),
        (lambda f: rewritten(f, latent_dim="many"), "does not load"),
        (lambda f: rewritten(f, uses_default_encoder=False), "coders that are not pythae's own"),
        (lambda f: (f / "model.safetensors").write_bytes(b"\x08" + bytes(20)), "no whole safetensors"),
        (lambda f: ((f / "model.safetensors").unlink(), (f / "model.pt").unlink()), "is missing"),
    ],
)
def test_folders_that_are_refused(folder, spoil, match):
    spoil(folder)
    with pytest.raises(la.FileError, match=match):
        from_pythae(folder)


def test_pythae_that_is_not_installed(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pythae", None)
    with pytest.raises(la.InputError, match=r"latentassay\[pythae\]"):
        from_pythae(folder)


def test_the_page_works_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page, names = (ROOT / "docs" / "guides" / "pythae.md").read_text("utf-8"), {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "pythae.md", "exec"), names)
    assert names["m"].matrix.shape == (8, 8)
