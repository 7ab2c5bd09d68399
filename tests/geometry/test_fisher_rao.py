import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_bvp
from torch.testing import assert_close

import latentassay as la

MEANS, STDS = st.floats(-20, 20), st.floats(0.02, 20)
PAIRS = [((0.0, 1.0), (3.0, 0.5)), ((-2.0, 0.3), (2.0, 0.3)), ((1.0, 0.2), (1.2, 2.0)), ((0.5, 1.0), (0.5, 3.0))]


def one(mean, std):
    # Not .double() of a float tensor: rounded to float32, means of 16 that differ by 1e-6 would be the same.
    return torch.tensor([[mean]], dtype=torch.float64), torch.tensor([[std]], dtype=torch.float64)


def random_gaussians(n=6, d=4, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=g).double(), 0.1 + torch.rand(n, d, generator=g).double()


def acosh_form(a, b):
    """The textbook form for one latent."""
    squares = (a[0] - b[0]) ** 2 / 2 + (a[1] - b[1]) ** 2
    return math.sqrt(2) * math.acosh(1 + squares / (2 * a[1] * b[1]))


def geodesic_equations(_, y):
    """Of ds² = (dμ² + 2 dσ²)/σ², by hand from its Christoffel symbols."""
    _, sigma, dmu, dsigma = y
    return np.stack([dmu, dsigma, 2 * dmu * dsigma / sigma, dsigma**2 / sigma - dmu**2 / (2 * sigma)])


def solved(a, b, t):
    """Means, stds and length by a numerical solution of the boundary-value problem."""
    start = np.linspace(0, 1, 200)
    bump = abs(a[0] - b[0]) / 3 * np.sin(np.pi * start)
    guess = np.stack(
        [a[0] + (b[0] - a[0]) * start, a[1] + (b[1] - a[1]) * start + bump, start * 0 + b[0] - a[0], start * 0]
    )

    def ends(first, last):
        return np.array([first[0] - a[0], first[1] - a[1], last[0] - b[0], last[1] - b[1]])

    found = solve_bvp(geodesic_equations, ends, start, guess, tol=1e-9, max_nodes=100_000)
    assert found.success
    mean, std, dmean, dstd = found.sol(t)
    return mean, std, np.sqrt(dmean**2 + 2 * dstd**2) / std


