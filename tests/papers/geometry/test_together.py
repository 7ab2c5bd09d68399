"""GEO's models trained side by side are those that are trained alone, and none is trained twice."""

import pytest
import torch

from latentassay.papers.experiment import Options
from latentassay.papers.geometry import together
from latentassay.papers.geometry.configurations import SCALES, list_configurations, train
from latentassay.papers.geometry.together import train_side_by_side
from latentassay.training.checkpoint import MANIFEST


@pytest.fixture
def short(monkeypatch):
    scale = SCALES["smoke"]._replace(epochs=2, snapshots=(1, 2), schedule="constant", latents=(8,), other=())
    monkeypatch.setitem(SCALES, "smoke", scale)


def test_each_is_what_it_is_alone(short, tmp_path, monkeypatch):
    side, alone = (list_configurations(Options("smoke", tmp_path / name)) for name in ("side", "alone"))
    train_side_by_side(side, "cpu")
    for one, other in zip(side, alone, strict=True):
        ours, theirs = train(one), train(other)
        assert ours.step == theirs.step == 24 and ours.snapshots == theirs.snapshots
        for name, value in theirs.model.state_dict().items():
            torch.testing.assert_close(ours.model.state_dict()[name], value)
    monkeypatch.setattr(together, "fit_many", None)
    train_side_by_side(side, "cpu")  # all are there


def test_what_was_cut_short_begins_anew_and_what_was_done_is_kept(short, tmp_path, monkeypatch):
    monkeypatch.setitem(SCALES, "smoke", SCALES["smoke"]._replace(epochs=20))  # several chunks
    first, second, *_ = grid = list_configurations(Options("smoke", tmp_path))[:2]
    real = together.fit_many
    monkeypatch.setattr(together, "fit_many", lambda trainings, **options: real(trainings, seconds=1e-9, **options))
    with pytest.raises(KeyboardInterrupt):
        train_side_by_side(grid, "cpu")
    assert not (first.run_folder / MANIFEST).exists() and not (second.run_folder / MANIFEST).exists()
    monkeypatch.setattr(together, "fit_many", real)
    train_side_by_side(grid[:1], "cpu")
    assert train(first).step == 240 and not (second.run_folder / MANIFEST).exists()
