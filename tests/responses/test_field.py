import numpy as np
import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from tests.oracles import slow
from tests.oracles.linear import random_linear


class Swirl:
    """A nonlinear response with a known divergence: R(z) = (sin x + y², cos y · x), third latent untouched."""

    latent_shape, prior = (3,), None

    def decode(self, z):
        return z

    def encode(self, x):
        return la.Point(torch.stack([x[:, 0].sin() + x[:, 1] ** 2, x[:, 1].cos() * x[:, 0], x[:, 2]], 1))


def exact(field):
    y, x = torch.meshgrid(field.ys, field.xs, indexing="ij")
    return x.cos() - 1 - x * y.sin() - 1


def test_linear_field_has_the_trace_as_divergence():
    model = random_linear(4, 7)
    field = la.response_field(
        model, (1, 3), n=9, base=torch.randn(4, generator=torch.Generator().manual_seed(0)).double()
    )
    expected = model.A[1, 1] + model.A[3, 3] - 2
    assert_close(la.divergence(field), expected.expand(9, 9), rtol=1e-9, atol=1e-9)


def test_finite_differences_converge_to_the_exact_divergence_and_the_published_code_does_not():
    """At n = 16, 31, 64 the error falls with the square of the spacing; without the spacing it does not fall."""
    ours, published = [], []
    for n in (16, 31, 64):
        field = la.response_field(Swirl(), (0, 1), n=n, base=torch.zeros(3).double())
        ours.append(float((la.divergence(field) - exact(field))[1:-1, 1:-1].abs().max()))
        without = torch.from_numpy(slow.published_divergence(*field.vectors.numpy().transpose(2, 0, 1)))
        published.append(float((without - exact(field))[1:-1, 1:-1].abs().max()))
    assert ours[1] < ours[0] / 3 and ours[2] < ours[1] / 3
    assert published[2] > 0.5 * published[0]


def test_exact_fields_have_the_closed_form_of_divergence_and_curvature():
    field = la.response_field(Swirl(), (0, 1), n=8, base=torch.zeros(3).double(), exact=True)
    assert_close(la.divergence(field), exact(field))
    fine = la.response_field(Swirl(), (0, 1), n=8, base=torch.zeros(3).double())
    assert fine.jacobian is None
    shrink = la.from_torch(lambda x: 0 * x, lambda z: z, latent_shape=(2,))
    radial = la.response_field(shrink, (0, 1), n=12, base=torch.zeros(2).double(), exact=True)
    y, x = torch.meshgrid(radial.ys, radial.xs, indexing="ij")
    assert_close(la.mean_curvature(radial), 1 / (2 * (x**2 + y**2).sqrt()))


def test_exact_mean_curvature_is_the_limit_of_finite_differences():
    gaps = []
    for n in (41, 81):
        extent, base = ((0.5, 2.5), (0.5, 2.5)), torch.zeros(3).double()
        exactly = la.mean_curvature(la.response_field(Swirl(), (0, 1), n=n, extent=extent, base=base, exact=True))
        roughly = la.mean_curvature(la.response_field(Swirl(), (0, 1), n=n, extent=extent, base=base))
        gaps.append(float((exactly - roughly)[1:-1, 1:-1].abs().median()))
    assert gaps[1] < gaps[0] / 3


def test_an_exact_mean_field_is_the_mean_of_exact_fields():
    bases = torch.randn(3, 3, generator=torch.Generator().manual_seed(0)).double()
    fields = [la.response_field(Swirl(), (0, 1), n=4, base=base, exact=True) for base in bases]
    mean = la.response_field(Swirl(), (0, 1), n=4, base=bases, exact=True)
    assert_close(mean.jacobian, torch.stack([field.jacobian for field in fields]).mean(0))


def test_a_field_that_stands_still_has_no_curvature():
    still = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,))
    for exactly in (False, True):
        field = la.response_field(still, (0, 1), n=4, exact=exactly)
        assert not la.mean_curvature(field).any() and not la.divergence(field).any()


def test_interior_equals_the_loop_and_axes_are_not_swapped():
    field = la.response_field(Swirl(), (0, 1), n=12, extent=((-2, 2), (-1, 3)), base=torch.zeros(3).double())
    expected = slow.divergence(*field.vectors.unbind(-1), *field.spacing)
    np.testing.assert_allclose(la.divergence(field)[1:-1, 1:-1], expected[1:-1, 1:-1], rtol=1e-9)
    x, y = 0.4, 1.2
    column, row = (int((axis - value).abs().argmin()) for axis, value in ((field.xs, x), (field.ys, y)))
    assert float(field.vectors[row, column, 0]) == pytest.approx(
        float(field.xs[column].sin() + field.ys[row] ** 2 - field.xs[column]), abs=1e-6
    )


def test_mean_curvature_of_a_radial_field():
    """F = −z has unit vectors −z/r, whose divergence is −1/r in the plane, so H = 1/(2r)."""
    shrink = la.from_torch(lambda x: 0 * x, lambda z: z, latent_shape=(2,))
    field = la.response_field(shrink, (0, 1), n=201, base=torch.zeros(2).double())
    y, x = torch.meshgrid(field.ys, field.xs, indexing="ij")
    r = (x**2 + y**2).sqrt()
    far = (r > 1) & (x.abs() < 2.9) & (y.abs() < 2.9)
    curvature = la.mean_curvature(field)
    assert torch.isfinite(curvature).all()
    assert_close(curvature[far], 1 / (2 * r[far]), rtol=2e-3, atol=0)


def test_mean_field_is_the_mean_of_fields():
    bases = torch.randn(3, 3, generator=torch.Generator().manual_seed(0)).double()
    one = [la.response_field(Swirl(), (0, 2), n=5, base=base).vectors for base in bases]
    mean = la.response_field(Swirl(), (0, 2), n=5, base=bases)
    assert mean.bases == 3
    assert_close(mean.vectors, torch.stack(one).mean(0))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (dict(latents=(1, 1)), "different"),
        (dict(latents=(0, 3)), "0..2"),
        (dict(n=2), "at least 3"),
        (dict(extent=(1, -1)), "low < high"),
        (dict(extent=(0, torch.nan)), "low < high"),
        (dict(base=torch.zeros(3, 2)), "shape"),
    ],
)
def test_bad_planes_are_refused(change, match):
    arguments = {"latents": (0, 1), "n": 5, **change}
    latents = arguments.pop("latents")
    with pytest.raises(la.InputError, match=match):
        la.response_field(Swirl(), latents, **arguments)


def test_spatial_latents_have_no_plane():
    pair = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2, 4, 4))
    with pytest.raises(la.InputError, match="vector latents"):
        la.response_field(pair, (0, 1), n=5)
