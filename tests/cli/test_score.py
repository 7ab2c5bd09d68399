"""``latentassay score``: files and runs, and every number with its variant."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from latentassay.cli.app import app
from latentassay.metrics.catalog import code_metrics


@pytest.fixture
def codes_file(tmp_path):
    factors = np.indices((6, 5, 4, 2)).reshape(4, -1).T
    codes = factors + 0.1 * np.random.default_rng(0).normal(size=factors.shape)
    path = tmp_path / "codes.npz"
    np.savez(path, codes=codes, factors=factors, factor_names=np.array(["hue", "size", "shape", "side"]))
    return path


def test_score_prints_every_number_with_its_variant(say, codes_file, tmp_path):
    words = ("--variants", "--resamples", 2, "--save", tmp_path / "panel.json", "--metric", "mig")
    text = " ".join(say("score", codes_file, *words).split())
    assert "240 rows, 4 latents, factors hue, size, shape, side; seed 0" in text
    assert "20 equal-count bins" in text and "binning=width" in text and "±" in text
    kept = json.loads((tmp_path / "panel.json").read_text("utf-8"))
    assert {score["name"] for score in kept["scores"]} >= {"mig", "mig[bins=10, binning=width]"}


def test_score_of_a_run_encodes_its_unseen_rows(say, trained):
    text = say("score", trained, "--rows", 200, "--metric", "mig", "--metric", "dci", "--metric", "linear_probe")
    assert "200 rows, 4 latents" in text and "left out dci" in text  # digits have one factor only


def test_score_draws_rows_and_takes_labels_without_names(say, codes_file, tmp_path):
    with np.load(codes_file) as kept:
        np.savez(tmp_path / "plain.npz", codes=kept["codes"].reshape(240, 2, 2), factors=kept["factors"][:, 0])
    assert "100 rows, 4 latents, factors 0;" in say("score", tmp_path / "plain.npz", "--rows", 100, "--metric", "irs")


@pytest.mark.parametrize(
    ("arrays", "code", "message"),
    [
        (None, 3, "the file is missing"),
        ({"z": np.zeros((3, 2))}, 3, "has no array codes or factors, only z"),
        ({"codes": np.zeros((3, 2)), "factors": np.zeros((4, 1), int)}, 2, "must fit"),
        ({"codes": np.zeros((3, 2)), "factors": np.zeros((3, 1), int)}, 2, "no factor varies"),
        ({"codes": np.zeros((8, 2)) * np.nan, "factors": np.arange(8)[:, None] % 2}, 2, "NaN"),
        ({"codes": np.zeros((8, 2)), "factors": np.arange(8)[:, None] % 2 + 0.5}, 2, "integer"),
        ({"codes": np.zeros((3, 2)), "factors": np.eye(3, 2).astype(int), "factor_names": np.array(["a"])}, 2, "names"),
        ({"codes": np.array([{}, {}]), "factors": np.zeros((2, 1), int)}, 3, "Python objects"),
    ],
)
def test_score_refuses_in_one_line(arrays, code, message, tmp_path):
    path = tmp_path / "some.npz"
    if arrays is not None:
        np.savez(path, **arrays)
    found = CliRunner().invoke(app, ["score", str(path)])
    assert found.exit_code == code, found.output
    assert message in " ".join(found.stderr.split())


def test_metrics_are_listed_and_an_unknown_one_names_them_all(codes_file):
    done = CliRunner().invoke(app, ["score", "--list"], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    lines = [line.split("  ")[0].strip() for line in done.stdout.splitlines()]
    listed = [score.name for metric in code_metrics().values() for score in metric.scores]
    assert lines[1:] == listed and "Suter et al. 2019" in done.stdout and "in nats" in done.stdout
    refused = CliRunner().invoke(app, ["score", str(codes_file), "--metric", "best"])
    assert refused.exit_code == 2 and f"among {', '.join(code_metrics())}, got best" in " ".join(refused.stderr.split())


def test_score_reads_a_table_of_text(say, tmp_path):
    (tmp_path / "z.csv").write_text("z0,z1,label\n" + "".join(f"{i / 99},{i % 7},{'abc'[i % 3]}\n" for i in range(99)))
    text = say("score", tmp_path / "z.csv", "--metric", "mig")
    assert "99 rows, 2 latents, factors label;" in text and "2 columns of numbers, labels label" in text
    (tmp_path / "y.csv").write_text("a,b\n1,2\n3,4\n")
    found = CliRunner().invoke(app, ["score", str(tmp_path / "y.csv")])
    assert found.exit_code == 3 and "no column of labels among a, b" in found.stderr
    (tmp_path / "x.parquet").write_bytes(b"1")
    found = CliRunner().invoke(app, ["score", str(tmp_path / "x.parquet")])
    assert found.exit_code == 3 and "np.savez" in found.stderr
