"""``latentassay explore``: a run becomes a page."""

from typer.testing import CliRunner

from latentassay.cli.app import app


def test_a_run_becomes_a_page(say, trained, tmp_path):
    text = say("explore", trained, "--out", tmp_path / "page.html", "--budget", "4s")
    assert "explorer: " in text and "MB)" in text
    assert '<script type="application/json" id="facts">' in (tmp_path / "page.html").read_text("utf-8")


def test_a_place_that_cannot_be_written_is_found_first(trained, tmp_path):
    found = CliRunner().invoke(app, ["explore", str(trained), "--out", str(tmp_path)])
    assert found.exit_code == 3 and "is a folder" in found.output
