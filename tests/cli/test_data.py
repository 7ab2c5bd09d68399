"""``latentassay data``: every data set is listed and described."""

import numpy as np
from typer.testing import CliRunner

import latentassay as la
from latentassay.cli.app import app


def test_data_list_names_every_set():
    text = CliRunner().invoke(app, ["data", "list"]).stdout
    assert all(name in text for name in la.data.names())
    assert "CC BY" in CliRunner().invoke(app, ["data", "info", "mnist"]).stdout


def test_data_info_takes_a_path(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(0).random((50, 6), dtype="float32"), factors=["a", "b"] * 25)
    done = CliRunner().invoke(app, ["data", "info", str(tmp_path / "x.npz")], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "50 rows of 6" in done.stdout and "0 is 'a', 1 is 'b'" in done.stdout and "factors: factor 0" in done.stdout
