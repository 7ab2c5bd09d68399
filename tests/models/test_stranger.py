"""A stranger adds a model: one new file in ``models/`` of a copy of the package, and nothing else."""

import re

import pytest

from conftest import ROOT
from tests.strangers import Case, expect, try_in_a_copy

MINE = '''
"""A linear autoencoder of my own."""

from torch import nn

from latentassay.models.family import Family, Recipe
from latentassay.nn.coders import Coders
from latentassay.nn.heads import DIAGONAL


def linear_coders(x_shape, latents, width, *, bias=True):
    values = x_shape[0] * x_shape[1] * x_shape[2]
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(values, width, bias=bias))
    return Coders(encoder, nn.Sequential(nn.Linear(latents, values, bias=bias), nn.Unflatten(1, x_shape)))


RECIPE = Recipe(
    head=DIAGONAL,
    coders=linear_coders,
    about="one linear layer",
    objective={"name": "beta-vae", "beta": 0.5},
    latents=3,
    options=("bias",),
)
FAMILY = Family(origin="a stranger", models={"mine": RECIPE})
'''

USE = """
import sys

import pytest

import latentassay as la
from latentassay.cli import main

copy, contract_tests = sys.argv[1:]
assert la.__file__.startswith(copy), la.__file__
assert la.models.NAMES[-1] == "mine"
assert la.models.build("mine", x_shape=(1, 8, 8), bias=False).latent_shape == (3,)
assert la.objectives.published("mine") == la.objectives.BetaVAE(0.5)
for words in (
    ["models"],
    ["train", "--model", "mine", "--data", "digits", "--steps", "20", "--out", "run"],
    ["assay", "run", "--report", "report.html", "--samples", "64"],
):
    sys.argv = ["latentassay", *words]
    try:
        main()
    except SystemExit as done:
        assert not done.code, (words, done.code)
assert pytest.main(["-q", "-p", "no:cacheprovider", "--assert=plain", "-k", "[mine or -mine]", contract_tests]) == 0
"""


LIST = """
import sys
from latentassay.cli import main

sys.argv = ["latentassay", "models"]
main()
"""
FOLDER = "src/latentassay/models"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder, mine = tmp_path_factory.mktemp("stranger"), {f"{FOLDER}/mine.py": MINE}
    twin = MINE.replace('"mine": RECIPE', '"ae-mlp": RECIPE')
    contract_tests = str(ROOT / "tests" / "models" / "test_factory.py")
    cases = {
        "twin": Case(LIST, mine | {f"{FOLDER}/twin.py": twin}),
        "use": Case(USE, mine, [str(folder), contract_tests]),
    }
    return try_in_a_copy(folder, cases)


def test_it_is_built_listed_trained_assayed_and_goes_through_the_contract_tests(outcomes):
    said, home = expect(outcomes["use"]), outcomes["use"].folder
    listed = next(line for line in said.splitlines() if line.startswith("mine "))
    assert "one linear layer" in listed and listed.split()[-4:-2] == ["diagonal", "3"] and "beta-vae" in listed
    assert "a stranger" in said and "step 20" in said
    assert "mine" in (home / "run" / "manifest.json").read_text("utf-8")
    assert (home / "report.html").stat().st_size > 10_000
    assert re.search(r"\n1\d passed", said), said  # every test of the table


def test_a_name_that_exists_is_refused_with_the_file(outcomes):
    said = expect(outcomes["twin"], code=3)
    assert "twin.py" in said.replace("\n", "") and "'ae-mlp'" in said and "mlp.py" in said
    assert "Traceback" not in said
