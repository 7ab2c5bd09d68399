"""Ctrl-C while questions are asked."""

import pytest
import torch

import latentassay as la
from latentassay.assay import rounds
from latentassay.assay.interruption import interrupted_section


@pytest.fixture
def model():
    return la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,))


def interrupt_at(monkeypatch, which):
    """Raise where the question ``which`` is asked; return the keys asked."""
    timed, asked = rounds._timed, []

    def ask(question, context):
        asked.append(question.key)
        if len(asked) == which:
            raise KeyboardInterrupt
        return timed(question, context)

    monkeypatch.setattr(rounds, "_timed", ask)
    return asked


def test_what_was_answered_is_in_the_exception(model, monkeypatch):
    x, options = torch.randn(64, 2), {"samples": 64, "grid": 5}
    whole = la.assay(model, x, **options)
    asked = interrupt_at(monkeypatch, 3)
    with pytest.raises(la.AssayInterrupted) as caught:
        la.assay(model, x, **options)
    found = caught.value.assay
    (finding,) = found["interrupted"].findings
    reached = [section.key for section in found.sections if section.key != "interrupted"]
    assert set(reached) == set(asked[:2]) & {section.key for section in whole.sections} and reached
    for section in whole.sections:
        assert (section.title in finding.sentence) == (section.key not in asked[:2])
    assert found[reached[0]].scores == whole[reached[0]].scores and "</html>" in found.to_html()


def test_before_the_first_answer_there_is_nothing_to_keep(model, monkeypatch):
    interrupt_at(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt) as caught:
        la.assay(model, torch.randn(64, 2), samples=64)
    assert not isinstance(caught.value, la.AssayInterrupted)


def test_what_was_answered_but_unsure_is_said():
    (finding,) = interrupted_section(KeyboardInterrupt(), []).findings
    assert "Every question was answered, but what was unsure not asked again" in finding.sentence
