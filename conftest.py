"""What every test may use; turns on shape and type checking before the package is imported."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
import torch
from jaxtyping import install_import_hook

for name in ("COLUMNS", "LINES"):  # parallel processes have them set; commands under test choose their own
    os.environ.pop(name, None)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A background shell (setsid, nohup, &) has its children ignore Ctrl-C, and theirs inherit it. Tests send that
    # signal, to themselves and to processes they start; with a handler here, those begin with the default one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
# How long an example takes says how busy the machine is; speed is measured in bench/.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")
install_import_hook("latentassay", "typecheck.check")

import typecheck  # noqa: E402 - by the name that the package's modules import it by

ROOT = Path(__file__).resolve().parent


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data that is too large to commit; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LATENTASSAY_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at hand: {folder} does not exist (set LATENTASSAY_SHARED_DATA)")
    return folder


@pytest.fixture(autouse=True, scope="function")
def _checked_anew() -> None:
    """Types are checked at the first calls of a function in every test."""
    typecheck.begin_test()


@pytest.fixture(autouse=True, scope="session")
def _no_report_contradicts_itself() -> Iterator[None]:
    """Every assay that any test makes is held against the table of findings that exclude each other."""
    from latentassay.assay.contradictions import contradictions
    from latentassay.assay.language import slips_in
    from latentassay.assay.result import Assay

    plain = Assay.__init__

    def checked(self: Assay, *arguments: Any, **named: Any) -> None:
        plain(self, *arguments, **named)
        units, has_prior = self.meta.units, self.meta.prior is not None
        said = contradictions(self.findings, self.scores, units=units, has_prior=has_prior)
        assert not said, f"the report contradicts itself: {'; '.join(said)}"
        slips = [slip for finding in self.findings for slip in slips_in(finding.sentence)]
        assert not slips, f"the report is worded wrongly: {'; '.join(slips)}"

    Assay.__init__ = checked
    yield
    Assay.__init__ = plain


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict) -> None:
    """Examples in docstrings may use ``torch`` and ``np`` without importing them."""
    doctest_namespace.update(torch=torch, np=np)


@pytest.fixture
def generator() -> torch.Generator:
    """A seeded source of randomness."""
    return torch.Generator().manual_seed(0)
