"""The contract of every adapter in the folder: what it says of itself, what it does to models, what it refuses."""

import pickle
from pathlib import Path

import pytest
import torch

import latentassay as la
from latentassay.adapters._folder import inside, names
from latentassay.cli.model_spec import model_forms

ADAPTERS = [pytest.param(known.adapter, id=known.adapter.name) for known in inside()]
OPENERS = [pytest.param(known.adapter, id=known.adapter.name) for known in inside() if known.adapter.opens]
FILES = (
    "config.json",
    "model_config.json",
    "model_index.json",
    "model.safetensors",
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.bin",
    "model.pt",
    "adata.h5ad",
    "model.skops",
    "model.pkl",
    "model.joblib",
    "model.onnx",
)
"""Names under which one of the frameworks keeps something."""


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_it_is_found_by_its_name(adapter):
    assert adapter.name in names() and f"from_{adapter.name}" in la.__all__
    assert getattr(la, f"from_{adapter.name}") is adapter.wraps
    assert adapter.wraps.__doc__ and "Raises:" in adapter.wraps.__doc__


@pytest.mark.parametrize("adapter", OPENERS)
def test_the_command_line_lists_what_it_opens(adapter):
    assert adapter.holds and f"{adapter.name}:{adapter.form}: {adapter.holds}." in model_forms()


@pytest.mark.filterwarnings("ignore")  # frameworks warn of themselves
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_its_example_keeps_the_contract_and_can_be_questioned(adapter):
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            example = adapter.example()
    except ImportError as error:
        pytest.skip(f"{error.name} is not installed")
    model = la.wrap(example.model, **example.options)
    la.check_autoencoder(model, example.x[:4])
    assert isinstance(model, la.Autoencoder) and " " in model.adapter and "latents" in model.space
    z = la.sampling.posterior(model, example.x, 8, generator=torch.Generator().manual_seed(0))
    m = la.response_matrix(model, z, generator=torch.Generator().manual_seed(0))
    assert torch.isfinite(m.matrix).all() and m.matrix.max() > 0
    with pytest.raises(la.InputError, match="unexpected keyword argument 'no_such_option'; its options are"):
        la.wrap(example.model, **example.options, no_such_option=1)


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.mkdir, (self.path,)


@pytest.mark.parametrize("adapter", OPENERS)
def test_hostile_files_are_refused_and_never_run(adapter, tmp_path):
    canary, folder = tmp_path / "canary", tmp_path / "model"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_bytes(pickle.dumps(Canary(canary)))
    pairs = [f"{folder / name},{folder / name}" for name in FILES]
    for words in (folder, *(folder / name for name in FILES), *pairs):
        with pytest.raises(la.LatentAssayError):
            adapter.opens(str(words), trust=False)
    assert not canary.exists()
    pickle.loads((folder / "model.pt").read_bytes())
    assert canary.exists(), "the canary itself must work"


@pytest.mark.parametrize("adapter", OPENERS)
@pytest.mark.parametrize("words", ["", "nowhere", "nowhere.onnx,nowhere.onnx", "."])
def test_what_is_not_there_is_refused(adapter, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(la.LatentAssayError):
        adapter.opens(words, trust=False)
