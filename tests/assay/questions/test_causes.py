"""Do causes follow an intervention, and which listen to which? A block whose causes are known in closed form."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from latentassay.assay.questions.causes import QUESTION, CausesEvidence
from latentassay.core.estimate import Estimate
from latentassay.core.levels import grade
from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import ask, context_of, findings_of, scores_of
from tests.assay.responding import Causes, observations

KEY = "consistency.causes"


@pytest.fixture(scope="module")
def caused():
    return ask(Causes(), observations(Causes()), KEY)


def test_causes_are_asked_whether_they_follow_and_which_listen(caused):
    findings, scores = findings_of(caused), scores_of(caused)
    assert scores["consistency.equivariance"].value == pytest.approx(1)
    assert findings["consistency.equivariance"].level == "good"
    assert scores["consistency.sparsity"].value == pytest.approx(2 / 3) and scores["consistency.sparsity"].n == 3
    assert "66.7 % of the 3 possible edges" in findings["consistency.sparsity"].sentence
    assert_close(torch.from_numpy(caused[KEY].evidence.adjacency), Causes().adjacency().double())
    assert set(figures(caused.values())) == {f"{KEY}.{name}" for name in ("adjacency", "equivariance", "doubles")}


def test_causes_that_do_not_follow_are_blamed():
    model = Causes(blind=[0], times=3)  # noise 1 is read into noise 0, too
    model.torch_modules = (torch.nn.Linear(1, 1),)
    follows = findings_of(ask(model, observations(Causes()), KEY))["consistency.equivariance"]
    assert follows.level == "warning" and "objectives.Equivariance" in follows.remedy
    assert "0" in follows.subjects and follows.level == grade(follows.estimate, follows.bounds)
    assert "cause 0 after a change of noise 0" in follows.sentence


def test_nobody_is_told_to_train_what_cannot_be_trained():
    follows = findings_of(ask(Causes(blind=[0], times=3), observations(Causes()), KEY))
    follows = follows["consistency.equivariance"]
    assert follows.level == "warning" and follows.remedy is None


@pytest.fixture(scope="module")
def context():
    return context_of(Causes(), observations(Causes()))


def evidence(mean, worst, stderr=0.01):
    matrix = np.full((2, 2), mean)
    matrix[1, 0] = worst
    return CausesEvidence(
        equivariance=matrix,
        equivariance_stderr=np.full((2, 2), stderr),
        answering=np.array([True, True]),
        adjacency=np.zeros((2, 2)),
        samples=None,
        on_noises=None,
        on_causes=None,
        shown=(0, 1),
        score=Estimate(matrix.mean(), stderr=stderr / 2),
        n=100,
        variant="",
    )


@pytest.mark.parametrize(
    ("mean", "worst", "level", "subjects"),
    [
        (1.0, 0.99, "good", ()),
        (0.9, 0.9, "note", ()),
        (0.95, 0.95, "unsure", ()),
        (0.8, 0.8, "warning", ()),  # no pair alone is serious, all together are
        (1.0, 0.5, "warning", ("1>0",)),  # a mean of 0.875 would hide it
        (1.0, 0.74, "unsure", ()),  # neither the pair nor the mean is beyond doubt
    ],
)
def test_levels_follow_from_the_mean_or_from_pairs_that_it_hides(context, mean, worst, level, subjects):
    found = QUESTION.judge(evidence(mean, worst), context).findings[0]
    assert (found.level, found.subjects) == (level, subjects)
    assert (found.settle is not None) == (level == "unsure")


def test_double_interventions_on_noises_reach_children_and_on_causes_cut_parents(caused):
    model, found = Causes(), caused[KEY].evidence
    n = torch.stack([model.encode(torch.from_numpy(x)[None]).mean[0] for x in found.samples])
    z = model.causes(n)[:, :, 0]
    for i in range(3):
        for j in range(3):
            noise, cause = n[0].clone(), z[0].clone()
            noise[j] = n[2, j]
            noise[i] = n[1, i]
            wanted = model.decode(noise[None])[0]
            assert_close(torch.from_numpy(found.on_noises)[i, j], wanted)
            given = {j: z[2, j], i: z[1, i]}
            cause = [given.get(0, n[0, 0])]
            cause += [given.get(1, n[0, 1] + 2 * cause[0]), given.get(2, n[0, 2])]
            wanted = model.decode_causes(torch.stack(cause)[None, :, None])[0]
            assert_close(torch.from_numpy(found.on_causes)[i, j], wanted)


def test_causes_are_asked_one_by_one_whatever_the_units():
    sections = ask(Causes(), observations(Causes()), KEY, units=[[0, 1], [2]])
    assert sections[KEY].evidence.on_causes.shape[:2] == (3, 3)


def test_models_without_causes_are_not_asked():
    assert not ask(*responding.clean(), KEY)
