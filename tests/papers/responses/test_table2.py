"""Table 2 of LR: the paper's values, models that table 1 has trained, and data that are not there."""

import pytest

from latentassay.core.errors import FileError
from latentassay.papers.experiment import Options
from latentassay.papers.responses import table1
from latentassay.papers.responses.table2 import OTHERS, PRINTED, make_table
from tests.papers.responses.text import TABLE_2, numbers


@pytest.fixture(scope="module")
def made(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("table2")
    return folder, make_table(Options("smoke", folder))


def test_the_papers_values_are_those_of_the_text():
    for beta, row in zip((1, 2, 4, 8), numbers(TABLE_2), strict=True):
        assert [number for column in PRINTED.values() for number in column[beta]] == row


def test_rows_are_betas_and_columns_data_sets(made):
    table = made[1]
    assert table.rows == ("1-VAE, exact KL", "1-VAE, σ-KL", "8-VAE, exact KL", "8-VAE, σ-KL")
    assert table.columns == (*PRINTED, *(f"{name}, {words}" for words in OTHERS for name in PRINTED))
    cell = table.cell("1-VAE, σ-KL", "3D Shapes")
    assert cell.seeds == 1 and cell.published == "36 ± 2"
    seven = table.cell("1-VAE, σ-KL", "3D Shapes, seven scales")
    assert seven.paper is None and seven.ours != cell.ours
    # Hardly trained, no unit answers: means respond with one point, samples with the prior.
    assert table.cell("8-VAE, σ-KL", "3D Shapes, means").ours > 100 > abs(table.cell("8-VAE, σ-KL", "3D Shapes").ours)


def test_tables_share_their_models(made, trainings):
    table1.make_table(Options("smoke", made[0]))
    assert trainings == [30] * 4  # those of 24 latents; those of 12 are there
    assert make_table(Options("smoke", made[0])).cells == made[1].cells and trainings == [30] * 4


def test_data_without_files_are_named_and_not_made_up(made):
    folder, table = made
    for name in ("MNIST", "Fashion-MNIST", "MPI3D toy", "MPI3D real"):
        cell = table.cell("1-VAE, exact KL", name)
        assert cell.ours is None and cell.seeds == 0 and cell.paper is not None
    notes = [note for note in table.notes if "no files" in note]
    assert [note.split(":")[0] for note in notes] == ["mnist", "fashion-mnist", "mpi3d-toy", "mpi3d-real"]
    assert "--data mpi3d-toy=FOLDER" in notes[2] and str(folder) not in table.to_json()
    kept = {path.name.split("-exact")[0].split("-sigma")[0] for path in (folder / "runs" / "smoke").iterdir()}
    assert kept == {"shapes3d"}


def test_files_that_were_promised_must_be_there(tiny, tmp_path):
    with pytest.raises(FileError, match="the file is missing"):
        make_table(Options("smoke", tmp_path / "out", data={"mnist": tmp_path}))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"no digits")
    for name in ("train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (tmp_path / name).write_bytes(b"no digits")
    with pytest.raises(FileError):
        make_table(Options("smoke", tmp_path / "out", data={"mnist": tmp_path}))
