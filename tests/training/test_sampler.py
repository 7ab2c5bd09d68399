"""Batches are a pure function of seed and step."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from latentassay.training.sampler import Sampler


@given(n=st.integers(1, 40), batch_size=st.integers(1, 100), seed=st.integers(0, 99), epochs=st.integers(1, 3))
def test_every_row_is_seen_equally_often(n, batch_size, seed, epochs):
    sampler = Sampler(n, batch_size, seed)
    steps = -(-epochs * n // batch_size)
    stream = torch.cat([sampler.rows(step) for step in range(steps)])
    assert len(stream) == steps * batch_size
    for epoch in stream[: epochs * n].split(n):
        assert sorted(epoch.tolist()) == list(range(n))


@given(n=st.integers(1, 40), batch_size=st.integers(1, 50), steps=st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_a_step_does_not_depend_on_the_steps_asked_before(n, batch_size, steps):
    used = Sampler(n, batch_size, seed=1)
    for step in steps:
        assert torch.equal(used.rows(step), Sampler(n, batch_size, seed=1).rows(step))


def test_seeds_and_epochs_shuffle_differently():
    orders = {tuple(Sampler(100, 100, seed).rows(step).tolist()) for seed in range(3) for step in range(3)}
    assert len(orders) == 9
