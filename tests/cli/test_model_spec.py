"""Models named by words: every form, what is said of it, and that code runs only where it is trusted."""

import pickle
import re

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import latentassay as la
from latentassay.adapters import Adapter
from latentassay.cli import app as cli
from latentassay.cli.model_spec import open_model
from latentassay.core.errors import ContractError, FileError, InputError, LatentAssayError

MODELS = """
from pathlib import Path
import torch
import latentassay as la

Path("imported").touch()
calls = []

def good():
    return la.from_torch(lambda x: x.flatten(1)[:, :3], lambda z: torch.cat([z] * 5, 1)[:, :12].reshape(-1, 3, 2, 2),
                         latent_shape=(3,))

def picture():
    opened = good()
    opened.x_shape, opened.adapter, opened.space = (3, 2, 2), "mine", "native latents (no others)"
    return opened

def needy(path):
    return good()

def broken():
    raise RuntimeError("no weights\\nhere")

def teaches():
    raise la.ContractError("a message of ours")

def pair():
    return (lambda x: x, lambda z: z)

number = 3
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a module in it, which is the current one."""
    monkeypatch.chdir(tmp_path)
    name = f"mine_{abs(hash(tmp_path)) % 10**8}"
    (tmp_path / f"{name}.py").write_text(MODELS)
    return name


def test_a_function_is_imported_from_here_only_if_trusted(here, tmp_path):
    with pytest.raises(InputError, match=rf"run only if you trust it: latentassay assay {here}:good --trust"):
        open_model(f"{here}:good")
    assert not (tmp_path / "imported").exists()
    before = list(__import__("sys").path)
    opened = open_model(f"{here}:good", trust=True)
    assert (tmp_path / "imported").exists() and __import__("sys").path == before
    assert opened.model.latent_shape == (3,) and opened.name == f"{here}:good: torch pair, native latents"
    assert open_model(f"{here}:picture", trust=True).notes == "mine in native latents (no others)"


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        ("godo", InputError, "has no function godo; did you mean good"),
        ("zzz", InputError, r"has no function zzz$"),
        ("number", InputError, "has no function number"),
        ("needy", InputError, "needy failed: TypeError: .*'path'"),
        ("broken", InputError, "broken failed: RuntimeError: no weights"),
        ("teaches", ContractError, "^a message of ours$"),
    ],
)
def test_functions_that_fail(here, function, error, words):
    with pytest.raises(error, match=words):
        open_model(f"{here}:{function}", trust=True)


def test_modules_that_fail(here, tmp_path):
    with pytest.raises(InputError, match="there is no module nowhere_at_all in "):
        open_model("nowhere_at_all.models:vae", trust=True)
    (tmp_path / f"{here}_broken.py").write_text("1 / 0")
    with pytest.raises(InputError, match="cannot be imported: ZeroDivisionError"):
        open_model(f"{here}_broken:vae", trust=True)


def test_words_that_no_adapter_has():
    with pytest.raises(InputError, match=r"difusers:vae names code, .*; or did you mean the adapter diffusers:vae\?"):
        open_model("difusers:vae")
    with pytest.raises(InputError, match=r"no adapter 'difusers', and no file or folder difusers:a/b; understood"):
        open_model("difusers:a/b")


def test_a_bug_inside_an_adapter_is_a_bug(monkeypatch):
    """A ``TypeError`` of ours is neither an option that the user got wrong nor a model that breaks its contract."""

    def opens(words, *, trust, size=3):
        return len(size)

    adapter = Adapter(name="mine", wraps=len, opens=opens, form="FILE", holds="nothing")
    monkeypatch.setattr("latentassay.cli.model_spec.named", lambda name: adapter)
    with pytest.raises(TypeError, match="has no len") as caught:
        open_model("mine:x")
    assert not isinstance(caught.value, LatentAssayError)
    done = CliRunner().invoke(cli.app, ["assay", "mine:x"])
    assert done.exit_code == 1 and "unexpected TypeError: object of type 'int' has no len" in " ".join(
        done.output.split()
    )
    with pytest.raises(InputError, match="trust is no option of a model; say --trust"):
        open_model("mine:x", {"trust": True})
    with pytest.raises(InputError, match="mine got an unexpected keyword argument 'name'; its options are trust, size"):
        open_model("mine:x", {"name": 3})
    with pytest.raises(InputError, match="mine got an unexpected keyword argument 'sise'; its options are trust, size"):
        open_model("mine:x", {"sise": 3})


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    diffusers = pytest.importorskip("diffusers")
    folder = tmp_path_factory.mktemp("hub") / "my-vae"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        diffusers.AutoencoderKL(
            block_out_channels=(8, 16),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=4,
            latent_channels=2,
            sample_size=16,
        ).save_pretrained(folder)
    return folder


