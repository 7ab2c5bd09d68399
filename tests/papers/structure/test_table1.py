"""Table 1 of SA: its models, what it refuses, and (long) all of it at scale smoke."""

import pytest

from latentassay.core.errors import InputError
from latentassay.papers.catalog import reproduce
from latentassay.papers.experiment import Options
from latentassay.papers.structure import scores
from latentassay.papers.structure.configurations import MODELS
from latentassay.papers.structure.table1 import CHUNKED, PAPER, SHEETS


def test_models_are_the_papers():
    assert {*PAPER} == {*MODELS} - {"SAE-3", "SAE-2"}
    assert {*SHEETS, *CHUNKED} <= {*MODELS}


def test_options_that_fit_nothing_are_refused(tmp_path):
    with pytest.raises(InputError, match="needs no files, got --data mnist"):
        reproduce("structure.table1", Options("smoke", tmp_path, data={"mnist": "x"}))
    with pytest.raises(InputError, match="scale"):
        reproduce("structure.table1", Options("enormous", tmp_path))


@pytest.mark.long
def test_everything_at_scale_smoke(reproduced):
    """What a user runs: table, page and figures, with the printed values in their places."""
    made, whole = reproduced("structure.table1")
    assert whole.cell("SAE-12", "DCI").paper == 0.974 and whole.cell("AdaAE-12", "Exp").paper == 0.999
    assert whole.cell("VAE · pictures", scores.name_frechet("prior")) and not whole.cell(
        "AE · pictures", scores.name_frechet("prior")
    )
    for figure in ("figure-2", "figure-3", "figure-5", "figure-8", "figure-9", "traversals-sae-12", "chunks-vae"):
        assert (made / f"structure.table1-smoke-{figure}.png").stat().st_size > 5000
