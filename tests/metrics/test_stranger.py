"""A stranger adds a metric: one new file in a copy of the package, or a function of their own in a call."""

import os
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT

MINE = '''
"""Share of a factor's variance that a line through its best unit explains."""

import numpy as np

from latentassay.metrics.arrays import codes_and_factors
from latentassay.metrics.disentanglement.splits import standardise
from latentassay.metrics.laws import ORDER_COUNTS, Laws, Near
from latentassay.metrics.metric import metric

LAWS = Laws(
    lowest=0,
    highest=1,
    perfect=Near(1, within=1e-9),
    chance=Near(0.005, within=0.005),
    renamed=ORDER_COUNTS,
)


@metric(
    label="Best line",
    formula="largest R² of a line through one unit",
    source="a stranger, 2026",
    needs="factors",
    laws=LAWS,
)
def best_line(codes, factors):
    """Measure ``mean_m max_j r(c_j, f_m)²``."""
    c, f = codes_and_factors(codes, factors)
    r = standardise(f.astype(float)).T @ standardise(c) / len(c)
    return float(np.minimum(np.square(r), 1).max(1).mean())
'''

USE = """
import sys

import numpy as np
import torch

import latentassay as la
from latentassay.cli import main
from latentassay.data import FactorData

assert la.__file__.startswith(sys.argv[1]), la.__file__
factors = np.indices((6, 5, 4, 3)).reshape(4, -1).T
codes = factors + 0.3 * np.random.default_rng(0).normal(size=factors.shape)
assert "best_line" in dir(la.metrics) and list(la.metrics.METRICS)[-1] == "best_line"
value = la.metrics.best_line(codes, factors)
panel = la.score(codes, factors)
assert abs(panel["best_line"].value - value) < 1e-12 and panel.scores[-1].label == "Best line"
names = [score.name for score in la.score(codes, factors, metrics=["best_line", "mig"])]
assert names == ["best_line", "mig"], names

np.savez("codes.npz", codes=codes, factors=factors)
for words in (["codes.npz"], ["codes.npz", "--metric", "best_line"], ["--list"]):
    sys.argv = ["latentassay", "score", *words]
    try:
        main()
    except SystemExit as done:
        assert not done.code, (words, done.code)

data = FactorData(codes.astype(np.float32), factors, ("a", "b", "c", "d"))
model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(4,))
result = la.assay(model, data, questions=["factors"], budget=60.0)
assert 0.5 < result.scores["factors.best_line"].value <= 1
result.to_html("report.html")
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stranger")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def add(copy):
    """Add a file to the copy for one test."""
    added = []

    def write(text, name="best_line"):
        added.append(copy / "src" / "latentassay" / "metrics" / "disentanglement" / f"{name}.py")
        added[-1].write_text(text, "utf-8")

    yield write
    for file in added:
        file.unlink()


def run(home, *words, code=0):
    environment = {**os.environ, "PYTHONPATH": str(home / "src"), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=home, env=environment, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_one_file_makes_a_metric_in_library_command_line_and_report(copy, add):
    add(MINE)
    said = run(copy, "-c", USE, copy)
    assert said.count("largest R² of a line through one unit") == 3 and "a stranger, 2026" in said
    page = (copy / "report.html").read_text("utf-8")
    assert "Best line" in page and "largest R² of a line through one unit (a stranger, 2026)" not in page
    assert "largest R² of a line through one unit" in page


def test_its_laws_are_tried(copy, add):
    add(MINE)
    laws = ROOT / "tests" / "laws" / "test_laws.py"
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "best_line", laws)
    assert "5 passed" in said  # laws that hold, the one that is broken, a perfect code, noise, growing noise


def test_laws_that_do_not_hold_fail(copy, add):
    add(MINE.replace("renamed=ORDER_COUNTS,", "").replace("perfect=Near(1,", "perfect=Near(0.5,"))
    laws = ROOT / "tests" / "laws" / "test_laws.py"
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "best_line", laws, code=1)
    assert "best_line if renamed" in said and "2 failed" in said


ASK = "import numpy as np, latentassay as la\nx = np.indices((6, 5)).reshape(2, -1).T\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('label="Best line"', 'label="B", name="completeness"'), ("best_line.py: calls a metric 'comp", "dci.py")),
        (("float(np.", "str(np."), ("metric 'best_line' (", "best_line.py) must return a number", "got str")),
    ],
)
def test_a_name_that_exists_and_a_result_that_is_no_number_are_refused_by_file(copy, add, change, words):
    assert change[0] in MINE
    add(MINE.replace(*change))
    ask = f"{ASK}try:\n    la.score(x + 0.0, x)\nexcept la.LatentAssayError as error:\n    print(error)"
    said = run(copy, "-c", ask)
    assert all(word in said for word in words), said


def test_the_command_line_says_so_in_one_line(copy, add):
    add(MINE.replace("def best_line", "def mig"))
    run(copy, "-c", ASK + "np.savez('codes.npz', codes=x + 0.0, factors=x)")
    said = run(copy, "-m", "latentassay", "score", "codes.npz", code=3)
    assert said.startswith("error: ") and "best_line.py: calls a metric 'mig'" in said and "Traceback" not in said


def test_a_bug_in_a_strangers_metric_surfaces_as_itself(copy, add):
    add(MINE.replace("return float(", "return len("))
    said = run(copy, "-c", ASK + "la.score(x + 0.0, x)", code=1)
    assert "TypeError: object of type 'numpy.float64' has no len()" in said
