"""Which adapters there are: files of the folder without importing frameworks, and entry points of packages outside."""

import importlib
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import latentassay as la
from latentassay.adapters import _folder, all_adapters
from latentassay.adapters._adapter import Adapter
from latentassay.adapters._folder import inside, named, names, outside_names
from latentassay.cli.model_spec import model_forms, open_model

ADAPTER = """
from pathlib import Path

from {framework} import Net
from latentassay.adapters import Adapter
from latentassay.adapters.torch import from_torch

def from_mine(net, *, prior=None):
    model = from_torch(net.down, net.up, latent_shape=(3,), prior=prior)
    model.adapter, model.space = "mine Net", "native latents (of mine)"
    return model

def open_mine(file, *, trust, **options):
    return from_mine(Net(float(Path(file).read_text())), **options)

ADAPTER = Adapter(
    name="{name}", packages=({package!r},), wraps=from_mine, opens=open_mine, form="FILE", holds="a number"
)
OTHER = 3
"""
NET = """
import torch

class Net:
    def __init__(self, scale):
        self.scale = scale

    def down(self, x):
        return x[:, :3] * self.scale

    def up(self, z):
        return torch.cat([z, z], 1) / self.scale
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a distribution: a framework, and an adapter under an entry point; modules go when the test ends."""
    known = set(sys.modules)

    def install(name="mine", *, package=None, called=None, value="ADAPTER", code=None, number=1):
        framework, module = f"framework_{number}", f"adapter_{number}"
        (tmp_path / f"{framework}.py").write_text(NET)
        text = ADAPTER.format(framework=framework, name=called or name, package=package or framework)
        (tmp_path / f"{module}.py").write_text(text if code is None else code)
        info = tmp_path / f"{name}_adapter_{number}-1.{number}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-adapter-{number}\nVersion: 1.{number}\n")
        (info / "entry_points.txt").write_text(f"[latentassay.adapters]\n{name} = {module}:{value}\n")
        importlib.invalidate_caches()
        return importlib.import_module(framework).Net(2.0)

    monkeypatch.syspath_prepend(tmp_path)
    yield install
    for module in set(sys.modules) - known:
        if module.startswith(("framework_", "adapter_")):
            del sys.modules[module]


