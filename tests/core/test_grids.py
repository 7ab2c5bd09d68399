from latentassay.core.grids import Grid, markdown_of


def test_tables_stand_below_each_other_and_bars_in_cells_are_no_columns():
    text = markdown_of([Grid("First", ("a",), (("x|y",),)), Grid("", ("b", "c"), ())])
    assert text.split("\n\n") == ["**First**", "| a |\n| --- |\n| x\\|y |", "| b | c |\n| --- | --- |"]
