"""Which planes are drawn, and their maps."""

import numpy as np
import pytest
import torch

from latentassay.papers.responses import planes
from latentassay.papers.responses.planes import FAR, PlaneScale, choose_planes, draw_arrows, draw_plane
from latentassay.responses import response_field, response_matrix
from latentassay.sampling import drawn, encode
from tests.oracles.linear import LinearGaussian
from tests.papers.conftest import brightness_model, small_grid

FINE = PlaneScale(grid=7, means=3)


def matrix_of(mixing):
    """The response matrix of a linear model whose responses are ``mixing`` times the latents."""
    mixing = torch.tensor(mixing)
    model = LinearGaussian(mixing, torch.eye(len(mixing)))
    z = torch.randn(400, len(mixing), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return response_matrix(model, z)


def test_latents_that_move_each_other_are_planes_and_dead_ones_are_not():
    m = torch.eye(6)
    m[0, 3] = m[3, 0] = 0.6
    m[1, 2] = m[2, 1] = 0.4
    m[5, 5] = 0.0
    found = choose_planes(matrix_of(m.tolist()), 3)
    assert found[:2] == [(0, 3), (1, 2)] and all(5 not in pair for pair in found)
    assert 4 in found[2] or len({*found[2]} & {0, 1, 2, 3}) == 2


def test_each_plane_is_another_and_no_more_than_there_are():
    found = choose_planes(matrix_of(torch.eye(3).tolist()), 5)
    assert sorted(found) == [(0, 1), (0, 2), (1, 2)]
    assert len(choose_planes(matrix_of(torch.zeros(4, 4).tolist()), 2)) == 1  # the two strongest of all, at least


@pytest.fixture(scope="module")
def codes():
    model, data = brightness_model(), small_grid()
    return model, drawn(encode(model, data, generator=torch.Generator().manual_seed(0)))


def test_a_plane_of_all_latents_has_one_row_and_goes_as_far_as_it_is_told(codes):
    model, z = codes
    figure = draw_plane(model, z, (0, 1), FINE, reach=FAR)
    assert [ax.get_title(loc="left") for ax in figure.axes[:3]] == ["divergence", "mean curvature", "decodings"]
    assert all(ax.get_xlim() == (-4, 4) and ax.get_ylim() == (-4, 4) for ax in figure.axes[:2])


class Spread(LinearGaussian):
    """A response that depends on what the other latent is, so that its mean field is another."""

    def encode(self, x):
        q = super().encode(x)
        bent = q.mean.clone()
        bent[:, 0] = q.mean[:, 0] * q.mean[:, 2]
        return type(q)(bent, q.scale)


def test_other_latents_are_averaged_over_in_the_second_row(monkeypatch):
    taken = []

    def recording(*args, **options):
        taken.append((options["base"].shape, response_field(*args, **options)))
        return taken[-1][1]

    monkeypatch.setattr(planes, "response_field", recording)
    model = Spread(torch.eye(3, 8), torch.eye(8, 3))
    z = torch.randn(20, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    figure = draw_plane(model, z, (0, 1), FINE)
    assert [shape for shape, _ in taken] == [torch.Size([3]), torch.Size([3, 3])]
    mean = taken[1][1]
    # F_0 = z_0 (z_2 − 1), averaged over the z_2 of three samples.
    expected = np.asarray(mean.xs) * (float(z[:3, 2].mean()) - 1)
    np.testing.assert_allclose(np.asarray(mean.vectors)[0, :, 0], expected, atol=1e-6)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert [title for title in titles if "mean field" in title] == [
        "divergence, mean field",
        "mean curvature, mean field",
    ]


def test_arrows_are_of_the_plane(codes):
    ax = draw_arrows(*codes, (0, 1), FINE)
    assert ax.get_xlim() == (-3, 3) and ax.get_xlabel() == "unit 0"
