"""Does a change of one unit leave the others alone? Planted leaks are found by name, clean models are not blamed."""

import numpy as np
import pytest
import torch

from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.responding import LEAK, Causes, leaking, observations
from tests.oracles.linear import exact_inverse

KEY = "consistency.invariance"


def asked(model, data, **options):
    """The finding, the scores and the evidence."""
    sections = ask(model, data, KEY, **options)
    return findings_of(sections)[KEY], scores_of(sections), sections[KEY].evidence


def test_a_clean_model_is_praised_and_nothing_is_held_against_it():
    finding, scores, evidence = asked(*responding.clean())
    assert finding.level == "good" and finding.remedy is None
    assert finding.subjects == () and "but unit" not in finding.sentence
    assert scores[KEY].value == pytest.approx(1)
    assert evidence.matrix.diagonal() == pytest.approx(0, abs=1e-6)
    assert all(score.n > 0 and score.seed == 0 and score.definition for score in scores.values())


def test_a_unit_that_moves_another_is_found_by_name():
    finding, _, evidence = asked(*leaking([[1, 0, 0, 0], [0, 1, 0, 0], [0, LEAK, 1, 0], [0, 0, 0, 1]]), samples=400)
    assert finding.level == "warning" and finding.subjects == ("1>2",)
    assert "unit 2 at" in finding.sentence and "when unit 1 is changed" in finding.sentence
    assert finding.remedy == "When you change unit 1, expect unit 2 to follow."
    matrix = evidence.matrix
    # Codes of unit 2 are z₂ + LEAK z₁, its responses z₂ + 2 LEAK z₁; LEAK² of a change of unit 1, squared, reaches it.
    assert matrix[1, 2] == pytest.approx(1 - LEAK**2 / (1 + 4 * LEAK**2), abs=0.06)
    assert np.delete(matrix.ravel(), [0, 5, 6, 10, 15]) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(4))
def test_units_that_turn_into_each_other_are_never_praised(seed):
    model, data = leaking([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]])
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
    finding, _, _ = asked(model, data[order], samples=400)
    assert finding.level == "warning" and set(finding.subjects) == {"0>1", "1>0"}
    assert float(finding.estimate) == pytest.approx(0.64, abs=0.25)  # codes of 400 rows vary unequally


def test_units_that_nothing_comes_back_from_are_not_asked_about():
    _, _, evidence = asked(*responding.collapsed())
    assert evidence.labels == ("0", "2")


def test_where_only_one_unit_answers_nothing_can_be_left_alone():
    assert not ask(*leaking([[1, 0], [0, 0.1]]), KEY)


def test_of_many_units_the_liveliest_are_asked_about():
    model = exact_inverse(40, 60, noise=0.01)
    model.E[:9] *= 0.5
    finding, _, evidence = asked(model, observations(exact_inverse(40, 60), 40), samples=64)
    assert finding.sentence.startswith(f"Among the {len(evidence.units)} strongest of 40 live units a change of one ")
    labels = [int(label) for label in evidence.labels]
    assert labels == sorted(labels) and len(labels) == 32 and set(range(9, 40)) <= set(labels)
    assert evidence.matrix.shape == (32, 32)


def test_channels_are_asked_as_one():
    _, scores, evidence = asked(*responding.channels(), samples=64)
    assert evidence.labels == ("c0", "c1", "c2") and scores[KEY].value == pytest.approx(1)


def test_units_of_ones_own_are_set_together():
    _, _, evidence = asked(Causes(), observations(Causes()), units=[[0, 1], [2]])
    assert evidence.matrix.shape == (2, 2) and evidence.labels == ("0–1", "2")


def test_noises_that_are_mixed_are_blamed():
    finding, _, _ = asked(Causes(blind=[0]), observations(Causes()))  # noise 1 is read into noise 0, too
    assert finding.subjects == ("1>0",) and "unit 0 at" in finding.sentence


def test_fewer_latents_are_intervened_on_where_time_is_short():
    asked_about = [asked(*responding.clean(), budget=budget)[1][KEY].n for budget in (120.0, 1e-6)]
    assert asked_about == [96, 16]


def test_nothing_is_asked_where_no_unit_is_alive():
    assert not ask(*leaking([[0.0, 0], [0, 0]]), KEY)


def test_it_has_its_figure():
    assert set(figures(ask(*responding.clean(), KEY).values())) == {f"{KEY}.matrix"}


def test_others_that_move_further_than_the_unit_are_not_said_to_be_left_alone():
    finding, _, _ = asked(*leaking([[1, 3.0, 3], [3, 1, 3], [3, 3, 1]]), samples=400)
    assert "moves the others by more than the unit itself" in finding.sentence and "alone at" not in finding.sentence
