"""Bars appear only where and when they should."""

import io
import time
from types import SimpleNamespace

import pytest

from latentassay.core import progress
from latentassay.core.progress import bar, track


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def stderr(monkeypatch):
    """A terminal in place of stderr, and no waiting."""
    terminal = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=terminal))  # pytest exchanges the real one
    monkeypatch.setattr(progress, "DELAY", 1e-9)
    monkeypatch.delenv("LATENTASSAY_PROGRESS", raising=False)
    return terminal


def test_shows_label_count_and_fields_on_a_terminal(stderr):
    with bar(4, "training", unit="step") as line:
        for step in range(4):
            line.update(loss=f"{step}.5")
    assert "training" in stderr.getvalue() and "4/4" in stderr.getvalue() and "loss=3.5" in stderr.getvalue()


def test_track_passes_items_and_knows_their_number(stderr):
    assert list(track([5, 6, 7], "reading")) == [5, 6, 7]
    assert list(track(iter("ab"), "reading", total=2)) == ["a", "b"]
    assert "3/3" in stderr.getvalue() and "2/2" in stderr.getvalue()


def test_nothing_for_quick_work(stderr, monkeypatch):
    monkeypatch.setattr(progress, "DELAY", 2.0)
    list(track(range(100), "quick"))
    assert stderr.getvalue() == ""


@pytest.mark.parametrize(("choice", "terminal", "shown"), [("", False, False), ("1", False, True), ("0", True, False)])
def test_terminal_and_environment_decide(stderr, monkeypatch, choice, terminal, shown):
    monkeypatch.setenv("LATENTASSAY_PROGRESS", choice)
    monkeypatch.setattr(stderr, "isatty", lambda: terminal)
    list(track(range(3), "work"))
    assert bool(stderr.getvalue()) == shown


def test_hidden_on_request(stderr):
    with bar(2, "work", visible=False) as line:
        line.update(2)
    assert stderr.getvalue() == ""


def test_nested_bars(stderr):
    with bar(2, "outer") as line:
        for _ in range(2):
            for _ in track(range(2), "inner"):
                time.sleep(0.11)  # a tenth of a second is the least time between two drawings
            line.update()
    assert "outer" in stderr.getvalue() and "inner" in stderr.getvalue()


def test_closed_when_the_work_fails(stderr):
    with pytest.raises(RuntimeError), bar(2, "work") as line:
        line.update()
        raise RuntimeError
    with bar(1, "next") as line:
        line.update()
    assert "next" in stderr.getvalue()


def test_work_goes_on_without_its_terminal(stderr, monkeypatch):
    def gone(*_):
        raise OSError(5, "Input/output error")  # what a terminal says whose window was closed

    monkeypatch.setattr(stderr, "write", gone)
    monkeypatch.setattr(stderr, "flush", gone)
    assert sum(track(range(3), "work")) == 3
