"""Our assay as a diagnoser: what its findings accuse, by their fields alone."""

from typing import Any

from latentassay.assay import assay
from latentassay.assay.result import Assay
from latentassay.core.autoencoder import Autoencoder
from latentassay.core.findings import Finding

SAMPLES = 256
"""Rows that are drawn."""

BUDGET = 600.0
"""Seconds: more than any of these small models needs, so that a busy machine does not ask them less."""

DESCRIBING = frozenset(
    {
        "codebook.dead",
        "factors.shared",
        "graph.entangled",
        "graph.one_way",
        "input_checks.shift",
        "posterior.overconfident",
        "posterior.underconfident",
        "reconstruction.columns",
        "units.collapsed",
        "units.dead",
        "units.encoder_blind",
        "units.faint",
        "units.redundant",
        "units.twins",
    }
)
"""Findings that say what is there and need not accuse: these count at the level of a note as well."""


def diagnose(
    model: Autoencoder, data: Any, *, train: Any = None, seed: int = 0, samples: int = SAMPLES
) -> set[tuple[str, tuple[str, ...], str]]:
    """Return what an assay accuses a model of: key, subjects and level.

    What is about the wrong input, as the section's caveat says, describes nothing.
    """
    return accusations(report(model, data, train=train, seed=seed, samples=samples))


def report(model: Autoencoder, data: Any, *, train: Any = None, seed: int = 0, samples: int = SAMPLES) -> Assay:
    """Return the whole assay."""
    known = {} if train is None else {"train": train}
    return assay(model, data, samples=samples, seed=seed, grid=15, budget=BUDGET, **known)


def accusations(result: Assay) -> set[tuple[str, tuple[str, ...], str]]:
    """Return what the findings of an assay accuse a model of."""
    return {
        (one.key, one.subjects, one.level)
        for section in result.sections
        for one in section.findings
        if one.is_grave or (accuses(one) and section.caveat is None)
    }


def accuses(finding: Finding) -> bool:
    """Whether a finding says that something is there: a problem, a warning, or a note of a kind that describes.

    >>> accuses(Finding("units.dead", "…", "note")), accuses(Finding("units.dead", "…", "unsure"))
    (True, False)
    """
    return finding.is_grave or (finding.level == "note" and finding.key in DESCRIBING)
