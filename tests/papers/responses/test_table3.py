"""Table 3 of LR: the paper's values, and ours with a small grid in the place of MPI3D."""

import pytest

from latentassay.papers.experiment import Options
from latentassay.papers.responses import beta_vaes
from latentassay.papers.responses.scores import ALIVE, CDS, DCI, IRS, MIG, UNSCALED
from latentassay.papers.responses.table3 import HUNDRED, PRINTED, make_table
from tests.papers.conftest import small_grid
from tests.papers.responses.text import TABLE_3, numbers


@pytest.fixture
def with_arm(tiny, monkeypatch):
    """The small grid stands for MPI3D, too."""
    load = beta_vaes.load
    monkeypatch.setattr(
        beta_vaes, "load", lambda name, **options: small_grid() if name == "mpi3d-toy" else load(name, **options)
    )


def test_the_papers_values_are_those_of_the_text():
    assert [list(row) for arm in PRINTED.values() for row in arm.values()] == numbers(TABLE_3)


def test_everything_is_measured_of_the_arm(with_arm, tmp_path):
    table = make_table(Options("smoke", tmp_path / "out"))
    assert table.columns == (HUNDRED, CDS, UNSCALED, DCI, IRS, MIG, ALIVE)
    assert table.rows == ("1-VAE, MPI3D toy", "8-VAE, MPI3D toy", "1-VAE, MPI3D real", "8-VAE, MPI3D real")
    toy, real = (table.cell(f"8-VAE, MPI3D {kind}", HUNDRED) for kind in ("toy", "real"))
    assert (toy.paper, real.paper, toy.seeds, real.seeds) == (23.63, 17.85, 1, 0)
    assert any("do not agree" in note for note in table.notes)
