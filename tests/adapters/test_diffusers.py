"""diffusers' four autoencoders behind the door: contract, spaces, folders, and everything that can be wrong."""

import json
import os
import pickle
import re

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import distributions as D
from torch.testing import assert_close

import latentassay as la
from conftest import ROOT
from latentassay.adapters._diffusers_files import load_folder
from latentassay.adapters.diffusers import CLASSES, from_diffusers
from latentassay.core.autoencoder import HasCodebook
from latentassay.core.errors import FileError
from tests.oracles import taef2


def diffusers():
    """The package, imported where it is needed first: it takes longer to import than most of these tests to run."""
    return pytest.importorskip("diffusers")


SIZE = (3, 16, 16)
CONV = dict(
    block_out_channels=(8, 16),
    down_block_types=("DownEncoderBlock2D",) * 2,
    up_block_types=("UpDecoderBlock2D",) * 2,
    norm_num_groups=4,
)
LEVELS = dict(encoder_block_out_channels=(8, 16), decoder_block_out_channels=(8, 16))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def built(make, **options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make(**options).eval()


def kl(**options):
    return built(diffusers().AutoencoderKL, **{**CONV, "latent_channels": 2, **options})


def tiny(**options):
    widths = dict(encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8))
    return built(
        diffusers().AutoencoderTiny,
        **{**widths, "num_encoder_blocks": (1, 1), "num_decoder_blocks": (1, 1), "latent_channels": 2, **options},
    )


def dc():
    types = ("ResBlock", "EfficientViTBlock")
    half = dict(block_types=types, layers_per_block=(1, 1), qkv_multiscales=((), (5,)))
    both = {f"{side}_{key}": value for side in ("encoder", "decoder") for key, value in half.items()}
    return built(
        diffusers().AutoencoderDC, **LEVELS, **both, latent_channels=4, attention_head_dim=8, scaling_factor=0.4
    )


def vq():
    model = built(diffusers().VQModel, **CONV, latent_channels=3, vq_embed_dim=2, num_vq_embeddings=16)
    with torch.no_grad():  # code vectors as large as the codes, so that more than one is used
        model.quantize.embedding.weight.copy_(torch.randn(16, 2, generator=seeded(1)))
    return model


MODELS = {"AutoencoderKL": kl(), "AutoencoderTiny": tiny(), "AutoencoderDC": dc(), "VQModel": vq()}
PER_CHANNEL = dict(latents_mean=(1.0, -2.0), latents_std=(2.0, 3.0), scaling_factor=0.5)
ALL = [(name, space) for name in MODELS for space in ("native", "scaled")] + [("AutoencoderTiny", "unit")]


@pytest.fixture
def x():
    return torch.rand(6, *SIZE, generator=seeded())


@pytest.mark.parametrize(("name", "space"), ALL)
def test_every_class_keeps_the_contract(name, space, x):
    model = from_diffusers(MODELS[name], x_shape=SIZE, space=space)
    assert la.check_autoencoder(model, x)
    assert model.adapter == f"diffusers {name}" and model.space.startswith(f"{space} latents")
    assert model.value_range == (0.0, 1.0) and model.prior is None and model.torch_modules == (MODELS[name],)


def by_hand(model):
    """The same network as a pair that its user wrote, from the pages of diffusers."""

    def encode(x):
        answer = model.encode(2 * x - 1, return_dict=False)[0]
        return D.Normal(answer.mean, answer.std) if hasattr(answer, "std") and hasattr(answer, "kl") else answer

    def decode(z):
        return (model.decode(z, return_dict=False)[0] + 1) / 2

    return encode, decode


@pytest.mark.parametrize("name", MODELS)
def test_the_response_matrix_is_that_of_a_pair_written_by_hand(name, x):
    wrapped = from_diffusers(MODELS[name], x_shape=SIZE)
    encode, decode = by_hand(MODELS[name])
    pair = la.from_torch(encode, decode, latent_shape=wrapped.latent_shape)
    matrices = [
        la.response_matrix(model, la.sampling.posterior(model, x, 12, generator=seeded()), generator=seeded()).matrix
        for model in (wrapped, pair)
    ]
    assert_close(*matrices, atol=1e-5, rtol=1e-5)
    assert matrices[0].max() > 1e-4