def test_a_folder_of_diffusers(vae):
    opened = open_model(f"diffusers:{vae}")
    assert opened.model.x_shape == (3, 16, 16)
    assert opened.name == "my-vae: diffusers AutoencoderKL, native latents"
    small = open_model(f"diffusers:{vae}", {"size": 8, "space": "scaled", "prior": "normal"})
    assert small.model.x_shape == (3, 8, 8) and small.model.prior is not None
    assert small.notes == "diffusers AutoencoderKL in scaled latents (z · 0.18215, as a diffusion model sees them)"
    with pytest.raises(InputError, match="from_diffusers got an unexpected keyword argument 'colour'"):
        open_model(f"diffusers:{vae}", {"colour": "rgb"})
    with pytest.raises(InputError, match=f"name it diffusers:{re.escape(str(vae))}"):
        open_model(str(vae))


def test_an_onnx_pair(tmp_path):
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    kinds = {"in": ["n", 3, 4, 4], "out": ["n", 3, 4, 4]}
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in kinds.items()]
    node = onnx.helper.make_node("Identity", ["in"], ["out"])
    graph = onnx.helper.make_graph([node], "same", ends[:1], ends[1:])
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    for name in ("enc.onnx", "dec.onnx"):
        onnx.save(made, tmp_path / name)
    words = f"onnx:{tmp_path / 'enc.onnx'},{tmp_path / 'dec.onnx'}"
    x = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    opened = open_model(words)
    torch.testing.assert_close(opened.model.encode(x).mean, x)
    assert "ONNX" in opened.notes and opened.name.startswith("enc: ")
    signed = open_model(words, {"value_range": "-1,1", "prior": "normal"}).model
    torch.testing.assert_close(signed.encode(x).mean, 2 * x - 1)
    with pytest.raises(InputError, match="from_onnx got an unexpected keyword argument 'space'"):
        open_model(words, {"space": "scaled"})
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((40, 3, 4, 4), np.float32))
    data, report = tmp_path / "x.npy", tmp_path / "report.html"
    done, text = assayed(words, "--data", data, "--report", report, question="spatial.reach")
    assert done.exit_code == 0 and "model: ONNX pair" in text and "of 20 s: 32 rows" in text, text
    assert "Reach of a change" in report.read_text("utf-8")


def test_a_pair_of_callables_needs_the_shape_of_its_latents(here):
    with pytest.raises(InputError, match="latent_shape"):
        open_model(f"{here}:pair", trust=True)
    assert open_model(f"{here}:pair", {"latent_shape": "3,2,2"}, trust=True).model.latent_shape == (3, 2, 2)


def test_a_config_without_a_size_asks_for_one(tmp_path):
    diffusers = pytest.importorskip("diffusers")
    widths = dict(encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8))
    blocks = dict(num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1))
    diffusers.AutoencoderTiny(**widths, **blocks).save_pretrained(tmp_path / "tiny")
    with pytest.raises(InputError, match="say --size 64"):
        open_model(f"diffusers:{tmp_path / 'tiny'}")
    assert open_model(f"diffusers:{tmp_path / 'tiny'}", {"size": 8}).model.latent_shape == (4, 4, 4)


def test_pictures_are_brought_to_the_size_of_the_model(vae, tmp_path):
    for k in range(3):
        Image.new("L", (20 + k, 30), 10).save(tmp_path / f"{k}.png")
    opened = open_model(f"diffusers:{vae}")
    assert opened.load(str(tmp_path), {}).x_shape == (3, 16, 16)
    assert opened.load(str(tmp_path), {"size": 8, "colour": "grey"}).x_shape == (1, 8, 8)
    np.save(tmp_path / "x.npy", np.zeros((2, 3, 5, 5), np.uint8))
    assert opened.load(str(tmp_path / "x.npy"), {}).x_shape == (3, 5, 5)
    grey = opened._replace(model=type("Grey", (), {"x_shape": (1, 4, 4)}))
    assert grey.load(str(tmp_path), {}).x_shape == (1, 4, 4)
    flat = opened._replace(model=type("Flat", (), {"x_shape": (7,)}))
    with pytest.raises(InputError, match="differ in size"):
        flat.load(str(tmp_path), {})
    with pytest.raises(InputError, match="say on which data: --data photos/"):
        opened.load(None, {})


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return type(self.path).mkdir, (self.path,)


