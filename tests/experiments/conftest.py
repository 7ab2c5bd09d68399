"""Counting what is trained."""

import pytest

from latentassay.experiments import runs


@pytest.fixture
def trainings(monkeypatch):
    """A list that grows by the steps of every training that is begun."""
    begun, fit = [], runs.fit

    def counting(*args, **options):
        begun.append(options["steps"])
        return fit(*args, **options)

    monkeypatch.setattr(runs, "fit", counting)
    return begun
