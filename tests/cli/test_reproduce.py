"""``latentassay reproduce``: what can be made again; each paper's tests run their own tables."""

from typer.testing import CliRunner

from latentassay.cli.app import app
from latentassay.papers.catalog import experiments


def test_all_tables_and_figures_are_listed():
    text = CliRunner().invoke(app, ["reproduce"]).stdout
    assert all(f"{known.name}  {known.summary}" in text for known in experiments())
    assert CliRunner().invoke(app, ["reproduce", "responses.helix", "--list"]).stdout == text


def test_an_interruption_says_where_to_go_on(monkeypatch, tmp_path):
    def interrupted(name, options):
        raise KeyboardInterrupt

    monkeypatch.setattr("latentassay.papers.catalog.reproduce", interrupted)
    done = CliRunner().invoke(app, ["reproduce", "responses.helix", "--out", str(tmp_path)])
    assert done.exit_code == 130
    assert "error: interrupted; what was done is in" in done.stderr and "the same command goes on" in done.stderr
