"""Tables 1, 2 and 3 of LR: the paper's values, and ours at a size that takes seconds."""

import json

import numpy as np
import pytest

from latentassay.core.errors import FileError, InputError
from latentassay.papers.responses import models as subjects
from latentassay.papers.responses import published
from latentassay.papers.responses.models import ALIVE, CDS, DCI, IRS, MIG, SCALES, UNSCALED, Subjects
from latentassay.papers.responses.tables import HUNDRED, table1, table2, table3
from tests.papers.conftest import small_grid

TEXT_1 = """
1-VAE 0.44 0.3 0.44 0.07
2-VAE 0.49 0.36 0.46 0.09
4-VAE 0.58 0.46 0.51 0.16
8-VAE 0.71 0.66 0.63 0.21
1-VAE 0.52 0.49 0.48 0.09
2-VAE 0.61 0.58 0.52 0.15
4-VAE 0.72 0.67 0.57 0.17
8-VAE 0.78 0.73 0.64 0.2"""
TEXT_2 = """
1-VAE 4.9 ± 1.3 1.5 ± 0.7 36 ± 2 3.1 ± 1.4 8 ± 2
2-VAE 1.6 ± 0.6 1.1 ± 0.3 33 ± 3 0.8 ± 0.4 2.9 ± 0.2
4-VAE 0.7 ± 0.4 1.1 ± 0.4 32 ± 1 0.15 ± 0.04 2.0 ± 1
8-VAE 0.5 ± 0.2 0.9 ± 0.1 23 ± 9 0.05 ± 0.02 0.4 ± 0.3"""
TEXT_3 = """
1-VAE 7.81 0.69 0.33 0.58 0.32
2-VAE 17.66 0.86 0.17 0.59 0.14
4-VAE 17.38 0.66 0.11 0.61 0.05
8-VAE 23.63 1 0.13 0.79 0.1
1-VAE 4.36 0.61 0.24 0.51 0.07
2-VAE 10.13 0.69 0.26 0.72 0.24
4-VAE 17.5 0.4 0.09 0.75 0.04
8-VAE 17.85 0.7 0.08 0.71 0.04"""
"""The tables as the text of arXiv 2106.16091 prints them."""


def lines(text):
    return [[float(word) for word in line.replace("±", "").split()[1:]] for line in text.split("\n")[1:]]


@pytest.fixture
def with_arm(tiny, monkeypatch):
    """The small grid stands for MPI3D, too."""
    load = subjects.load
    monkeypatch.setattr(
        subjects, "load", lambda name, **options: small_grid() if name == "mpi3d-toy" else load(name, **options)
    )


def test_the_papers_values_are_those_of_the_text():
    assert [list(row) for row in published.TABLE_1.values()] == lines(TEXT_1)
    assert list(published.TABLE_1) == [(beta, d) for d in (12, 24) for beta in published.BETAS]
    for beta, row in zip(published.BETAS, lines(TEXT_2), strict=True):
        assert [number for column in published.TABLE_2.values() for number in column[beta]] == row
    assert [list(row) for arm in published.TABLE_3.values() for row in arm.values()] == lines(TEXT_3)


def test_table_1_has_the_papers_rows_and_ours_beside_them(tiny, tmp_path, trainings):
    table = table1("smoke", tmp_path / "out")
    assert table.rows == ("1-VAE, d = 12", "8-VAE, d = 12", "1-VAE, d = 24", "8-VAE, d = 24")
    assert table.columns == (CDS, UNSCALED, DCI, IRS, MIG, ALIVE) and trainings == [30] * 4
    assert [table.cell("8-VAE, d = 24", name).paper for name in table.columns] == [0.78, None, 0.73, 0.64, 0.2, None]
    for row in table.rows:
        values = {name: table.cell(row, name).ours for name in table.columns}
        assert all(0 <= values[name] <= 1 for name in (CDS, UNSCALED, DCI, IRS, MIG))
        if values[ALIVE]:
            assert values[CDS] == pytest.approx((values[UNSCALED] - 1 / 4) / (1 - 1 / 4))
        else:
            assert values[CDS] == values[UNSCALED] == 0
    told = " ".join(table.notes)
    assert "σ where σ² belongs" in told and "published code does not" in told and "drawn anew" in told
    assert "30 steps of 16" in table.scale["training"] and table.scale["network"] == "vae-conv-small"


def test_what_is_done_is_not_done_again(tiny, tmp_path, trainings, monkeypatch):
    first = table1("smoke", tmp_path / "out")
    del trainings[:]
    monkeypatch.setattr(subjects, "demo_data", lambda: pytest.fail("the data were loaded"))
    monkeypatch.setattr(subjects, "_disentanglement", lambda *_: pytest.fail("a model was measured again"))
    assert table1("smoke", tmp_path / "out") == first and trainings == []