def test_scaled_latents_are_those_of_the_pipelines(x):
    """Stable Diffusion 3: z = (native − shift) · factor; decode(z / factor + shift)."""
    net = kl(scaling_factor=0.25, shift_factor=0.5)
    wrapped, q = from_diffusers(net, x_shape=SIZE, space="scaled"), net.encode(2 * x - 1).latent_dist
    assert_close(wrapped.encode(x).mean, (q.mean - 0.5) * 0.25)
    assert_close(wrapped.encode(x).std, q.std * 0.25)
    z = torch.randn(3, *wrapped.latent_shape, generator=seeded())
    assert_close(wrapped.decode(z), net.decode(z / 0.25 + 0.5).sample / 2 + 0.5)
    assert "(z − 0.5) · 0.25" in wrapped.space


def test_means_and_spreads_per_channel_are_honoured(x):
    """Stable Diffusion XL's pipelines: decode(z · latents_std / factor + latents_mean)."""
    net = kl(**PER_CHANNEL)
    wrapped = from_diffusers(net, x_shape=SIZE, space="scaled")
    mean, std = (torch.tensor(PER_CHANNEL[key]).view(1, 2, 1, 1) for key in ("latents_mean", "latents_std"))
    z = torch.randn(3, *wrapped.latent_shape, generator=seeded())
    assert_close(wrapped.decode(z), net.decode(z * std / 0.5 + mean).sample / 2 + 0.5)
    native, scaled = from_diffusers(net, x_shape=SIZE).encode(x), wrapped.encode(x)
    assert_close(scaled.mean * std / 0.5 + mean, native.mean)
    assert_close(scaled.std / native.std, (0.5 / std).expand_as(native.std))
    assert "not applied" in from_diffusers(net, x_shape=SIZE).space and "per channel" in wrapped.space


def test_the_normalized_response_matrix_does_not_depend_on_the_space(x):
    matrices = {}
    for space in ("native", "scaled"):
        wrapped = from_diffusers(kl(**PER_CHANNEL), x_shape=SIZE, space=space)
        z = la.sampling.posterior(wrapped, x, 16, generator=seeded())
        matrices[space] = la.response_matrix(wrapped, z, generator=seeded())
    assert_close(matrices["scaled"].normalized, matrices["native"].normalized, rtol=1e-3, atol=1e-6)
    slope = torch.tensor([0.5 / 2, 0.5 / 3], dtype=torch.float64)
    assert_close(matrices["scaled"].matrix, matrices["native"].matrix * slope, rtol=1e-3, atol=1e-6)


def test_unit_latents_are_those_that_tiny_stores(x):
    net = tiny()
    wrapped, raw = from_diffusers(net, x_shape=SIZE, space="unit"), net.encode(2 * x - 1).latents
    assert_close(wrapped.encode(x).mean, net.scale_latents(raw))
    z = torch.rand(2, *wrapped.latent_shape, generator=seeded())
    assert_close(wrapped.decode(z), net.decode(net.unscale_latents(z)).sample / 2 + 0.5)
    with torch.no_grad():
        net.encoder.layers[-1].bias.fill_(100.0)
    assert (wrapped.encode(x).mean == 1).all()


def test_decoding_of_codes_is_quantised(x):
    net, wrapped = MODELS["VQModel"], from_diffusers(MODELS["VQModel"], x_shape=SIZE)
    z = wrapped.encode(x).mean
    book = net.quantize.embedding.weight
    nearest = (z.movedim(1, -1)[..., None, :] - book).square().sum(-1).argmin(-1)
    assert len(nearest.unique()) > 1
    assert_close(wrapped.decode(z), wrapped.decode(book[nearest].movedim(-1, 1)), atol=1e-5, rtol=1e-5)
    assert "nearest of 16 code vectors" in wrapped.space
    assert torch.equal(wrapped.quantise(z), nearest.flatten(1)) and torch.equal(wrapped.codebook, book)


