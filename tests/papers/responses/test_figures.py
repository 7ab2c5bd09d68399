"""Reports of the models whose figures the paper shows."""

from latentassay.papers.experiment import Options
from latentassay.papers.responses.figures import make_table


def test_every_model_gets_a_report_once_and_absent_data_a_note(tiny, tmp_path, trainings):
    options = Options("smoke", tmp_path)
    table = make_table(options)
    written = sorted(tmp_path.rglob("report.html"))
    assert len(written) == 2 and all("</html>" in path.read_text("utf-8") for path in written)
    row = "1-VAE, 3D Shapes, d = 24 (figures beside 10)"
    assert table.cell(row, "alive units").ours is not None
    assert [name for name in ("mnist", "fashion-mnist") if any(note.startswith(name) for note in table.notes)]
    before = [path.stat().st_mtime_ns for path in written]
    again = make_table(options)
    assert [path.stat().st_mtime_ns for path in written] == before and again.cells == table.cells
    assert trainings == [30, 30]
