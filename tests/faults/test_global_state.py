import random
import sys

import torch

from latentassay.faults.global_state import read_state, restore_state


def test_everything_that_changes_is_seen_and_put_back():
    before = read_state()
    random.random()
    torch.set_default_dtype(torch.float64)
    torch.rand(1)
    try:
        after = read_state()
        changed = {name for name, value in before.items() if after[name] != value}
        assert changed == {"Python's chance", "default dtype", "torch's chance"}
    finally:
        restore_state(before)
    assert read_state() == before


def test_figures_and_settings_of_matplotlib_are_watched():
    from matplotlib import pyplot as plt

    before = read_state()
    figure = plt.figure()
    assert read_state()["settings of matplotlib"] != before["settings of matplotlib"] and "matplotlib" in sys.modules
    plt.close(figure)
    assert read_state() == before
