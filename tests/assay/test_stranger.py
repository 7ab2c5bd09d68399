"""A stranger adds a question: one file and one line in a copy of the package, or a question of their own in a call."""

import re
from dataclasses import dataclass

import numpy as np
import pytest
import torch

import latentassay as la
from tests.strangers import Case, copied, expect, try_in_a_copy

MINE = '''
"""How loud are the codes?"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from latentassay import plots
from latentassay.assay.question import Judgement, Question
from latentassay.core.findings import Finding, Picture, Score


@dataclass(frozen=True)
class LoudnessEvidence:
    size: np.ndarray
    labels: tuple[str, ...]


def measure(context):
    return LoudnessEvidence(context.codes.mean.flatten(1).norm(dim=1).double().numpy(), tuple(context.ledger.labels()))


def judge(evidence, context):
    mean = float(evidence.size.mean())
    score = Score("loudness", "Loudness of codes", mean, "mean of ‖E z‖", context.n, context.seed)
    return Judgement((score,), (Finding("loudness", f"Codes are {score} loud.", "note", ("loudness",)),))


def figures(evidence):
    yield Picture("sizes", "How loud each code is", "A histogram.", partial(plots.error_histogram, evidence.size))


QUESTION = Question(
    key="loudness",
    title="Loudness",
    text="How loud are the codes?",
    evidence=LoudnessEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
)
'''

USE = """
import sys

import numpy as np
import torch

import latentassay as la
from latentassay.cli import main

assert la.__file__.startswith(sys.argv[1]), la.__file__
np.save("x.npy", np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32))
model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(3,))
result = la.assay(model, torch.from_numpy(np.load("x.npy")), questions=["loudness", "units"])
assert [section.key for section in result.sections] == ["loudness", "units"], result.sections
assert result["loudness"].evidence.size.shape == (80,) and "loudness.sizes" in result.figures()
open("models.py", "w").write(
    "import latentassay as la\\n"
    "def identity():\\n"
    "    return la.from_torch(lambda x: x, lambda z: z, latent_shape=(3,))\\n"
)
words = "models:identity --trust --data x.npy --question loudness --save a"
sys.argv = ["latentassay", "assay", *words.split()]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
page = open("report.html", encoding="utf-8").read()
assert "How loud are the codes?" in page and 'id="figure-loudness-sizes"' in page and "How loud each code is" in page
assert la.Assay.load("a").scores["loudness"].value > 0
"""


CLASH = "import latentassay as la; la.assay(la.from_torch(abs, abs, latent_shape=(2,)), None)"
FOLDER = "src/latentassay/assay/questions"


def added(question):
    """One file more and one line more."""
    order = copied(f"{FOLDER}/__init__.py").replace('    "units",\n', '    "loudness",\n    "units",\n')
    return {f"{FOLDER}/loudness.py": question, f"{FOLDER}/__init__.py": order}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stranger")
    cases = {
        "use": Case(USE, added(MINE), [str(folder)]),
        "clash": Case(CLASH, added(MINE.replace('key="loudness"', 'key="units"'))),
    }
    return try_in_a_copy(folder, cases)


def test_one_file_and_one_line_make_a_question_in_library_command_line_and_report(outcomes):
    assert "loud." in expect(outcomes["use"])


def test_a_file_that_takes_the_key_of_another_is_named(outcomes):
    said = expect(outcomes["clash"], code=1)
    assert "ContractError: question 'units'" in said and "takes the name of one that exists" in said
    assert "loudness.py" in said and "units.py" in said


@dataclass(frozen=True)
class Rows:
    count: np.ndarray


def question(**changes):
    usual = {
        "key": "rows",
        "title": "Rows",
        "text": "How many rows are there?",
        "evidence": Rows,
        "measure": lambda context: Rows(np.array([context.n])),
        "judge": lambda evidence, context: la.Judgement(
            (la.Score("rows", "Rows", int(evidence.count[0]), "how many", context.n, context.seed),)
        ),
    }
    return la.Question(**{**usual, **changes})


def assay(*questions):
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(3,))
    x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
    return la.assay(model, x, questions=questions, budget=3600.0)


def test_a_question_of_ones_own_comes_last_is_saved_and_read_again(tmp_path):
    own = question()
    result = assay(own, "reconstruction")
    assert [section.key for section in result.sections] == ["reconstruction", "rows"]
    result.save(tmp_path / "a")
    with pytest.raises(la.CheckpointError, match=r"evidence of the question 'rows'.*questions="):
        la.Assay.load(tmp_path / "a")
    loaded = la.Assay.load(tmp_path / "a", questions=[own])
    assert loaded["rows"].evidence.count == 64 and loaded.scores == result.scores


def raises(context):
    raise ZeroDivisionError("planted")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"key": "holes"}, r"'holes' \(.*test_stranger.py\) takes the name of one that exists \(.*holes.py\)"),
        ({"evidence": dict}, "evidence must be a frozen dataclass"),
    ],
)
def test_what_a_strangers_question_does_wrong_names_its_file(wrong, message):
    with pytest.raises(la.ContractError, match=message):
        assay(question(**wrong))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"measure": raises}, r"ZeroDivisionError: planted \(.*test_stranger.py, line \d+\)"),
        ({"judge": lambda evidence, context: 1 / 0}, r"ZeroDivisionError: division by zero \(.*test_stranger.py"),
        ({"passes_needed": raises}, r"ZeroDivisionError: planted \(.*test_stranger.py"),
        ({"measure": lambda context: 3}, r"'rows' \(.*test_stranger.py\): measure must return Rows or None, got int"),
        ({"judge": lambda evidence, context: ()}, "judge must return a Judgement, got tuple"),
    ],
)
def test_a_strangers_question_that_fails_is_a_finding_that_names_its_file(wrong, message):
    (finding,) = assay(question(**wrong)).findings
    assert (finding.key, finding.level) == ("rows.failed", "unsure")
    assert re.search(message, finding.sentence)


def test_evidence_that_cannot_be_saved_is_refused_by_its_field(tmp_path):
    @dataclass(frozen=True)
    class Odd:
        model: object

    own = question(evidence=Odd, measure=lambda context: Odd(context.model), judge=lambda *_: la.Judgement())
    result = assay(own)
    with pytest.raises(la.ContractError, match=r"Odd\.model must be a numpy array or a plain fact, got Torch"):
        result.save(tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_questions_are_chosen_by_key_and_group():
    with pytest.raises(la.InputError, match=r"no question is called 'hole'; there are input_checks, .*factors"):
        assay("hole")
    keys = [section.key for section in assay("consistency").sections]
    assert keys[0] == "consistency.invariance" and all(key.startswith("consistency.") for key in keys)
