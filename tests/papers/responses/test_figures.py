"""Reports of the models whose figures the paper shows."""

from latentassay.papers.responses import figures


def test_every_model_gets_a_report_once_and_absent_data_a_note(tiny, monkeypatch, tmp_path, trainings):
    monkeypatch.setitem(figures.SAMPLES, "smoke", 32)
    table = figures.reports("smoke", tmp_path)
    written = sorted(tmp_path.rglob("report.html"))
    assert len(written) == 2 and all("</html>" in path.read_text("utf-8") for path in written)
    row = "1-VAE, 3D Shapes, d = 24 (figures beside 10)"
    assert table.cell(row, "alive units").ours is not None
    assert [name for name in ("mnist", "fashion-mnist") if any(note.startswith(name) for note in table.notes)]
    before = [path.stat().st_mtime_ns for path in written]
    again = figures.reports("smoke", tmp_path)
    assert [path.stat().st_mtime_ns for path in written] == before and again.cells == table.cells
    assert trainings == [30, 30]
