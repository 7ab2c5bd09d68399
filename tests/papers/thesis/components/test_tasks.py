"""Table 3.1 of the thesis: data sets, networks and β."""

from latentassay.papers.thesis.components.tasks import FILES, NAMES, PIXELS, SQUARES, TASKS


def test_every_data_set_has_its_networks():
    assert {*NAMES, *SQUARES.values()} == set(TASKS) and set(FILES) == set(PIXELS) <= set(NAMES)
    betas = {name: TASKS[name].beta for name in NAMES}
    assert betas == {"dSprites": 4.0, "fMNIST": 1.0, "MNIST": 1.0, "Synth. Lin.": 1e-4, "Synth. Non-Lin.": 1e-3}
    assert {name: TASKS[name].epochs for name in PIXELS} == {"MNIST": 400, "fMNIST": 500}


def test_the_line_search_holds_the_printed_beta():
    for name in ("dSprites", "Synth. Lin.", "Synth. Non-Lin."):
        assert TASKS[name].beta in TASKS[name].line and list(TASKS[name].line) == sorted(TASKS[name].line)
    assert all(TASKS[name] == TASKS["Synth. Lin."] for name in SQUARES.values())