def test_listing_imports_neither_torch_nor_a_framework():
    code = (
        "import sys; from latentassay.cli.model_spec import model_forms; print(model_forms());"
        "print({'torch', 'numpy', 'sklearn', 'diffusers', 'onnx', 'monai', 'pythae', 'scvi'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "set()", done.stderr
    for form in (
        "pythae:FOLDER",
        "monai:FOLDER",
        "scvi:FOLDER",
        "sklearn:MODEL.skops",
        "onnx:ENCODER.onnx,DECODER.onnx",
    ):
        assert f"{form}: " in done.stdout


def test_the_folder_holds_those_of_the_house():
    assert set(names()) >= {"diffusers", "monai", "onnx", "pythae", "scvi", "sklearn", "torch"}
    assert [known.adapter.name for known in inside()] == names()
    assert named("sklearn").wraps is la.from_sklearn and named("nothing") is None
    with pytest.raises(AttributeError, match="no attribute 'from_nothing'"):
        la.from_nothing
    assert set(names()) <= {adapter.name for adapter in all_adapters()}


def test_an_adapter_outside_is_found_in_the_library_and_on_the_command_line(installed, tmp_path):
    net = installed()
    assert outside_names() == ["mine"] and "adapter_1" not in sys.modules
    assert "mine:…: of an installed package." in model_forms() and "adapter_1" not in sys.modules
    assert la.wrap(net).adapter == "mine Net" and la.wrap(net, prior="normal").prior is not None
    assert la.from_mine(net).latent_shape == (3,)
    assert {adapter.name for adapter in all_adapters()} == {*names(), "mine"}
    (tmp_path / "net.txt").write_text("2.0")
    opened = open_model(f"mine:{tmp_path / 'net.txt'}", {"prior": "normal"})
    assert opened.notes == "mine Net in native latents (of mine)" and opened.name == "net: mine Net, native latents"
    with pytest.raises(la.InputError, match="unexpected keyword argument 'prier'; its options are prior"):
        la.wrap(net, prier="normal")
    del la.__dict__["from_mine"]


def test_a_class_that_derives_from_a_known_one_is_taken_by_its_own_adapter_first(installed):
    net = installed()
    sklearn = pytest.importorskip("sklearn.decomposition")

    class Both(type(net), sklearn.PCA):
        pass

    Both.__module__ = type(net).__module__
    assert la.wrap(Both(2.0)).adapter == "mine Net"


BROKEN = [
    ({"code": "1 / 0"}, r"mine-adapter-1 1\.1 brings an adapter 'mine' that cannot be imported \(ZeroDivisionError"),
    ({"value": "NOTHING"}, r"mine-adapter-1 1\.1 brings an adapter 'mine' that cannot be imported \(AttributeError"),
    ({"value": "OTHER"}, r"mine-adapter-1 1\.1 brings 'mine', which is a int"),
    ({"called": "yours"}, r"mine-adapter-1 1\.1 calls an adapter 'yours', but its entry point 'mine'"),
    ({"package": "sklearn"}, r"mine-adapter-1 1\.1 claims the classes of sklearn, which .*sklearn\.py has claimed"),
]


@pytest.mark.parametrize(("options", "match"), BROKEN)
def test_an_adapter_outside_that_cannot_be_used_names_its_distribution(installed, options, match):
    net = installed(**options)
    del type(net).down  # so that nothing else takes it
    for use in (lambda: la.from_mine, lambda: open_model("mine:net.txt"), all_adapters):
        with pytest.raises(la.InputError, match=match):
            use()
    with pytest.raises(la.InputError, match=match):
        la.wrap(net)
    line = CliRunner().invoke(importlib.import_module("latentassay.cli.app").app, ["assay", "mine:net.txt"])
    assert line.exit_code == 2 and re.search(match, " ".join(line.output.split())), line.output


def test_a_broken_adapter_outside_does_not_take_others_with_it(installed):
    installed(code="1 / 0", name="broken")
    net = installed(number=2)
    pair = (net.down, net.up)
    assert named("torch") is not None and la.from_torch(*pair, latent_shape=(3,))
    with pytest.warns(UserWarning, match=r"broken-adapter-1 1\.1 brings.*passed over"):
        assert la.wrap(net).adapter == "mine Net"
    with pytest.warns(UserWarning, match=r"broken-adapter-1 1\.1 brings.*passed over"):
        assert la.wrap(pair, latent_shape=(3,)).adapter == "torch pair"


def test_words_and_classes_that_two_outside_claim(installed):
    net = installed()
    installed(number=2, package="framework_1", name="yours")
    with pytest.warns(
        UserWarning, match=r"yours-adapter-2 1\.2 claims the classes of framework_1, which mine-adapter-1"
    ):
        assert la.wrap(net).adapter == "mine Net"
    installed(number=3)
    with pytest.raises(
        la.InputError, match=r"mine-adapter-3 1\.3 claims the word 'mine', which mine-adapter-1 1\.1 has"
    ):
        open_model("mine:net.txt")


def test_a_word_of_the_house_stays_its_own(installed):
    installed(name="sklearn")
    assert named("sklearn").wraps is la.from_sklearn
    with pytest.raises(
        la.InputError, match=r"sklearn-adapter-1 1\.1 claims the word 'sklearn', which .*sklearn\.py has"
    ):
        all_adapters()


def test_two_that_take_one_model(monkeypatch):
    takes = Adapter(name="zzz", wraps=len, takes=lambda model: (model,))
    twice = (*inside(), _folder.Known(takes, "a"), _folder.Known(takes, "b"))
    monkeypatch.setattr("latentassay.adapters._wrap.inside", lambda: twice)
    with pytest.raises(la.InputError, match="a and b both take this int"):
        la.wrap(3)


@pytest.mark.parametrize("latent_shape", [None, (3,)])
def test_a_bug_inside_an_adapter_surfaces_as_itself(installed, latent_shape):
    """It is neither an option that the user got wrong nor a bad model."""
    net = installed(
        code=ADAPTER.format(framework="framework_1", name="mine", package="framework_1").replace(
            "model = from_torch", "model = len(3)\n    model = from_torch"
        )
    )
    for use in (lambda: la.wrap(net), lambda: la.from_mine(net)):
        with pytest.raises(TypeError, match="object of type 'int' has no len") as caught:
            use()
        assert not isinstance(caught.value, la.LatentAssayError)
    del la.__dict__["from_mine"]
