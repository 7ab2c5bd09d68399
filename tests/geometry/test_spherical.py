import math

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.geometry import slerp
from latentassay.geometry.spherical import angles


def test_slerp_turns_evenly_and_grows_evenly():
    a, b = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    z = slerp(a, b, 5)[0].double()
    assert_close(torch.atan2(z[:, 1], z[:, 0]), torch.linspace(0, torch.pi / 2, 5).double(), atol=1e-6, rtol=0.0)
    assert_close(z.norm(dim=1), torch.linspace(3, 1, 5).double(), atol=1e-6, rtol=0.0)
    near = slerp(a, a + 1e-6, 5)
    assert torch.isfinite(near).all() and (near[0, :, 0] >= 3).all()


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.3, math.pi / 2, math.pi - 1e-9, math.pi])
def test_angles_keep_their_digits_near_0_and_near_pi(angle):
    """The cosine of 1e-9 is 1 in double precision, and its arc 0."""
    u = torch.tensor([[2.0, 0.0]]).double()
    v = 3 * torch.tensor([[math.cos(angle), math.sin(angle)]]).double()
    assert float(angles(u, v)) == pytest.approx(angle, rel=1e-6, abs=1e-15)


def test_ends_that_cannot_be_joined_are_refused():
    a = torch.tensor([[1.0, 0.0]])
    for b, match in ((0 * a, "origin"), (-a, "opposite"), (a[:, :1], "same shape"), (a * torch.nan, "b holds NaN")):
        with pytest.raises(la.InputError, match=match):
            slerp(a, b, 5)
