"""A stranger adds a metric: one new file in a copy of the package, or a function of their own in a call."""

import pytest

from conftest import ROOT
from tests.strangers import Case, expect, try_in_a_copy

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


TRY_LAWS = """
import sys
import pytest

words = ["-q", "-rpf", "-p", "no:cacheprovider", "--assert=plain", "-k", "best_line or worst_line", sys.argv[1]]
sys.exit(pytest.main(words))
"""
ASK = "import numpy as np, latentassay as la\nx = np.indices((6, 5)).reshape(2, -1).T\n"
REFUSED = f"{ASK}try:\n    la.score(x + 0.0, x)\nexcept la.LatentAssayError as error:\n    print(error)"
COMMAND = f"""{ASK}
import sys
from latentassay.cli import main

np.savez("codes.npz", codes=x + 0.0, factors=x)
sys.argv = ["latentassay", "score", "codes.npz"]
main()
"""


FOLDER = "src/latentassay/metrics/disentanglement"


def added(old="", new=""):
    """The file, with something changed."""
    assert old in MINE
    return {f"{FOLDER}/best_line.py": MINE.replace(old, new) if old else MINE}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder, laws = tmp_path_factory.mktemp("stranger"), str(ROOT / "tests" / "laws" / "test_laws.py")
    false = MINE.replace("best_line", "worst_line").replace("Best line", "Worst line")
    false = false.replace("renamed=ORDER_COUNTS,", "").replace("perfect=Near(1,", "perfect=Near(0.5,")
    cases = {
        "use": Case(USE, added(), [str(folder)]),
        "name": Case(REFUSED, added('label="Best line"', 'label="B", name="completeness"')),
        "number": Case(REFUSED, added("float(np.", "str(np.")),
        "command": Case(COMMAND, added("def best_line", "def mig")),
        "bug": Case(f"{ASK}la.score(x + 0.0, x)", added("return float(", "return len(")),
        "laws": Case(TRY_LAWS, added() | {f"{FOLDER}/worst_line.py": false}, [laws]),
    }
    return try_in_a_copy(folder, cases)


def test_one_file_makes_a_metric_in_library_command_line_and_report(outcomes):
    said = expect(outcomes["use"])
    assert said.count("largest R² of a line through one unit") == 3 and "a stranger, 2026" in said
    page = (outcomes["use"].folder / "report.html").read_text("utf-8")
    assert "Best line" in page and "largest R² of a line through one unit (a stranger, 2026)" not in page
    assert "largest R² of a line through one unit" in page


def tried(outcomes, result):
    """Names of the tests of laws that ended so."""
    said = expect(outcomes["laws"], code=1)
    return [line.partition("::")[2] for line in said.splitlines() if line.startswith(f"{result} ")]


def test_its_laws_are_tried(outcomes):
    # laws that hold, the one that is broken, a perfect code, noise, growing noise
    assert len([name for name in tried(outcomes, "PASSED") if "best_line" in name]) == 5
    assert not [name for name in tried(outcomes, "FAILED") if "best_line" in name]


def test_laws_that_do_not_hold_fail(outcomes):
    failed = tried(outcomes, "FAILED")
    assert len(failed) == 2 and "worst_line if renamed" in expect(outcomes["laws"], code=1), failed


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("name", ("best_line.py: calls a metric 'comp", "dci.py")),
        ("number", ("metric 'best_line' (", "best_line.py) must return a number", "got str")),
    ],
)
def test_a_name_that_exists_and_a_result_that_is_no_number_are_refused_by_file(outcomes, case, words):
    said = expect(outcomes[case])
    assert all(word in said for word in words), said


def test_the_command_line_says_so_in_one_line(outcomes):
    said = expect(outcomes["command"], code=3)
    assert said.startswith("error: ") and "best_line.py: calls a metric 'mig'" in said and "Traceback" not in said


def test_a_bug_in_a_strangers_metric_surfaces_as_itself(outcomes):
    said = expect(outcomes["bug"], code=1)
    assert "TypeError: object of type 'numpy.float64' has no len()" in said
