"""Could the units of real data be drawn one by one?"""

from dataclasses import replace

import pytest
import torch

import latentassay as la
from latentassay.stats.distance_correlation import of_normal
from tests.assay import responding
from tests.assay.asking import answers, ask, context_of, findings_of, scores_of

KEY = "consistency.independence"


def test_units_that_are_drawn_one_by_one_are_not_blamed():
    sections = ask(*responding.clean(), KEY, samples=256)
    finding = findings_of(sections)[KEY]
    assert finding.level == "note" and "No dependence" in finding.sentence and finding.subjects == ()
    assert all(score.n > 0 and score.seed == 0 and score.definition for score in scores_of(sections).values())


def test_units_that_are_one_are_told_to_be_drawn_together():
    sections = ask(*responding.on_a_line(), KEY)
    dependent = findings_of(sections)[KEY]
    assert dependent.level == "note" and "depend on each other" in dependent.sentence and dependent.remedy
    assert dependent.subjects == ("0+1",) and sections[KEY].evidence.p_values[0, 1] < 0.01


def four_units(seed, tie):
    """The identity on four numbers, the second and the fourth of which are tied."""
    x = torch.randn(1200, 4, generator=torch.Generator().manual_seed(seed)).double()
    x[:, 3] = tie(x)
    return la.from_torch(lambda x: x, lambda z: z, latent_shape=(4,)), x


@pytest.mark.parametrize("seed", range(10))
def test_pairs_are_named_by_the_size_of_their_dependence(seed):
    clean, bent, correlated = (
        findings_of(ask(*four_units(seed, tie), KEY, samples=256))[KEY]
        for tie in (
            lambda x: x[:, 3],
            lambda x: x[:, 1].square() + 0.3 * x[:, 3],
            lambda x: 0.6 * x[:, 1] + 0.8 * x[:, 3],
        )
    )
    assert clean.level == "note" and not clean.subjects and clean.remedy is None
    for tied in (bent, correlated):
        assert tied.level == "note" and tied.subjects == ("1+3",) and tied.remedy
    assert correlated.estimate.low < of_normal(0.6) < correlated.estimate.high


@pytest.mark.parametrize("seed", range(5))
def test_with_more_rows_independent_units_hardly_depend_on_each_other_for_sure(seed):
    context = replace(context_of(*four_units(seed, lambda x: x[:, 3]), samples=1024), effort=4.0)
    sections = answers(context, KEY)
    found = findings_of(sections)[KEY]
    assert sections[KEY].evidence.n == 1024 and found.estimate.high < 0.05
    # What could only ever be harmless is no claim: it has no level to be unsure of.
    assert found.level == "note" and found.bounds is None and found.settle is None


def test_one_unit_alone_depends_on_none():
    assert not ask(*responding.leaking([[1, 0], [0, 0.1]]), KEY)


def test_one_pair_is_not_the_largest_of_several_and_who_has_no_prior_is_told_of_none():
    (found,) = findings_of(ask(*responding.on_a_line(), KEY)).values()
    assert "pairs" not in found.sentence and "prior" not in found.remedy and "hybrids" in found.remedy
    (several,) = findings_of(ask(*four_units(0, lambda x: x[:, 1]), KEY, samples=256)).values()
    assert "the largest of 6 pairs" in several.sentence
