"""Chapter 3 of the thesis: what its table refuses, and (long) the whole of it at scale smoke."""

import pytest

from latentassay.core.errors import InputError
from latentassay.papers.catalog import reproduce
from latentassay.papers.experiment import Options
from latentassay.papers.thesis.components import scores
from latentassay.papers.thesis.components.orthogonality import draw_figures, make_table


def test_what_is_refused(tmp_path):
    for changes, message in (
        ({"device": "abacus"}, "device must be"),
        ({"data": {"shapes3d": tmp_path}}, "--data may name mnist, fashion-mnist"),
        ({"scale": "huge"}, "scale must be one of"),
    ):
        with pytest.raises(InputError, match=message):
            reproduce("pca.orthogonality", Options(**{"scale": "smoke", "folder": tmp_path, **changes}))


@pytest.mark.long
def test_the_whole_at_scale_smoke(reproduced, monkeypatch):
    folder, found = reproduced("pca.orthogonality")
    assert found.cell("Synth. Lin., β-VAE", scores.DTO).paper == 0.0
    assert found.cell("MNIST, random decoder", scores.DTO).ours > 1
    assert found.cell("Synth. Lin., β = 0.1", scores.DS).ours > 0.9
    assert found.cell("β-VAE, MNIST", f"{scores.REGIME}, d = 10").paper == 0.995
    names = {path.name.split("-smoke-")[1] for path in folder.glob("*.png")}
    assert {"figure-3-5.png", "figure-3-6-mnist.png", "figure-3-7-squares.png", "figure-3-7-dsprites.png"} <= names
    monkeypatch.setattr(scores, "separation", None)  # nothing is measured twice
    assert make_table(Options("smoke", folder)).cells == found.cells
    assert len(draw_figures(Options("smoke", folder))) == len(names)
