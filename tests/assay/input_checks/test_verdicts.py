"""What is said of the checks follows from levels, and only what accuses has a remedy."""

import pytest

from latentassay.assay.input_checks.verdicts import aside, say_of_belonging, say_of_output, say_of_range, say_of_scale
from latentassay.core.estimate import Estimate
from latentassay.core.levels import grade

GREAT, BARE, NONE = (Estimate(v, low=v / 1.5, high=v * 1.5, n=64) for v in (9.0, 2.9, 1.0))


def test_an_output_is_named_only_where_a_map_is_better():
    finding = say_of_output("logits", "decode(z).sigmoid()", "problem", GREAT, Estimate(0.02, stderr=0.01))
    assert "seems to be logits" in finding.sentence and "by 9 (95 % interval 6 to 13.5)" in finding.sentence
    assert (
        finding.level == grade(finding.estimate, finding.bounds) and "lambda z: decode(z).sigmoid()" in finding.remedy
    )
    unsure = say_of_output("logits", "decode(z).sigmoid()", "unsure", BARE, Estimate(0.02, stderr=0.01))
    assert "may be logits" in unsure.sentence and unsure.remedy is None and "as many rows would" in unsure.settle
    assert say_of_output("logits", "…", "good", NONE, Estimate(0.9)) is None


def test_coders_that_belong_together_are_not_spoken_of():
    kept, mapped, regained = Estimate(-0.8, stderr=0.1), Estimate(0.97, stderr=0.01), Estimate(0.97, stderr=0.01)
    finding = say_of_belonging("problem", regained, kept, mapped, 0.99)
    assert finding.level == grade(finding.estimate, finding.bounds) and "−80" in finding.sentence
    assert say_of_belonging("note", regained, kept, mapped, 0.99) is None


@pytest.mark.parametrize(("level", "gain"), [("problem", GREAT), ("good", NONE)])
def test_the_level_of_the_range_is_that_of_its_estimate_or_it_has_none(level, gain):
    finding = say_of_range("expects another range", "…", level, gain, "[0, 255] to [0, 1]")
    if finding.estimate is not None:
        assert grade(finding.estimate, finding.bounds) == level
    assert (finding.remedy is None) == (level == "good")
    told_nothing = say_of_range("reconstructs nothing", "…", "note", GREAT, None)
    assert told_nothing.estimate is None and told_nothing.remedy is None


def test_without_a_prior_a_factor_is_advice():
    off = Estimate(5.0, stderr=0.1)
    promised, free = (say_of_scale("scale factor needed", "…", off, (), has_prior=prior) for prior in (True, False))
    assert (promised.level, free.level) == ("warning", "note") and free.estimate is None and free.remedy
    still = say_of_scale("channels without variance", "…", Estimate(0, stderr=0), ("3",), has_prior=False)
    assert still.level == "warning" and still.remedy is None and still.subjects == ("3",)
    beside = aside(promised)
    assert (beside.level, beside.sentence, beside.remedy, beside.p_value) == ("note", "…", None, None)


def test_a_range_that_is_unsure_though_its_gain_is_great_says_what_would_tell():
    gain = Estimate(4.0, low=3.0, high=5.0)
    found = say_of_range("range unsure", "Whether …", "unsure", gain, None)
    assert found.level == "unsure" and found.settle.startswith("Reconstructions")
