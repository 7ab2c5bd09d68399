"""Table 3 of LR: the paper's values, and ours with a small grid in the place of MPI3D."""

import pytest

from latentassay.papers.experiment import Options
from latentassay.papers.responses import beta_vaes
from latentassay.papers.responses.scores import ALIVE, CDS_VARIANTS, DCI, IRS, MIG
from latentassay.papers.responses.table3 import HUNDRED, PRINTED, SAMPLED, SEVEN_SCALES, make_table
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
    assert table.columns == (HUNDRED, SAMPLED, SEVEN_SCALES, *CDS_VARIANTS, DCI, IRS, MIG, ALIVE)
    assert table.rows == tuple(
        f"{beta}-VAE, MPI3D {kind}, {kl}" for kind in ("toy", "real") for beta in (1, 8) for kl in ("exact KL", "σ-KL")
    )
    toy, real = (table.cell(f"8-VAE, MPI3D {kind}, σ-KL", HUNDRED) for kind in ("toy", "real"))
    assert (toy.paper, real.paper, toy.seeds, real.seeds) == (23.63, 17.85, 1, 0)
    # Hardly trained, no unit answers: means respond with one point, samples with the prior.
    assert toy.ours > 10 and abs(table.cell("8-VAE, MPI3D toy, σ-KL", SAMPLED).ours) < toy.ours / 2
    assert any("responses are means" in note and "23.64 × 10⁻²" in note for note in table.notes)