@given(MEANS, STDS, MEANS, STDS)
@example(16.0000009, 0.02, 16.0, 0.02)
def test_one_latent_has_the_closed_form(m1, s1, m2, s2):
    ours = float(la.fisher_rao_distance(one(m1, s1), one(m2, s2)))
    assert ours == pytest.approx(acosh_form((m1, s1), (m2, s2)), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_geodesics_solve_the_boundary_value_problem(a, b):
    way = la.fisher_rao_geodesic(one(*a), one(*b), steps=11)
    mean, std, speed = solved(a, b, np.linspace(0, 1, 11))
    np.testing.assert_allclose(way.mean[0, :, 0].numpy(), mean, atol=1e-6)
    np.testing.assert_allclose(way.std[0, :, 0].numpy(), std, atol=1e-6)
    np.testing.assert_allclose(float(way.distance), speed, atol=1e-6)


def test_near_gaussians_are_as_far_apart_as_their_divergence_says():
    """KL ≈ ½ d²: what makes the metric that of Fisher, its scale included."""
    mean, std = random_gaussians()
    near = (mean + 1e-4 * std, std * (1 + 1e-4))
    kl = torch.distributions.kl_divergence(torch.distributions.Normal(mean, std), torch.distributions.Normal(*near))
    assert_close(0.5 * la.fisher_rao_distance((mean, std), near).square(), kl.sum(1), rtol=1e-3, atol=0.0)


def test_latents_add_their_squares_and_shapes_do_not_matter():
    a, b = random_gaussians(), random_gaussians(seed=1)
    squares = sum(
        la.fisher_rao_distance(*((mean[:, [k]], std[:, [k]]) for mean, std in (a, b))).square() for k in range(4)
    )
    assert_close(la.fisher_rao_distance(a, b).square(), squares)
    spatial = [tuple(part.view(6, 1, 2, 2) for part in pair) for pair in (a, b)]
    assert_close(la.fisher_rao_distance(*spatial), la.fisher_rao_distance(a, b))
    assert la.fisher_rao_geodesic(*spatial, steps=3).z.shape == (6, 3, 1, 2, 2)


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_it_is_a_distance(seed):
    a, b, c = (random_gaussians(seed=seed + k) for k in range(3))
    ab, bc, ac = (la.fisher_rao_distance(*pair) for pair in ((a, b), (b, c), (a, c)))
    assert_close(ab, la.fisher_rao_distance(b, a))
    assert (ac <= ab + bc + 1e-12).all()
    assert (ab > 0).all() and not la.fisher_rao_distance(a, a).any()


def test_it_is_the_same_for_shifted_and_scaled_latents():
    a, b = random_gaussians(), random_gaussians(seed=1)
    moved = [(3 * mean - 7, 3 * std) for mean, std in (a, b)]
    assert_close(la.fisher_rao_distance(*moved), la.fisher_rao_distance(a, b))


def test_points_are_evenly_spaced_and_ends_are_exact():
    a, b = random_gaussians(), random_gaussians(seed=1)
    way = la.fisher_rao_geodesic(a, b, steps=13)
    for k in range(12):
        step = la.fisher_rao_distance((way.mean[:, k], way.std[:, k]), (way.mean[:, k + 1], way.std[:, k + 1]))
        assert_close(step, way.distance / 12)
    for end, (mean, std) in ((0, a), (-1, b)):
        assert torch.equal(way.mean[:, end], mean) and torch.equal(way.std[:, end], std)
    back = la.fisher_rao_geodesic(b, a, steps=13)
    assert_close(back.mean.flip(1), way.mean)
    assert_close(back.std.flip(1), way.std)


def test_variance_rises_along_the_way_as_in_figure_4():
    way = la.fisher_rao_geodesic(one(-1.0, 0.4), one(2.0, 0.4), steps=21)
    std = way.std[0, :, 0]
    assert (std[1:11] > std[:10]).all() and (std[11:] < std[10:-1]).all()
    assert float(std[10]) ** 2 == pytest.approx(0.4**2 + 3.0**2 / 8)
    assert ((way.mean[0, :, 0] - 0.5).square() / 2 + std.square()).std() < 1e-12  # a half circle in (μ/√2, σ)


def test_equal_means_go_straight_up_and_equal_ends_stay():
    way = la.fisher_rao_geodesic(one(5.0, 1.0), one(5.0, math.e), steps=5)
    assert_close(way.std[0, :, 0], torch.exp(torch.linspace(0, 1, 5).double()))
    assert (way.mean == 5).all() and float(way.distance) == pytest.approx(2**0.5)
    still = la.fisher_rao_geodesic(one(5.0, 0.1), one(5.0, 0.1))
    assert (still.mean == 5).all() and float(still.distance) == 0
    assert_close(still.std, torch.full_like(still.std, 0.1))


@pytest.mark.parametrize("gap", [1e-12, 1e-6, 1e-3, 1.0, 1e6, 1e30])
def test_near_and_far_ends_are_stable(gap):
    way = la.fisher_rao_geodesic(one(0.0, 1e-3), one(gap, 1e-3), steps=31)
    mean, std = way.mean[0, :, 0], way.std[0, :, 0]
    assert torch.isfinite(mean).all() and torch.isfinite(std).all() and (std >= 1e-3 * (1 - 1e-12)).all()
    assert (mean.diff() >= -1e-15 * gap).all()
    steps = la.fisher_rao_distance((mean[:-1, None], std[:-1, None]), (mean[1:, None], std[1:, None]))
    if gap < 1e10:  # farther, a step near the end is lost in the digits of μ
        assert float(steps.sum()) == pytest.approx(float(way.distance), rel=1e-6)
    if gap < 1e-5:
        assert float(way.distance) == pytest.approx(gap / 1e-3, rel=1e-5)  # dμ/σ


def test_samples_scatter_as_the_gaussians_along_the_way(generator):
    many = [tuple(part.expand(20_000, 1) for part in one(*end)) for end in ((0.0, 1.0), (4.0, 0.5))]
    way = la.fisher_rao_geodesic(*many, steps=5, sample=True, generator=generator)
    assert_close(way.z.mean(0), way.mean[0], atol=0.06, rtol=0.0)
    assert_close(way.z.std(0), way.std[0], atol=0.0, rtol=0.03)
    again = la.fisher_rao_geodesic(*many, steps=5, sample=True, generator=torch.Generator().manual_seed(0))
    assert torch.equal(way.z, again.z) and "sampled" in way.variant
    assert torch.equal(way.z, la.fisher_rao_geodesic(*many, steps=5, sample=True).z)  # seed 0
    plain = la.fisher_rao_geodesic(*many, steps=5)
    assert torch.equal(plain.z, plain.mean) and "means" in plain.variant


def test_posteriors_arrays_and_single_precision_are_read():
    a, b = random_gaussians(), random_gaussians(seed=1)
    truth = la.fisher_rao_distance(a, b)
    assert_close(la.fisher_rao_distance(la.DiagonalGaussian(*a), la.DiagonalGaussian(*b)), truth)
    arrays = [tuple(part.numpy() for part in pair) for pair in (a, b)]
    assert_close(torch.from_numpy(la.fisher_rao_distance(*arrays)), truth)
    along = la.fisher_rao_geodesic(*arrays)
    assert all(isinstance(part, np.ndarray) for part in (along.mean, along.std, along.z, along.distance))
    single = [tuple(part.float() for part in pair) for pair in (a, b)]
    assert_close(la.fisher_rao_distance(*single), truth, rtol=1e-5, atol=1e-6)
    assert la.fisher_rao_geodesic(*single).std.dtype == torch.float32


ONE, TWO = torch.ones(2, 3), torch.ones(2, 2)


@pytest.mark.parametrize(
    ("a", "b", "match"),
    [
        ((ONE, 0 * ONE), (ONE, ONE), "std of a must be positive"),
        ((ONE, ONE), (ONE, -ONE), "std of b must be positive"),
        ((ONE, ONE), (TWO, TWO), "same shape"),
        ((ONE, TWO), (ONE, ONE), "mean and std of a must both"),
        ((ONE[0], ONE[0]), (ONE[0], ONE[0]), r"mean\[None\]"),
        ((ONE * torch.nan, ONE), (ONE, ONE), "mean of a holds NaN"),
        ((ONE, ONE), (ONE, ONE * torch.inf), "std of b holds NaN or infinite"),
        ((ONE, ONE, ONE), (ONE, ONE), "a must be"),
        (ONE, (ONE, ONE), "a must be"),
        ((ONE.int(), ONE), (ONE, ONE), "floating-point"),
        ((ONE, 1.0), (ONE, ONE), "tensor or array"),
        (la.Point(ONE), (ONE, ONE), "must be positive"),
        (la.FullCovarianceGaussian(ONE, torch.eye(3).expand(2, 3, 3)), (ONE, ONE), "full covariance"),
    ],
)
def test_bad_input_is_refused(a, b, match):
    for ask in (la.fisher_rao_distance, la.fisher_rao_geodesic):
        with pytest.raises(la.InputError, match=match):
            ask(a, b)


def test_bad_options_are_refused():
    with pytest.raises(la.InputError, match="steps"):
        la.fisher_rao_geodesic((ONE, ONE), (ONE, ONE), steps=1)
    with pytest.raises(la.InputError, match="seed"):
        la.fisher_rao_geodesic((ONE, ONE), (ONE, ONE), sample=True, generator=-1)
