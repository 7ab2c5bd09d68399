"""A stranger adds an adapter: one new file in a copy of the package, or a package outside with an entry point."""

import pytest

from conftest import ROOT
from tests.strangers import Case, expect, try_in_a_copy

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

copy, inside, contract_tests = sys.argv[1:]
assert la.__file__.startswith(copy), la.__file__
assert la.wrap(Net(2.0)).adapter == "made-up Net"
assert la.from_mine(Net(2.0), prior="normal").prior is not None
assert ("from_mine" in la.__all__) is bool(int(inside))
open("net.txt", "w").write("2.0")
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


FILE = "src/latentassay/adapters/mine.py"

WRONG = [
    (('name="mine"', 'name="pythae"'), "mine.py: calls its adapter 'pythae', which is that of pythae.py"),
    (('packages=("framework",)', 'packages=("sklearn",)'), "sklearn.py: claims the classes of sklearn, which"),
    (('packages=("framework",)', 'packages="framework"'), "mine.py: holds no adapter that can be used"),
    (("ADAPTER = Adapter(", "dict("), "mine.py: holds 0 adapters. It needs one"),
]


def installed(home, name, code):
    """A distribution with one module and its entry point, as pip would leave it."""
    (home / f"{name}_adapter.py").write_text(code)
    info = home / f"{name}_adapter-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-adapter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[latentassay.adapters]\n{name} = {name}_adapter:ADAPTER\n")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder, frameworks, outside = (tmp_path_factory.mktemp(name) for name in ("stranger", "frameworks", "outside"))
    (frameworks / "framework.py").write_text(FRAMEWORK)
    installed(outside, "mine", MINE)
    installed(outside, "broken", "import a_framework_that_is_not_there")
    path, tests = [str(frameworks)], str(ROOT / "tests" / "adapters" / "test_contract.py")
    assert all(change[0] in MINE for change, _ in WRONG)
    cases = {str(k): Case(LIST, {FILE: MINE.replace(*change)}, path=path) for k, (change, _) in enumerate(WRONG)}
    cases |= {
        "outside": Case(USE, {}, [str(folder), "0", ""], [*path, str(outside)]),
        "inside": Case(USE, {FILE: MINE}, [str(folder), "1", tests], path),
    }
    return try_in_a_copy(folder, cases)


def expect_assayed(outcome):
    said = expect(outcome)
    assert "model: made-up Net in native latents (of a made-up framework)" in said
    assert "net: made-up Net, native latents" in (outcome.folder / "report.html").read_text("utf-8")
    return said


def test_one_file_in_the_folder(outcomes):
    said = expect_assayed(outcomes["inside"])
    assert "mine:FILE: a number." in " ".join(said.replace("│", "").split())
    assert "8 passed" in said  # every test of the table


def test_a_package_outside_with_an_entry_point(outcomes):
    """Beside one that is broken, which neither the import nor the others notice; what looks through all says so."""
    said = expect_assayed(outcomes["outside"])
    assert "UserWarning: broken-adapter 1.0 brings an adapter 'broken' that cannot be imported" in said
    assert "mine:…: of an installed package." in " ".join(said.replace("│", "").split())


@pytest.mark.parametrize(("number", "words"), [(str(k), words) for k, (_, words) in enumerate(WRONG)])
def test_a_file_that_claims_what_another_has_or_holds_no_adapter_is_named(outcomes, number, words):
    assert words in expect(outcomes[number])
