"""dSprites of chapter 4: a coarser grid with fewer pixels, drawn once."""

import numpy as np
import pytest

from latentassay.data.dsprites import dsprites
from latentassay.data.formats import resize
from latentassay.papers.thesis.perturbed import originals
from latentassay.papers.thesis.perturbed.originals import draw_sprites


@pytest.fixture
def sprites(tmp_path):
    return draw_sprites("smoke", tmp_path)


def test_factors_are_a_grid_and_pictures_those_of_dsprites(sprites):
    assert sprites.is_grid and sprites.factor_sizes == (3, 3, 4, 4, 4) and sprites.x_shape == (1, 16, 16)
    whole, row = dsprites(), 100
    shape, scale, orientation, x, y = sprites.factors[row]
    codes = np.array([[0, shape, 2 * scale, 10 * orientation, 8 * x, 8 * y]])
    (picture,) = resize(np.asarray(whole.store[whole.rows_of(codes)]), 16)
    assert np.array_equal(np.asarray(sprites.store[[row]])[0], picture)


def test_pictures_are_drawn_once(sprites, tmp_path, monkeypatch):
    monkeypatch.setattr(originals, "dsprites", lambda: pytest.fail("dSprites were drawn again"))
    assert draw_sprites("smoke", tmp_path) is sprites and (tmp_path / "runs/smoke/dsprites-16.npy").exists()
