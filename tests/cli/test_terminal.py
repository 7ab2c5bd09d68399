"""Tables as a terminal of any width shows them."""

from latentassay.cli import shell, terminal
from latentassay.papers.results import Table, over_seeds


def test_a_table_too_wide_for_the_terminal_is_shown_line_by_line(monkeypatch):
    columns = [f"score of kind {k}" for k in range(12)]
    cells = tuple(over_seeds("4-VAE", name, [0.25], scale="smoke", paper=0.5) for name in columns)
    table = Table(title="Wide", what="Many columns.", scale={"scale": "smoke"}, cells=cells, notes=())
    for width in (60, 400):
        monkeypatch.setattr(shell.out, "_width", width)
        with shell.out.capture() as captured:
            terminal.print_results(table, shell.out)
        text = captured.get()
        assert "…" not in text and text.count("0.25") == text.count("0.5 ") + text.count("0.5\n") == 12
