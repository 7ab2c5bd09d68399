"""IC's models of faces, on a stand-in: scikit-image's small faces in the files that CelebA has."""

import numpy as np
import pytest
from PIL import Image

from latentassay import models, sampling
from latentassay.core.errors import FileError
from latentassay.data import images
from latentassay.models.consistency import SIZES
from latentassay.papers.consistency import celeba, pictures, scores
from latentassay.papers.consistency.celeba import (
    SCALES,
    draw_hybrids,
    list_configurations,
    load_faces,
    make_table,
)
from latentassay.papers.consistency.pictures import Subject
from latentassay.papers.experiment import Options
from latentassay.plots.style import figure_of

COUNT = 30


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """The first faces of ``lfw_subset`` as JPEGs of CelebA's size, 20 to learn from and 10 to test on."""
    from skimage.data import lfw_subset

    folder = tmp_path_factory.mktemp("celeba")
    (folder / "img_align_celeba").mkdir()
    names = [f"{k:06d}.jpg" for k in range(1, COUNT + 1)]
    for name, face in zip(names, lfw_subset(), strict=False):
        grey = Image.fromarray((255 * face).astype(np.uint8)).resize((178, 218))
        grey.convert("RGB").save(folder / "img_align_celeba" / name)
    attributes = [f"{COUNT}", "Smiling Young", *(f"{name}  1 -1" for name in names)]
    (folder / "list_attr_celeba.txt").write_text("\n".join(attributes))
    parts = [f"{name} {0 if k < 20 else 2}" for k, name in enumerate(names)]
    (folder / "list_eval_partition.txt").write_text("\n".join(parts))
    return folder


def options(folder, tmp_path, scale="smoke"):
    return Options(scale, tmp_path, data={"celeba": folder}, device="cpu")


def test_models_are_those_of_the_figures(tmp_path):
    rows = [one.row for one in list_configurations(Options("smoke", tmp_path))]
    names = [f"{name} v32" for name in ("AE", "XAE", "XCAE-I", "XCAE-E")]
    assert rows == [*names, *(f"{name} v324" for name in ("XAE", "XCAE-I", "XCAE-E"))]
    assert all(one.model in models.NAMES for one in list_configurations(Options("paper", tmp_path)))
    assert SCALES["paper"].steps == 200_000 and SIZES["v32"].latents == 32


def test_without_its_files_it_says_where_they_are_looked_for(tmp_path):
    with pytest.raises(FileError, match="celeba"):
        load_faces(tmp_path)


@pytest.fixture
def small(faces, tmp_path, monkeypatch):
    """One step, one model, few pictures: the networks are large."""
    monkeypatch.setattr(images, "CELEBA_COUNT", COUNT)
    monkeypatch.setattr(celeba, "VARIANTS", {"X": "x{}"})
    monkeypatch.setattr(celeba, "MIXED", 1)
    monkeypatch.setattr(celeba, "STEPS", 2)
    monkeypatch.setattr(sampling, "POOL", 4)
    for name, value in (("PICTURES", 2), ("CODES", 4), ("WAY", 2)):
        monkeypatch.setattr(pictures, name, value)

    def make(size):
        scale = SCALES["smoke"]._replace(sizes=(size,), steps=1, batch_size=2, rows=2)
        monkeypatch.setitem(SCALES, "smoke", scale)
        return options(faces, tmp_path)

    return make


@pytest.mark.long
def test_faces_of_wide_causes_are_trained_measured_and_drawn(small):
    own = small("v324")
    found = make_table(own)
    assert found.rows == ("XAE v324",)
    assert found.cell("XAE v324", scores.ERROR).ours > 0
    assert 0 <= found.cell("XAE v324", scores.COLLAPSED).ours <= 32
    assert 0 <= found.cell("XAE v324", f"SCN, uniform, {scores.AUTHORS}").ours <= 1
    kinds = ("14", "15", "17-18", "16", "34")
    drawn = [picture.name for picture in celeba.draw_figures(own)]
    assert drawn == [*(f"figure-{kind}-xae-v324" for kind in kinds)]


@pytest.mark.long
def test_faces_of_single_causes_are_trained_and_stand_beside_each_other(small):
    own = small("v32")
    (only,) = list_configurations(own)
    run = celeba.train(only, "cpu")
    assert run.step == 1 and run.model.latent_shape == (32,)
    picture = pictures.draw_beside([celeba._as_subject(only, "cpu")], "7")
    assert picture.name == "figure-7"


def test_hybrids_take_one_unit_from_the_other():
    """A model of eight numbers that decodes them as they are."""
    from latentassay import from_torch
    from latentassay.data import load

    data = load("digits").take(np.arange(40))
    model = from_torch(lambda x: x.flatten(1)[:, 10:18], lambda z: z.view(-1, 1, 2, 4), latent_shape=(8,), prior=None)
    picture = draw_hybrids(Subject(name="AE", model=model, test=data, how="hybrid", seed=11))
    assert picture.name == "figure-34-ae" and figure_of(picture.figure).axes
