"""A stranger adds an adapter: one new file in a copy of the package, or a package outside with an entry point."""

import os
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT

FRAMEWORK = """
import torch

class Net:
    '''Three latents of six values; no base class, no attribute that the door has.'''

    def __init__(self, scale):
        self.scale = scale

    def down(self, x):
        return x[:, :3] * self.scale

    def up(self, z):
        return torch.cat([z, z], 1) / self.scale
"""

MINE = '''
"""Models of a made-up framework, which keeps them as a number in a file."""

from pathlib import Path

import torch
from framework import Net

from latentassay.adapters import Adapter, Example
from latentassay.adapters.torch import from_torch


def from_mine(net, *, prior=None):
    """Bring a ``Net`` behind the door.

    Raises:
        InputError: ``prior`` is none.
    """
    model = from_torch(net.down, net.up, latent_shape=(3,), prior=prior)
    model.adapter, model.space = "made-up Net", "native latents (of a made-up framework)"
    return model


def open_mine(file, *, trust, **options):
    from latentassay import FileError

    try:
        return from_mine(Net(float(Path(file).read_text())), **options)
    except (OSError, ValueError) as error:
        raise FileError(file, "holds no number", "Write one.") from error


ADAPTER = Adapter(
    name="mine",
    packages=("framework",),
    wraps=from_mine,
    opens=open_mine,
    form="FILE",
    holds="a number",
    example=lambda: Example(Net(2.0), {}, torch.rand(6, 6)),
)
'''

USE = """
import sys

import numpy as np
import pytest
from framework import Net

import latentassay as la
from latentassay.cli import main

home, inside, contract_tests = sys.argv[1:]
assert la.__file__.startswith(home) is bool(int(inside)), la.__file__
assert la.wrap(Net(2.0)).adapter == "made-up Net"
assert la.from_mine(Net(2.0), prior="normal").prior is not None
assert ("from_mine" in la.__all__) is bool(int(inside))
np.save("x.npy", np.random.default_rng(0).normal(size=(80, 6)).astype(np.float32))
quick = ["--samples", "32", "--budget", "10s", "--grid", "5"]
for words in (["--help"], ["mine:net.txt", "--data", "x.npy", "--report", "report.html", *quick]):
    sys.argv = ["latentassay", "assay", *words]
    try:
        main()
    except SystemExit as done:
        assert not done.code, (words, done.code)
if int(inside):
    assert pytest.main(["-q", "-p", "no:cacheprovider", "--assert=plain", "-k", "mine", contract_tests]) == 0
"""


LIST = """
import latentassay as la
from latentassay.adapters import all_adapters
from latentassay.cli.model_spec import model_forms

assert "adapters/" in model_forms()  # which --help shows, instead of failing
try:
    all_adapters()
except la.FileError as error:
    print(error)
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / "framework.py").write_text(FRAMEWORK)
    (tmp_path / "net.txt").write_text("2.0")
    return tmp_path


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stranger")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "src"


def run(folder, path, *words, code=0):
    places = os.pathsep.join(map(str, path))
    environment = {**os.environ, "PYTHONPATH": places, "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def expect_assayed(home, said):
    assert "model: made-up Net in native latents (of a made-up framework)" in said
    assert "net: made-up Net, native latents" in (home / "report.html").read_text("utf-8")


def test_one_file_in_the_folder(home, copy):
    mine = copy / "latentassay" / "adapters" / "mine.py"
    mine.write_text(MINE)
    try:
        said = run(home, (copy, home), "-c", USE, copy, 1, ROOT / "tests" / "adapters" / "test_contract.py")
    finally:
        mine.unlink()
    expect_assayed(home, said)
    assert "mine:FILE: a number." in " ".join(said.replace("│", "").split())
    assert "8 passed" in said  # every test of the table


def installed(home, name, code):
    """A distribution with one module and its entry point, as pip would leave it."""
    (home / f"{name}_adapter.py").write_text(code)
    info = home / f"{name}_adapter-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-adapter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[latentassay.adapters]\n{name} = {name}_adapter:ADAPTER\n")


def test_a_package_outside_with_an_entry_point(home):
    """Beside one that is broken, which neither the import nor the others notice; what looks through all says so."""
    installed(home, "mine", MINE)
    installed(home, "broken", "import a_framework_that_is_not_there")
    said = run(home, (ROOT / "src", home), "-c", USE, home, 0, "")
    expect_assayed(home, said)
    assert "UserWarning: broken-adapter 1.0 brings an adapter 'broken' that cannot be imported" in said
    assert "mine:…: of an installed package." in " ".join(said.replace("│", "").split())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('name="mine"', 'name="pythae"'), "mine.py: calls its adapter 'pythae', which is that of pythae.py"),
        (('packages=("framework",)', 'packages=("sklearn",)'), "sklearn.py: claims the classes of sklearn, which"),
        (('packages=("framework",)', 'packages="framework"'), "mine.py: holds no adapter that can be used"),
        (("ADAPTER = Adapter(", "dict("), "mine.py: holds 0 adapters. It needs one"),
    ],
)
def test_a_file_that_claims_what_another_has_or_holds_no_adapter_is_named(home, copy, change, words):
    mine = copy / "latentassay" / "adapters" / "mine.py"
    assert change[0] in MINE
    mine.write_text(MINE.replace(*change))
    try:
        said = run(home, (copy, home), "-c", LIST)
    finally:
        mine.unlink()
    assert words in said