def test_only_quantised_models_have_a_codebook(x):
    assert [name for name in MODELS if isinstance(from_diffusers(MODELS[name], x_shape=SIZE), HasCodebook)] == [
        "VQModel"
    ]
    native, scaled = (from_diffusers(MODELS["VQModel"], x_shape=SIZE, space=space) for space in ("native", "scaled"))
    assert torch.equal(native.quantise(native.encode(x).mean), scaled.quantise(scaled.encode(x).mean))


def test_the_range_of_the_model_is_applied_inside(x):
    net = MODELS["AutoencoderKL"]
    for low, high in ((-1, 1), (0, 1), (0, 255), (-2, 3)):
        wrapped = from_diffusers(net, x_shape=SIZE, value_range=(low, high))
        inner = low + (high - low) * x
        assert_close(wrapped.encode(x).mean, net.encode(inner).latent_dist.mean)
        z = wrapped.encode(x).mean
        assert_close(low + (high - low) * wrapped.decode(z), net.decode(z).sample, atol=1e-4, rtol=1e-4)


def test_sizes_priors_and_words():
    wrapped = from_diffusers(kl(sample_size=32), prior="normal")
    assert (wrapped.x_shape, wrapped.latent_shape) == ((3, 32, 32), (2, 16, 16))
    assert wrapped.prior == la.StandardNormal((2, 16, 16))
    assert "std about 5.49 by the config; scaling_factor 0.18215 not applied" in wrapped.space
    wide = from_diffusers(kl(sample_size=[16, 48]))
    assert wide.encode(torch.zeros(1, 3, 16, 48)).mean.shape == (1, 2, 8, 24)
    assert "scaled ones are the same" in from_diffusers(tiny(), x_shape=SIZE).space


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (dict(x_shape=(3, 15, 16)), r"divide pictures by 2.*\(3, 14, 16\)"),
        (dict(x_shape=(1, 16, 16)), "takes 3 channels, but x_shape has 1"),
        (dict(x_shape=(16, 16, 3)), "channels last"),
        (dict(x_shape=(2, 3, 16, 16)), "without the batch"),
        (dict(x_shape=16), "channels, height, width"),
        (dict(space="latent"), "space must be"),
        (dict(space="unit"), "AutoencoderTiny's"),
        (dict(prior="gauss"), "prior must be"),
        (dict(value_range=(1, -1)), "low below high"),
        (dict(value_range=(0, float("inf"))), "finite"),
        (dict(value_range=255), r"such as \(-1, 1\)"),
    ],
)
def test_arguments_that_are_refused(options, match):
    with pytest.raises(la.InputError, match=match):
        from_diffusers(MODELS["AutoencoderKL"], **{"x_shape": SIZE, **options})


@pytest.mark.parametrize(
    ("shape", "match"),
    [
        ((2, 16, 16, 3), r"channels last.*permute\(0, 3, 1, 2\)"),
        ((2, 1, 16, 16), r"takes 3 channels.*repeat_interleave\(3, 1\)"),
        ((2, 4, 16, 16), "takes 3 channels, but the batch has 4"),
        ((2, 3, 32, 32), r"made for pictures \(3, 16, 16\).*x_shape=\(3, 32, 32\)"),
        ((3, 16, 16), "expected a batch"),
    ],
)
def test_pictures_that_are_refused(shape, match):
    with pytest.raises(la.InputError, match=match):
        from_diffusers(MODELS["AutoencoderKL"], x_shape=SIZE).encode(torch.zeros(shape))


def test_latents_of_another_shape_are_refused():
    with pytest.raises(la.InputError, match=r"\(n, 2, 8, 8\), got \(1, 2, 4, 4\)"):
        from_diffusers(MODELS["AutoencoderKL"], x_shape=SIZE).decode(torch.zeros(1, 2, 4, 4))


def test_tiny_and_dc_do_not_know_their_size():
    for name in ("AutoencoderTiny", "AutoencoderDC"):
        with pytest.raises(la.InputError, match=r"x_shape=\(3, 64, 64\)"):
            from_diffusers(MODELS[name])


def on_meta():
    with torch.device("meta"):
        return diffusers().AutoencoderKL(**CONV)


