"""What every test may use; turns on shape and type checking before the package is imported."""

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

install_import_hook("latentassay", "beartype.beartype")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data that is too large to commit; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LATENTASSAY_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at hand: {folder} does not exist (set LATENTASSAY_SHARED_DATA)")
    return folder
