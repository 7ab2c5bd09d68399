"""What every test may use; turns on shape and type checking before the package is imported."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import install_import_hook

for name in ("COLUMNS", "LINES"):  # parallel processes have them set; commands under test choose their own
    os.environ.pop(name, None)
install_import_hook("latentassay", "typecheck.check")

ROOT = Path(__file__).resolve().parent


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data that is too large to commit; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LATENTASSAY_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at hand: {folder} does not exist (set LATENTASSAY_SHARED_DATA)")
    return folder


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict) -> None:
    """Examples in docstrings may use ``torch`` and ``np`` without importing them."""
    doctest_namespace.update(torch=torch, np=np)


@pytest.fixture
def generator() -> torch.Generator:
    """A seeded source of randomness."""
    return torch.Generator().manual_seed(0)