@pytest.mark.parametrize(
    "name", ["model.pt", "model.ckpt", "model.safetensors", "hub/diffusion_pytorch_model.bin", "hub/config.json"]
)
def test_a_hostile_checkpoint_never_runs(name, vae, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    canary, path = tmp_path / "canary", tmp_path / name
    path.parent.mkdir(exist_ok=True)
    if not name.endswith("config.json"):
        (path.parent / "config.json").write_text((vae / "config.json").read_text())
    path.write_bytes(pickle.dumps(Canary(canary)))
    for words in (name, f"diffusers:{name}", f"diffusers:{path.parent}"):
        with pytest.raises((FileError, InputError)):
            open_model(words)
    assert not canary.exists()
    pickle.loads(path.read_bytes())
    assert canary.exists(), "the canary itself must work"


def test_a_run_whose_files_are_pickles_never_runs(tmp_path):
    canary = tmp_path / "canary"
    for name in ("manifest.json", "checkpoint.safetensors", "data.json"):
        (tmp_path / name).write_bytes(pickle.dumps(Canary(canary)))
    with pytest.raises(FileError):
        open_model(str(tmp_path))
    assert not canary.exists()


def test_files_that_are_no_models_say_what_to_do(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"junk")
    with pytest.raises(FileError, match=r"is a file, not a model.*package\.module:function with --trust.*onnx:ENCODER"):
        open_model(str(tmp_path / "a.bin"))
    (tmp_path / "a.pt").write_bytes(pickle.dumps({"weights": 1}))
    with pytest.raises(
        FileError, match=r"is a Python pickle, which can run code and is never loaded\. Write a function"
    ):
        open_model(str(tmp_path / "a.pt"))
    (tmp_path / "a.onnx").write_bytes(b"\x08\x07")
    with pytest.raises(InputError, match=r"is half of a pair; name both: onnx:.*a\.onnx,DECODER\.onnx"):
        open_model(str(tmp_path / "a.onnx"))
    with pytest.raises(InputError, match=r"named onnx:ENCODER\.onnx,DECODER\.onnx, got 1 files"):
        open_model("onnx:a.onnx")
    with pytest.raises(FileError, match="does not exist"):
        open_model(str(tmp_path / "none"))


def assayed(*arguments, question="units"):
    few = ["--samples", "32", "--budget", "20s", "--question", question]
    done = CliRunner().invoke(cli.app, ["assay", *map(str, arguments), *few])
    return done, " ".join(done.output.split())


def test_the_command_line_questions_a_folder_of_diffusers(vae, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.save("x.npy", rng.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8))
    done, text = assayed(f"diffusers:{vae}", "--size", 8, "--data", "x.npy", "--save", "a.safetensors")
    assert done.exit_code == 0, text
    assert "model: diffusers AutoencoderKL in native latents (std about 5.49" in text
    assert "data: x, 40 rows of 3×8×8 data: channels last (8×8×3), turned channels first data: uint8, 0 to 255" in text
    assert re.search(r"assayed in \d+ s of 20 s: 32 rows, .* for each unit's responses", text)
    meta = la.Assay.load("a.safetensors").meta
    assert meta.model == "my-vae: diffusers AutoencoderKL, native latents" and meta.data == "x"


def test_the_command_line_questions_a_function(here, tmp_path):
    np.save("x.npy", np.random.default_rng(0).random((40, 3, 2, 2), np.float32))
    done, text = assayed(f"{here}:good", "--data", "x.npy")
    assert done.exit_code == 2 and not (tmp_path / "imported").exists()
    assert f"only if you trust it: latentassay assay {here}:good --trust" in text
    done, text = assayed(f"{here}:good", "--data", "x.npy", "--trust", question="responses")
    assert done.exit_code == 0 and "model: torch pair in native latents" in text, text
    assert re.search(r"known to ± ?\d+ % of its own", text)


def test_the_command_that_would_be_trusted_is_the_one_that_was_typed(here, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["latentassay", "assay", f"{here}:good", "--data", "my photos", "--budget", "60s"])
    with pytest.raises(SystemExit) as stopped:
        cli.app()
    assert stopped.value.code == 2
    expected = f"latentassay assay {here}:good --data 'my photos' --budget 60s --trust"
    assert expected in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("diffusers:nowhere", "--data", "digits"), 3, "nowhere: does not exist"),
        (("onnx:a.onnx", "--data", "digits"), 2, "got 1 files"),
        (("none.pt", "--data", "digits"), 3, "does not exist"),
        (("m:f", "--trust"), 2, "there is no module m"),
        (("runs", "--space", "scaled"), 2, "a run takes no options, got space"),
        (("runs", "--budget", "soon"), 2, "a budget is a time such as 60s, 2m or 90 (seconds), got 'soon'"),
    ],
)
def test_refusals_are_one_line_with_a_code(here, arguments, code, words):
    done = CliRunner().invoke(cli.app, ["assay", *arguments])
    assert done.exit_code == code and done.output.startswith("error:"), done.output
    assert words in " ".join(done.output.split())


def test_a_folder_of_another_program_is_told_by_what_it_holds(tmp_path):
    for name in ("config.json", "pytorch_model.bin", "trainer_state.json", "optimizer.pt", "vocab.txt"):
        (tmp_path / name).write_text("{}")
    held = r"holds manifest\.json; it holds config\.json, optimizer\.pt, pytorch_model\.bin, trainer_state\.json and 1"
    with pytest.raises(FileError, match=held):
        open_model(str(tmp_path))
