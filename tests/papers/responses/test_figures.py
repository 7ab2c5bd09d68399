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


def test_a_table_too_wide_for_the_terminal_is_told_line_by_line(monkeypatch):
    from latentassay.cli.main import main as cli
    from latentassay.cli.main import terminal
    from latentassay.papers.results import Table, over_seeds

    columns = [f"score of kind {k}" for k in range(12)]
    cells = tuple(over_seeds("4-VAE", name, [0.25], scale="smoke", paper=0.5) for name in columns)
    table = Table(title="Wide", what="Many columns.", scale={"scale": "smoke"}, cells=cells, notes=())
    for width in (60, 400):
        monkeypatch.setattr(cli.out, "_width", width)
        with cli.out.capture() as captured:
            terminal.print_results(table, cli.out)
        text = captured.get()
        assert "…" not in text and text.count("0.25") == text.count("0.5 ") + text.count("0.5\n") == 12
