"""Every state has its words, for one unit and for several, and none says more than the ledger knows."""

from dataclasses import replace

import pytest
import torch

from latentassay.assay.language import slips_in
from latentassay.assay.ledger import Entry, Ledger
from latentassay.assay.states import STATES, state_findings
from latentassay.core.estimate import Estimate


def entry(unit, state, *, spread=1.0, response=0.2, effect=0.3):
    return Entry(
        label=str(unit),
        state=state,
        certain=True,
        spread=spread,
        noise=0.1,
        kl=1.0,
        signal=0.99,
        effect=Estimate(effect, stderr=effect / 30),
        response=Estimate(response, stderr=0.01),
        returns=None,
        partners=(),
        moves=(),
    )


def ledger(*entries, directions=None):
    units = len(entries)
    return Ledger(
        entries=entries,
        coupling=torch.zeros(units, units),
        coupling_stderr=torch.zeros(units, units),
        mutual=(),
        one_way=(),
        variables=(tuple(range(units)),),
        directions=directions,
    )


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("count", [1, 3, 20])
def test_sentences_are_grammatical_for_one_and_for_several(state, count):
    (finding,) = state_findings(ledger(*(entry(unit, state) for unit in range(count))), beta=True)
    assert finding.key == STATES[state][0] and finding.sentence[0] in "TUE2" and finding.sentence.endswith(".")
    assert finding.remedy.endswith(".") and ("20 units (0, 1" in finding.sentence) is (count == 20)


def test_units_that_are_alive_need_no_words():
    assert not list(state_findings(ledger(entry(0, "alive"), entry(1, "entangled")), beta=True))


def test_only_who_has_a_prior_to_weigh_is_told_of_beta():
    idle = ledger(entry(0, "collapsed"))
    with_beta, without = (next(iter(state_findings(idle, beta=beta))).remedy for beta in (True, False))
    assert "lower β" in with_beta and "β" not in without


def test_droppable_is_said_of_idle_units_alone():
    for state in STATES:
        (finding,) = state_findings(ledger(entry(0, state)), beta=False)
        assert ("can be dropped" in finding.remedy) is (state in ("dead", "collapsed")), state


def test_the_cause_of_death_is_told_unit_by_unit():
    (finding,) = state_findings(ledger(entry(0, "dead"), entry(1, "dead", spread=0.0)), beta=False)
    assert "the encoder writes unit 0 and never varies the others" in finding.sentence


def test_directions_that_answer_are_counted():
    found = ledger(entry(0, "redundant"), entry(1, "redundant"), directions=Estimate(1, low=1, high=1))
    assert "1 of them answers when changed alone" in next(iter(state_findings(found, beta=False))).sentence


def test_what_the_decoder_paints_unseen_is_a_note_and_what_all_of_it_moves_decides():
    """Two units of 0.4 % each are as good as nobody's picture; twenty are a warning."""
    (few,) = state_findings(ledger(*(entry(unit, "encoder-blind", effect=0.004) for unit in range(2))), beta=True)
    (many,) = state_findings(ledger(*(entry(unit, "encoder-blind", effect=0.004) for unit in range(20))), beta=True)
    (none,) = state_findings(ledger(entry(0, "encoder-blind", effect=0.0005)), beta=True)
    assert (few.level, many.level) == ("note", "warning") and many.estimate == pytest.approx(0.08)
    assert none.level == "note" and none.remedy is None and none.estimate is None


def test_what_is_painted_unseen_counts_by_what_it_is_of_the_data():
    """A twelfth of the output is a warning, but not where the output is a twentieth of what the data vary by."""
    unseen = [replace(entry(unit, "encoder-blind"), effect=Estimate(0.004, stderr=1e-4)) for unit in range(20)]
    levels = [
        next(iter(state_findings(replace(ledger(*unseen), visible=visible), beta=True))).level
        for visible in (1.0, 0.05)
    ]
    assert levels == ["warning", "note"]


def test_how_little_the_decoder_reads_is_said_where_it_is_not_nothing():
    silent = replace(entry(0, "dead"), effect=Estimate(0.0, stderr=0.0))
    faintly = replace(entry(0, "dead"), effect=Estimate(4.2e-4, stderr=1e-5))
    sentences = [next(iter(state_findings(ledger(one), beta=False))).sentence for one in (silent, faintly)]
    assert sentences[0].endswith("and the decoder does not read it.")
    assert sentences[1].endswith("hardly reads it (exchanging it moves at most 0.042 % of the output).")


def test_twins_are_named_without_what_only_moves_with_them():
    known = replace(ledger(entry(0, "twin"), entry(1, "twin"), entry(2, "entangled")), variables=((0, 1, 2),))
    (finding,) = state_findings(known, beta=False)
    assert finding.sentence.startswith("Units 0 and 1 repeat each other") and finding.subjects == ("0+1",)


def test_one_unit_and_several_are_spoken_of_rightly():
    """Every state, alone and of two: singular and plural agree."""
    for state in STATES:
        for count in (2,) if state == "twin" else (1, 2):
            directions = Estimate(1, low=1, high=1) if state == "redundant" else None
            for finding in state_findings(
                ledger(*(entry(k, state) for k in range(count)), directions=directions), beta=True
            ):
                assert slips_in(finding.sentence) == [], finding.sentence
