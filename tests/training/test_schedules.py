"""Learning rates as functions of the step."""

import pytest
import torch

import latentassay as la


def test_a_schedule_sets_the_rate_of_every_step_and_a_resumed_run_is_on_time(tmp_path):
    data = torch.rand(64, 3, generator=torch.Generator().manual_seed(0))
    steps = []

    def falling(step):
        steps.append(step)
        return 1e-2 / (1 + step)

    def build():
        return la.models.build("ae-mlp", x_shape=(3,), latents=2, likelihood="squared", hidden=(8,))

    whole, parts = build(), build()
    options = {"batch_size": 16, "lr": falling, "device": "cpu"}
    la.fit(whole, la.objectives.AE(), data, steps=6, **options)
    assert set(steps) == set(range(6))
    la.fit(parts, la.objectives.AE(), data, steps=3, out=tmp_path, **options)
    resumed = build()
    la.fit(resumed, la.objectives.AE(), data, steps=6, out=tmp_path, resume=True, **options)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(la.InputError, match="schedule must give"):
        la.fit(build(), la.objectives.AE(), data, steps=1, lr=lambda step: -1.0, device="cpu")


@pytest.mark.parametrize("change", [(0, 5), (1e-2, 0), (float("nan"), 5)])
def test_cosine_refuses_what_is_no_rate(change):
    with pytest.raises(la.InputError, match="cosine needs"):
        la.training.cosine(*change)


@pytest.mark.parametrize("change", [(0, 5), (1e-2, 0), (float("nan"), 5)])
def test_halved_refuses_what_is_no_rate(change):
    lr, every = change
    with pytest.raises(la.InputError, match="halved needs"):
        la.training.halved(lr, every=every)
