"""Extrapolation of any model: what is compared is what was said, and on a linear model it is known which part must."""

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.data import FactorData
from latentassay.evaluation.extrapolation import ARMS, extrapolate, gap_shares
from latentassay.objectives import AE

CODES = np.indices((6, 5)).reshape(2, -1).T
COLUMN = (CODES[:, :1] - 2) / np.float32(2)


def plane(sign=1.0):
    """Two values in a line; where the factor is 5 they lie in another direction."""
    rows = np.concatenate([COLUMN, np.where(CODES[:, :1] == 5, sign * COLUMN, COLUMN)], 1).astype(np.float32)
    return FactorData(rows, CODES, ("place", "copy"))


def linear(latents=1):
    return la.models.build("ae-mlp", x_shape=(2,), latents=latents, likelihood="squared", hidden=())


def ask(model=None, train=None, test=None, factor="place", values=5, **options):
    common = {"steps": 150, "more": 150, "batch_size": 16, "lr": 0.05, "device": "cpu"}
    data = plane(-1.0)
    return extrapolate(model or linear(), AE(), train or data, test or data, factor, values, **common | options)


def test_what_lies_in_another_direction_is_lost_until_the_decoder_learns_it():
    """One latent decodes to one line, (c, c) at first, which (1.5, −1.5) is at 1.5² + c² from: 1.5² at best."""
    found = ask(more=400)
    assert found.held_out["neither"] > 0.99 * 1.5**2
    assert found.held_out["encoder"] == pytest.approx(1.5**2, rel=0.02)
    assert found.held_out["decoder"] < 1.5**2 - 0.2
    assert found.other["neither"] == pytest.approx(0, abs=1e-3)
    assert found.closed["encoder"] < found.closed["decoder"]


def test_a_second_latent_takes_it_up():
    found = ask(linear(2), more=600)
    assert found.held_out["both"] < 0.01 < found.held_out["neither"]
    assert found.other["both"] < 0.01


def test_arms_begin_alike_leave_alone_what_they_freeze_and_leave_the_model_alone():
    model = linear()
    before = [value.clone() for value in model.state_dict().values()]
    found = ask(model, steps=3, more=2)
    assert all(map(torch.equal, before, model.state_dict().values()))
    start = found.models["neither"].state_dict()
    for arm, frozen in ARMS.items():
        for name, value in found.models[arm].state_dict().items():
            assert torch.equal(value, start[name]) == (name.split(".")[0] in frozen), (arm, name)
    assert not any(made.training for made in found.models.values())


def test_errors_are_those_of_unseen_rows_with_and_without_the_values():
    test = plane(-1.0).take([0, 7, 12, 27, 28])
    found = ask(test=test, values=[4, 5], steps=3, more=2, arms=("neither", "both"))
    for arm, model in found.models.items():
        with torch.no_grad():
            x = test.batch(range(5))
            each = ((model.decode(model.encode(x).mean) - x) ** 2).mean(1)
        assert found.held_out[arm] == pytest.approx(float(each[3:].mean()))
        assert found.other[arm] == pytest.approx(float(each[:3].mean()))
    assert (found.n, found.others, list(found.models)) == (2, 3, ["neither", "both"])
    assert found.variant.startswith("3 steps without place 4, 5, 2 with all, of 16")


def test_the_first_phase_does_not_see_them():
    seen = []

    class Watching(AE):
        def __call__(self, model, x, generator):
            seen.append({tuple(row) for row in x.tolist()})
            return super().__call__(model, x, generator)

    data = plane(-1.0)
    extrapolate(linear(), Watching(), data, data, 0, 5, steps=20, more=20, batch_size=16, device="cpu")
    new = tuple(plane(-1.0).batch([29])[0].tolist())
    assert len(seen) == 80 and not any(new in rows for rows in seen[:20]) and any(new in rows for rows in seen[20:])


def test_the_share_that_is_closed():
    assert gap_shares({"neither": 4.0, "encoder": 3.0, "decoder": 1.0, "both": 0.0}) == {
        "encoder": 0.25,
        "decoder": 0.75,
    }
    assert gap_shares({"neither": 4.0, "both": 0.0, "decoder": 5.0}) == {"decoder": -0.25}
    assert (
        gap_shares({"neither": 1.0, "encoder": 0.5, "both": 1.0}) == gap_shares({"neither": 1.0, "encoder": 0.5}) == {}
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"arms": ("all",)}, "arms must be some of neither, encoder, decoder, both"),
        ({"arms": "both"}, "arms must be some of"),
        ({"arms": ()}, "arms must be some of"),
        ({"factor": "shape"}, "has no factor 'shape'; it has place, copy"),
        ({"values": 6}, r"must lie in 0\.\.5"),
        ({"values": range(6)}, "a part is empty"),
        ({"test": plane().take([0, 1])}, "a part is empty"),
        ({"more": 0}, "steps must be a positive integer"),
    ],
)
def test_what_is_refused(options, words):
    with pytest.raises(la.InputError, match=words):
        ask(**{"steps": 1, "more": 1, **options})
