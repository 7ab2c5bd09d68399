"""``latentassay data``: every data set is listed and described."""

from typer.testing import CliRunner

import latentassay as la
from latentassay.cli.app import app


def test_data_list_names_every_set():
    text = CliRunner().invoke(app, ["data", "list"]).stdout
    assert all(name in text for name in la.data.names())
    assert "CC BY" in CliRunner().invoke(app, ["data", "info", "mnist"]).stdout
