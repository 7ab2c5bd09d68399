import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.metrics import Streaming

GRID = np.indices((5, 4, 6)).reshape(3, -1).T


def test_batches_give_what_the_whole_gives():
    codes = torch.from_numpy(GRID + 0.2 * np.random.default_rng(0).normal(size=GRID.shape)).float().requires_grad_()
    panel = Streaming(la.score, metrics=["mig", "irs"], seed=3)
    for part in range(0, 120, 32):
        panel.update(codes[part : part + 32], torch.from_numpy(GRID[part : part + 32]))
    whole = la.score(codes, GRID, metrics=["mig", "irs"], seed=3)
    assert [s.value for s in panel.compute()] == [s.value for s in whole]
    panel.reset()
    panel.update(codes[:60].view(60, 3, 1), GRID[:60, 0])
    assert panel._batches[0][0].shape == (60, 3) and panel._batches[0][1].shape == (60, 1)


def test_what_is_kept_does_not_change_with_the_batch():
    codes, factors = np.ones((4, 2), np.float32), np.arange(4)[:, None]
    stream = Streaming(lambda c, f: (c.sum(), f.sum()))
    stream.update(codes, factors)
    codes[:], factors[:] = 0, 0
    assert stream.compute() == (8, 6)


def test_refuses():
    stream = Streaming(la.metrics.mig)
    with pytest.raises(la.InputError, match="nothing was collected"):
        stream.compute()
    with pytest.raises(la.InputError, match="a batch needs"):
        stream.update(np.zeros((3, 2)), np.zeros((4, 1), int))
    stream.update(np.zeros((3, 2)), np.zeros((3, 1), int))
    with pytest.raises(la.InputError, match="batches must be alike: got 3 latents"):
        stream.update(np.zeros((3, 3)), np.zeros((3, 1), int))
