"""Which places carry information about the whole picture? Abnormal certainty alone is a note; smuggling is planted."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from latentassay.assay.questions.places import QUESTION
from latentassay.core.levels import grade
from latentassay.report import figures
from tests.assay.asking import answers, ask, context_of, findings_of, scores_of
from tests.assay.planted import Twin, data, identity

KEY = "spatial.places"


@pytest.mark.parametrize("sides", [(12,), (4, 4, 4), (2, 8)])
def test_other_dimensions_have_maps_of_two(sides):
    evidence = ask(*identity(2, *sides), KEY, samples=48)[KEY].evidence
    assert evidence.far.ndim == 2 and evidence.certainty is None


def test_what_is_certain_but_does_nothing_far_away_is_only_noted():
    def certain(x, mean, std):
        std[:, :, 1, 6] = 0.001
        return mean, std

    found = findings_of(ask(Twin(code=certain), data(), KEY))
    assert found["spatial.certain"].level == "note" and "at place (1, 6)" in found["spatial.certain"].sentence
    assert "spatial.global" not in found and found["spatial.certain"].subjects == ("(1, 6)",)


@pytest.mark.parametrize("seed", range(5))
def test_a_global_place_is_a_problem_wherever_it_is(seed):
    """One place holds the brightness of all; the remedy about training is for what can be trained."""
    row, column = torch.randint(8, (2,), generator=torch.Generator().manual_seed(seed)).tolist()

    def gather(x, mean, std):
        bright = mean[:, 0].mean((1, 2))
        mean[:, 0] -= bright[:, None, None]
        mean[:, :, row, column] = 0
        mean[:, 0, row, column] = 2 * bright
        return mean, std

    def scatter(z):
        bright = z[:, 0, row, column].clone() / 2
        z[:, :, row, column] = 0
        z[:, 0] += bright[:, None, None]
        return z

    sections = ask(Twin(code=gather, latent=scatter), data(seed=seed), KEY)
    found, score = findings_of(sections)["spatial.global"], scores_of(sections)["spatial.global"]
    assert found.level == "problem" == grade(found.estimate, found.bounds)
    assert found.subjects == (f"({row}, {column})",) and found.brief and "training" not in found.remedy
    assert (score.value, score.low, score.high) == (1, 1, 1)


@pytest.mark.parametrize("seed", range(5))
def test_clean_places_are_good(seed):
    found = findings_of(ask(Twin(), data(seed=seed), KEY))
    assert found["spatial.global"].level == "good" and not found["spatial.global"].subjects


@pytest.fixture(scope="module")
def asked():
    context = context_of(Twin(), data())
    return context, answers(context, KEY)[KEY].evidence


@pytest.mark.parametrize(
    ("excess", "error", "level"),
    [(0.03, 0.002, "good"), (0.2, 0.1, "unsure"), (0.15, 0.01, "note"), (0.6, 0.05, "problem")],
)
def test_the_level_follows_from_the_interval_of_the_place_felt_most(asked, excess, error, level):
    context, evidence = asked
    values, errors = np.full(64, -0.5), np.full(64, 0.002)
    values[10], errors[10] = excess, 2 * error
    changed = replace(evidence, excess=values, excess_low=values - errors, excess_high=values + errors)
    found = QUESTION.judge(changed, context).findings[0]
    assert found.level == level and found.subjects == (("(1, 2)",) if level == "problem" else ())
    assert (found.settle is not None) == (level == "unsure") and (found.remedy is not None) == (level == "problem")


def test_many_places_are_counted_and_a_few_named():
    def certain(x, mean, std):
        std[:, :, 0] = 0.001
        return mean, std

    found = findings_of(ask(Twin(code=certain), data(), KEY))
    assert "at 8 places ((0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5) …):" in found["spatial.certain"].sentence


def test_a_slow_model_is_asked_about_fewest_places():
    sections = ask(Twin(), data(), KEY, budget=1e-6)
    assert scores_of(sections)["spatial.global"].definition.startswith("of 32 places asked about, out of 64")
    assert set(figures(sections.values())) == {f"{KEY}.maps"}