def tiled():
    model = kl()
    model.enable_tiling()
    return model


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (on_meta, "meta device"),
        (lambda: kl().half(), r"float16 weights on the CPU.*model\.float\(\)"),
        (lambda: kl().bfloat16(), r"bfloat16 weights on the CPU.*model\.float\(\)"),
        (tiled, r"disable_tiling\(\)"),
        (lambda: kl(out_channels=1), "turns 3 channels into 1"),
        (lambda: kl(scaling_factor=0.0), "scaling_factor"),
        (lambda: kl(latents_mean=(0.0, 0.0, 0.0)), "latents_mean must be 2"),
        (lambda: kl(latents_std=(0.0, 1.0)), "latents_std must be positive"),
        (lambda: torch.nn.Linear(2, 2), r"Linear is none of diffusers'.*from_torch"),
        (lambda: built(diffusers().AsymmetricAutoencoderKL), "AsymmetricAutoencoderKL is none"),
    ],
)
def test_models_that_are_refused(make, match):
    with pytest.raises(la.ContractError, match=match):
        from_diffusers(make(), x_shape=SIZE, space="scaled")


def test_answers_as_tuples_are_refused_with_the_fix(x):
    class Plain(diffusers().AutoencoderKL):
        def encode(self, x):
            return super().encode(x, return_dict=False)

        def decode(self, z):
            return super().decode(z, return_dict=False)

    wrapped = from_diffusers(built(Plain, **CONV), x_shape=SIZE)
    with pytest.raises(la.ContractError, match=r"encode returned a tuple.*return_dict=True"):
        wrapped.encode(x)
    with pytest.raises(la.ContractError, match=r"decode returned a tuple.*return_dict=True"):
        wrapped.decode(torch.zeros(1, *wrapped.latent_shape))


def test_a_model_that_is_not_what_its_config_says(x):
    net = kl()
    net.quant_conv = torch.nn.Conv2d(4, 6, 1)
    with pytest.raises(la.ContractError, match=r"has latents \(2, 8, 8\).*returned \(3, 8, 8\)"):
        from_diffusers(net, x_shape=SIZE).encode(x)


@pytest.fixture
def folder(tmp_path):
    MODELS["AutoencoderKL"].save_pretrained(tmp_path / "vae")
    return tmp_path / "vae"


@pytest.mark.parametrize("name", MODELS)
def test_folders_load_as_they_were_saved(name, tmp_path, x):
    MODELS[name].save_pretrained(tmp_path)
    before = torch.get_rng_state()
    wrapped, original = from_diffusers(str(tmp_path), x_shape=SIZE), from_diffusers(MODELS[name], x_shape=SIZE)
    assert torch.equal(before, torch.get_rng_state()) and torch.get_default_dtype() == torch.float32
    assert_close(wrapped.encode(x).mean, original.encode(x).mean)


