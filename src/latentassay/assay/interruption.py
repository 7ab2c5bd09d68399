"""What an assay has answered when a signal ends it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from latentassay.assay.result import Assay
from latentassay.core.findings import Finding, Section


class AssayInterrupted(KeyboardInterrupt):
    """Ctrl-C or another signal ended an assay after some questions had been answered.

    Attributes:
        assay: the answers, with a section ``"interrupted"`` that says what was not reached.

    >>> import torch, latentassay as la
    >>> model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,))
    >>> try:
    ...     found = la.assay(model, torch.randn(64, 2), questions="units", samples=64)
    ... except la.AssayInterrupted as stop:
    ...     found = stop.assay
    """

    def __init__(self, assay: Assay):
        self.assay = assay
        super().__init__("interrupted; what was answered is in the exception's .assay")


class Answers(NamedTuple):
    """Sections of the questions that were answered, and what ended the asking early, if anything did."""

    sections: Sequence[Section]
    stop: KeyboardInterrupt | None = None


def interrupted_section(stop: KeyboardInterrupt, unreached: Iterable[str]) -> Section:
    """Say what ended an assay, and which questions, by their titles, it did not reach."""
    cause, titles = str(stop) or "interrupted", ", ".join(unreached)
    missing = f"Not reached: {titles}" if titles else "Every question was answered, but what was unsure not asked again"
    finding = Finding("interrupted", f"The assay was {cause}. {missing}.", "note", (), remedy="Run it again for all.")
    return Section("interrupted", "Interrupted", "Which questions were not reached?", findings=(finding,))
