"""The double helix: what is trained, what is followed, and what is drawn."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from latentassay.core.errors import InputError
from latentassay.core.posteriors import Point
from latentassay.papers.experiment import Options
from latentassay.papers.responses import helix as module
from latentassay.papers.responses.helix import (
    ALL,
    HOPS,
    JUMP,
    RATIO,
    SCALES,
    STAYS,
    draw_figures,
    follow_strand,
    make_table,
    strand_points,
    train_helix,
    training_data,
)
from latentassay.plots.scales import ColourScale


class Unrolled(torch.nn.Module):
    """An autoencoder that knows the helix: z = (t, which strand ± 1), and R(z) = (z₀, ± 1)."""

    latent_shape, prior = (2,), None

    def encode(self, x: Tensor) -> Point:
        t = x[:, 2]
        side = x[:, 0] * torch.cos(math.pi * t) + x[:, 1] * torch.sin(math.pi * t)
        return Point(torch.stack([t, side], 1))

    def decode(self, z: Tensor) -> Tensor:
        t, side = z[:, 0], torch.tanh(8 * z[:, 1])
        return torch.stack([side * torch.cos(math.pi * t), side * torch.sin(math.pi * t), t], 1)


class Turning(Unrolled):
    """The same with the second latent turned upside down half way, so that a straight line changes strands."""

    def encode(self, x: Tensor) -> Point:
        z = super().encode(x).mean
        return Point(torch.stack([z[:, 0], z[:, 1] * torch.cos(math.pi * z[:, 0] / 0.8)], 1))

    def decode(self, z: Tensor) -> Tensor:
        return super().decode(torch.stack([z[:, 0], z[:, 1] * torch.cos(math.pi * z[:, 0] / 0.8)], 1))


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    folder = tmp_path_factory.mktemp("helix")
    return folder, make_table(Options("smoke", folder))


def test_strands_are_those_of_the_data():
    data = training_data(0)
    x, strand = data.batch(range(len(data))).numpy(), data.factors[:, 0]
    for s in (0, 1):
        rows = strand == s
        error = x[rows] - strand_points(s, torch.from_numpy(x[rows, 2])).numpy()
        assert 0.05 < np.abs(error[:, :2]).mean() < 0.3  # noise of 0.1, and what it does to the angle


def test_a_model_that_knows_the_helix_is_followed_both_ways():
    for strand in (0, 1):
        found = follow_strand(Unrolled(), strand)
        assert found.manifold and found.straight and found.jump < 1.5 and found.ratio <= 1


def test_a_straight_line_that_changes_strands_is_seen():
    found = follow_strand(Turning(), 0)
    assert not found.straight and found.path.straight.x[32, 0] < 0


def test_there_are_two_strands():
    with pytest.raises(InputError, match="0 or 1, got 2"):
        follow_strand(Unrolled(), 2)


def test_the_table_has_a_row_for_every_strand_and_one_for_all(smoke):
    table = smoke[1]
    assert table.rows == ("seed 0, strand 0", "seed 0, strand 1", ALL) and table.columns == (RATIO, STAYS, HOPS, JUMP)
    ratios = [table.cell(row, RATIO).ours for row in table.rows]
    assert 0 < min(ratios) <= max(ratios) <= 1 and ratios[2] == pytest.approx(sum(ratios[:2]) / 2)
    assert table.cell(ALL, STAYS).unit == "%" and str(table.cell(table.rows[0], HOPS)) in ("yes", "no")
    assert all(cell.paper is None and cell.scale == "smoke" for cell in table.cells)


def test_it_is_made_once(smoke, trainings, monkeypatch):
    folder, table = smoke
    monkeypatch.setattr(module, "follow_strand", lambda *_: pytest.fail("a strand was followed again"))
    assert make_table(Options("smoke", folder)) == table and trainings == []


def test_more_seeds_train_only_what_is_missing(smoke, trainings):
    folder, table = smoke
    more = make_table(Options("smoke", folder, seeds=2))
    assert trainings == [SCALES["smoke"].steps] and more.cells[:8] == table.cells[:8]


def test_figures_are_drawn_from_the_same_runs(smoke, trainings, monkeypatch):
    monkeypatch.setattr(module, "GRID", 30)
    drawn = draw_figures(Options("smoke", smoke[0]))
    assert trainings == [] and [picture.name for picture in drawn] == ["figure-2", "figure-3"]
    panels = drawn[0].figure.axes
    scales = [artist for ax in panels for artist in ax.get_children() if isinstance(artist, ColourScale)]
    assert len(panels) == 4 and len(scales) == 3 and len(drawn[1].figure.axes) == 2
    assert "Seed 0" in drawn[0].caption


def test_a_seed_fixes_everything(trainings):
    first, second = (train_helix(1, steps=5).model.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first) and trainings == [5, 5]


def test_threads_are_left_as_they_were():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train_helix(0, steps=1)
        with pytest.raises(InputError):
            follow_strand(Unrolled(), 2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(("scale", "seeds", "message"), [("huge", None, "smoke, laptop, paper"), ("smoke", 0, "seeds")])
def test_what_cannot_be_made_is_refused(scale, seeds, message, tmp_path):
    with pytest.raises(InputError, match=message):
        make_table(Options(scale, tmp_path, seeds=seeds))


@pytest.mark.long
def test_nine_of_ten_seeds_can_be_followed_along_both_strands(tmp_path):
    """Measured: 9 of 10, mean cost ratio 0.23 ± 0.08 (the tenth has a torn strand); straight lines always hop."""
    table = make_table(Options("paper", tmp_path))
    assert sum(table.cell(ALL, STAYS).values) >= 9
    assert table.cell(ALL, RATIO).ours < 0.35
    assert sum(table.cell(ALL, HOPS).values) == 0