@pytest.mark.parametrize("size", ["1GB", "5KB"])
def test_half_precision_and_parts_load_as_float32(size, tmp_path):
    kl().half().save_pretrained(tmp_path, variant="fp16", max_shard_size=size)
    weights = dict(load_folder(tmp_path, CLASSES).named_parameters())
    assert {value.dtype for value in weights.values()} == {torch.float32}
    assert all(torch.equal(value, weights[name]) for name, value in kl().half().float().named_parameters())


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    "name",
    [
        "diffusion_pytorch_model.bin",
        "diffusion_pytorch_model.safetensors",
        "diffusion_pytorch_model.fp16.safetensors",
        "model.ckpt",
        "part.bin",
        "part.safetensors",
    ],
)
def test_a_hostile_pickle_never_runs(name, folder, tmp_path):
    canary = tmp_path / "canary"
    (folder / "diffusion_pytorch_model.safetensors").unlink()
    (folder / name).write_bytes(pickle.dumps(Hostile(canary)))
    if name.startswith("part"):
        index = {"metadata": {}, "weight_map": {"quant_conv.bias": name}}
        (folder / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(FileError, match=r"never loaded|must be safetensors"):
        from_diffusers(folder)
    with pytest.raises(FileError, match="never loaded"):
        from_diffusers(folder / name)
    assert not canary.exists()
    pickle.loads((folder / name).read_bytes())
    assert canary.exists(), "the canary itself must work"


@pytest.mark.parametrize("name", ["../outside.safetensors", "/outside.safetensors", "a\\b.safetensors", "weights.pt"])
def test_parts_must_lie_in_the_folder(name, folder, tmp_path):
    save_file(load_file(folder / "diffusion_pytorch_model.safetensors"), tmp_path / "outside.safetensors")
    index = {"metadata": {}, "weight_map": {"quant_conv.bias": name}}
    (folder / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(FileError, match="in the same folder"):
        from_diffusers(folder)


def edit(change):
    def damage(folder):
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    return damage


def weights(change):
    def damage(folder):
        path = folder / "diffusion_pytorch_model.safetensors"
        change(path)

    return damage


def without_one(path):
    tensors = load_file(path)
    del tensors["quant_conv.bias"]
    save_file(tensors, path)


def with_one_more(path):
    save_file({**load_file(path), "loss.bias": torch.zeros(1)}, path)


def index_of(text):
    return lambda folder: (folder / "diffusion_pytorch_model.safetensors.index.json").write_text(text)


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (lambda f: (f / "config.json").unlink(), "holds no config.json"),
        (lambda f: f.rename(f.parent / "elsewhere"), "does not exist.*hf download"),
        (lambda f: (f / "config.json").write_text("{"), "cannot be read"),
        (lambda f: (f / "config.json").write_text("[]"), "no JSON object"),
        (edit({"_class_name": "os.system"}), "names the class 'os.system'.*AutoencoderKL"),
        (edit({"_class_name": ["AutoencoderKL"]}), "names the class"),
        (edit({"quantization_config": {"quant_method": "bitsandbytes"}}), "quantised weights"),
        (edit({"block_out_channels": [8, 32]}), "does not load"),
        (edit({"layers_per_block": 2}), "lacks .* weights"),
        (weights(lambda p: p.unlink()), "holds no diffusion_pytorch_model.safetensors"),
        (weights(lambda p: p.write_bytes(p.read_bytes()[:-9])), "no whole safetensors"),
        (weights(lambda p: p.write_bytes(b"")), "is empty"),
        (weights(lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\n")), "git lfs pull"),
        (weights(without_one), "lacks 1 weights, e.g. 'quant_conv.bias'"),
        (weights(with_one_more), "beyond its config, 1 weights"),
        (index_of("{}"), "holds no weight_map"),
        (index_of('{"metadata": {}, "weight_map": {"a": "gone.safetensors"}}'), "'gone.safetensors', which is missing"),
    ],
)
def test_folders_that_are_refused(damage, match, folder):
    damage(folder)
    with pytest.raises(FileError, match=match):
        from_diffusers(folder)


def test_a_whole_pipeline_is_asked_for_its_part(folder):
    with pytest.raises(FileError, match=re.escape("Give one of its parts: vae.")):
        from_diffusers(folder.parent)


def test_the_page_works_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "guides" / "diffusers.md").read_text("utf-8")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "diffusers.md", "exec"), names)
    assert names["m"].matrix.shape == (4, 4)


def test_a_real_model_reconstructs_photographs(shared_data):
    """TAEF2 on the middle of four photographs: 29 to 32 dB of the peak, each of them."""
    path = shared_data / "taef2" / "weights.safetensors"
    if not path.is_file():
        pytest.skip(f"no pretrained model at hand: {path} does not exist")
    skimage_data = pytest.importorskip("skimage.data")
    pictures = [getattr(skimage_data, name)() for name in ("astronaut", "coffee", "chelsea", "immunohistochemistry")]
    x = torch.stack([middle(torch.from_numpy(picture), 192) for picture in pictures])
    net = taef2.load(path)
    model = la.from_torch(net.encoder, net.decoder, latent_shape=(32, 24, 24))
    back = la.sampling.decode(model, la.sampling.encode(model, x).mean)
    quality = -10 * (back.clamp(0, 1) - x).square().mean((1, 2, 3)).log10()
    assert ((quality >= 29) & (quality <= 32)).all(), quality
    la.check_autoencoder(
        la.from_torch(net.encoder, net.decoder, latent_shape=(32, 8, 8)), x[:2, :, 64:128, 64:128].contiguous()
    )


def middle(picture, size):
    top, left = ((length - size) // 2 for length in picture.shape[:2])
    return picture[top : top + size, left : left + size].movedim(-1, 0) / 255
