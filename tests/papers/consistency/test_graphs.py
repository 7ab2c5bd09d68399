"""Known graphs: the ways of reading one, and what training finds."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.data.causal import adjacency, scm
from latentassay.papers.consistency.graphs import (
    COLUMNS,
    CUT,
    EXPERIMENT,
    SCALES,
    _build_model,
    _fit_regressions,
    _measure_derivatives,
    hamming_distance,
    make_table,
)
from latentassay.papers.experiment import Options


def test_a_small_run_has_every_number(tmp_path):
    found = make_table(Options("smoke", tmp_path, seeds=1))
    assert found.rows == ("chain", "fork", "collider") and found.columns == COLUMNS
    assert all(0 <= cell.ours <= 6 for cell in found.cells)
    assert all(found.cell(row, "nothing").ours == found.cell(row, "everything").ours == 3 for row in found.rows)


@pytest.mark.parametrize("start", [1.0, -1.0])
def test_no_gate_starts_on_the_cut(start):
    """Untouched gates are all edges or none; neither is half a graph by chance."""
    gates = _build_model(0, 10, start).adjacency()
    possible = gates[torch.triu(torch.ones_like(gates, dtype=torch.bool), 1)]
    assert ((possible >= CUT) == (start > 0)).all() and (possible - CUT).abs().min() > 0.2


def test_the_distance_counts_places():
    truth = adjacency("chain")
    assert hamming_distance(truth, truth) == 0
    assert hamming_distance(np.zeros((4, 4)), truth) == 3
    assert hamming_distance(adjacency("collider"), truth) == 4  # 2 → 3 is shared


def test_regression_finds_a_linear_graph_alone():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(5000, 4))
    z[:, 1] += z[:, 0]
    z[:, 3] += 2 * z[:, 1]
    strengths = _fit_regressions(z)
    assert ((strengths > 0.1).nonzero()[0].tolist(), (strengths > 0.1).nonzero()[1].tolist()) == ([0, 1], [1, 3])


def test_derivatives_are_those_of_the_functions():
    """Central differences of each f_i, its other inputs held."""
    model = _build_model(0, 10, 1.0).double().eval()
    causes, noises = (
        torch.randn(20, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(s)) for s in (0, 1)
    )
    found, gates, h = _measure_derivatives(model, causes, noises), model.adjacency(), 1e-5
    for i in range(1, 4):
        for j in range(i):
            ends = []
            for sign in (1, -1):
                parents = causes[:, :i].clone()
                parents[:, j] += sign * h
                inputs = torch.cat([parents * gates[:i, i], noises[:, i : i + 1]], 1)
                ends.append(model.block.functions[i](inputs)[:, 0])
            slope = ((ends[0] - ends[1]) / (2 * h)).square().mean().sqrt()
            expected = float((slope * causes[:, j].std() / causes[:, i].std()).detach())
            assert found[j, i] == pytest.approx(expected, rel=1e-6)


def test_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"consistency\.graphs needs no files"):
        EXPERIMENT.check(Options("smoke", tmp_path, data={"mnist": "x"}))
    assert SCALES["laptop"].seeds == 10 and scm("chain", 3).name == "scm-chain"