def test_table_2_takes_its_models_from_table_1(tiny, tmp_path, trainings):
    table1("smoke", tmp_path / "out")
    del trainings[:]
    table = table2("smoke", tmp_path / "out")
    assert trainings == [] and table.rows == ("1-VAE", "8-VAE") and table.columns == tuple(published.TABLE_2)
    assert table.cell("1-VAE", "3D Shapes").seeds == 1 and table.cell("1-VAE", "3D Shapes").published == "36 ± 2"


def test_data_without_files_are_told_and_not_made_up(tiny, tmp_path):
    table = table2("smoke", tmp_path / "out")
    for name in ("MNIST", "Fashion-MNIST", "MPI3D toy", "MPI3D real"):
        cell = table.cell("1-VAE", name)
        assert cell.ours is None and cell.seeds == 0 and cell.paper is not None
    told = [note for note in table.notes if "no files" in note]
    assert [note.split(":")[0] for note in told] == ["mnist", "fashion-mnist", "mpi3d-toy", "mpi3d-real"]
    assert "--data mpi3d-toy=FOLDER" in told[2] and str(tmp_path) not in table.to_json()
    kept = {path.name.split("-beta")[0] for path in (tmp_path / "out" / "runs" / "smoke").iterdir()}
    assert kept == {"shapes3d"}


def test_files_that_were_promised_must_be_there(tiny, tmp_path):
    with pytest.raises(FileError, match="the file is missing"):
        table2("smoke", data={"mnist": tmp_path})
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"no digits")
    for name in ("train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (tmp_path / name).write_bytes(b"no digits")
    with pytest.raises(FileError):
        table2("smoke", data={"mnist": tmp_path})


def test_table_3_asks_everything_of_the_arm(with_arm, tmp_path):
    table = table3("smoke", tmp_path / "out")
    assert table.columns == (HUNDRED, CDS, UNSCALED, DCI, IRS, MIG, ALIVE)
    assert table.rows == ("1-VAE, MPI3D toy", "8-VAE, MPI3D toy", "1-VAE, MPI3D real", "8-VAE, MPI3D real")
    toy, real = (table.cell(f"8-VAE, MPI3D {kind}", HUNDRED) for kind in ("toy", "real"))
    assert (toy.paper, real.paper, toy.seeds, real.seeds) == (23.63, 17.85, 1, 0)
    assert any("do not agree" in note for note in table.notes)


def test_seeds_have_an_interval(tiny, tmp_path):
    cell = table1("smoke", tmp_path / "out", seeds=2).cell("1-VAE, d = 12", DCI)
    assert cell.seeds == len(cell.values) == 2 and cell.low <= cell.ours <= cell.high


def test_seeds_split_and_draw_their_rows_anew(tiny):
    made = Subjects("smoke", None)
    first, again, other = (made._training_rows("3D Shapes", seed).factors for seed in (0, 0, 1))
    assert len(first) == 64 and np.array_equal(first, again) and not np.array_equal(first, other)


def test_the_official_shapes_are_used_if_they_are_named(tmp_path):
    made = Subjects("smoke", None, data={"shapes3d-official": tmp_path})
    assert made.is_official("3D Shapes")
    with pytest.raises(FileError, match=r"3dshapes\.h5"):
        made.structure("3D Shapes", 1, 12, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "huge"}, "smoke, laptop, paper, got 'huge'"),
        ({"scale": "smoke", "seeds": 0}, "seeds must be at least 1"),
        ({"scale": "smoke", "data": {"celeba": "x"}}, "no table needs celeba"),
    ],
)
def test_what_cannot_be_made_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        table1(**options)


def test_mnist_is_enlarged_and_split(shared_data, tiny, tmp_path):
    made = Subjects("smoke", tmp_path, data={"mnist": shared_data / "mnist"})
    assert made.structure("MNIST", 1, 12, 0)
    plan = json.loads((tmp_path / "runs" / "smoke" / "mnist-beta1-d12-seed0" / "plan.json").read_text())
    assert plan["batch_size"] == SCALES["smoke"].digits_batch and len(made._split("MNIST", 0).test) == 14_000
    assert made._data("MNIST").x_shape == (1, 32, 32)


@pytest.mark.long
def test_the_real_smoke_takes_seconds(tmp_path):
    table = table1("smoke", tmp_path)
    assert len(table.rows) == 4 and all(cell.ours is not None for cell in table.cells)
