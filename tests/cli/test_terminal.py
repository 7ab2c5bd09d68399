"""Tables as a terminal of any width shows them."""

import io

import pytest
import torch
from rich.console import Console

import latentassay as la
from latentassay.cli import shell, terminal
from latentassay.cli.terminal import grid_table
from latentassay.core.grids import Grid
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


@pytest.mark.parametrize("questions", (["units"], ["holes"], None))
@pytest.mark.parametrize("alive", (True, False))
def test_the_cost_names_dead_units_only_where_they_are(questions, alive, generator):
    """Also where few questions are answered, and the precision of the responses is not among them."""
    model = la.from_torch(lambda x: x[:, :3] * alive, lambda z: z.repeat(1, 2), latent_shape=(3,))
    x = torch.randn(64, 6, generator=generator)
    text = terminal.describe_cost(la.assay(model, x, samples=32, questions=questions))
    assert ("no unit answers" in text) is (not alive and questions != ["holes"])
    assert ("known to" in text) is (alive and questions is None)


def test_a_grid_is_shown_with_its_words_as_they_are():
    out = Console(width=60, record=True)
    out.print(grid_table(Grid("Faults [all]", ("what",), (("[red]no markup",),)), 80))
    assert [line.strip() for line in out.export_text().splitlines()] == ["Faults [all]", "what", "[red]no markup"]


def test_words_are_cut_in_a_table_only_where_they_must_be():
    rows = (("encoder ignored", "correlated codes of two", "warning 20"), ("ring", "share", "note"))
    grid = Grid("", ("planted", "doses", "level"), rows)
    for width, cut in ((40, False), (14, True)):
        out = Console(width=width, file=io.StringIO())
        out.print(grid_table(grid, width))
        assert ("correlated" not in out.file.getvalue()) is cut
