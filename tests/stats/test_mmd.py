import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import euclidean_distances

from latentassay.core.errors import InputError
from latentassay.stats import mmd
from latentassay.stats.mmd import SCALES, inverse_multiquadratic, of_squared_distances, paired_mmd, unpaired_mmd
from tests.oracles import slow
from tests.oracles.discrepancy import gaussian_mmd

WIDTHS = [0.5, 2.0, 8.0]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normals(n, d, seed):
    return torch.randn(n, d, generator=seeded(seed), dtype=torch.float64)


def test_equals_the_double_loop():
    x, y = normals(12, 3, 0), normals(12, 3, 1) + 0.5
    assert paired_mmd(x, y, widths=WIDTHS, generator=seeded()).value == pytest.approx(slow.mmd(x, y, WIDTHS), abs=1e-12)


def test_a_few_rows_at_a_time_are_all_of_them(monkeypatch):
    x, y = normals(50, 3, 0), normals(50, 3, 1) + 0.5
    whole = paired_mmd(x, y, widths=WIDTHS, generator=seeded())
    for held in (1, 7 * 50, 49 * 50):
        monkeypatch.setattr(mmd, "HELD", held)
        found = paired_mmd(x, y, widths=WIDTHS, generator=seeded())
        assert found.value == pytest.approx(whole.value, rel=1e-12)
        assert found.value.stderr == pytest.approx(whole.value.stderr, rel=1e-9)
        assert found.effect == pytest.approx(whole.effect, rel=1e-12) and found.p_value == whole.p_value


def test_kernel_equals_scikit_learns_distances():
    a, b = normals(5, 3, 0), normals(4, 3, 1)
    squared = euclidean_distances(a.numpy(), b.numpy(), squared=True)
    expected = np.mean([c / (c + squared) for c in WIDTHS], axis=0)
    np.testing.assert_allclose(inverse_multiquadratic(a, b, WIDTHS), expected, rtol=1e-10)


def test_unbiased_and_calibrated_when_nothing_differs():
    def one(s):
        x, y = normals(60, 2, 2 * s), normals(60, 2, 2 * s + 1)
        return paired_mmd(x, y, widths=WIDTHS, generator=seeded(s), permutations=100)

    found = [one(s) for s in range(150)]
    values = np.array([f.value for f in found])
    assert abs(values.mean()) < 3 * values.std() / 150**0.5
    assert 0.005 <= np.mean([f.p_value <= 0.05 for f in found]) <= 0.11
    assert np.mean([f.value.stderr for f in found]) == pytest.approx(values.std(), rel=0.25)


def test_stderr_is_right_for_paired_rows_that_differ():
    def one(s):
        x = normals(80, 2, 2 * s)
        return paired_mmd(
            x, 0.5 * x + 0.3 + 0.2 * normals(80, 2, 2 * s + 1), widths=WIDTHS, generator=seeded(s), permutations=2
        )

    found = [one(s) for s in range(150)]
    values = np.array([f.value for f in found])
    assert np.mean([f.value.stderr for f in found]) == pytest.approx(values.std(), rel=0.2)
    assert paired_mmd(normals(80, 2, 0), normals(80, 2, 1) + 2, widths=WIDTHS, generator=seeded()).p_value < 0.01


def test_the_effect_is_the_share_of_the_variance_between_both_in_feature_space():
    """By brute force: the kernel matrix of both samples, centred, is the Gram matrix of points in feature space."""
    x, y = normals(400, 2, 0), normals(400, 2, 1) * 0.4 + 0.3
    both = torch.cat([x, y])
    gram = inverse_multiquadratic(both, both, WIDTHS)
    label = torch.cat([torch.ones(400), -torch.ones(400)]).double() / 800**0.5
    centred = gram - gram.mean(0) - gram.mean(1, keepdim=True) + gram.mean()
    share = float(label @ centred @ label / centred.trace())
    found = paired_mmd(x, y, widths=WIDTHS, generator=seeded())
    assert found.effect == pytest.approx(share, rel=0.05)  # up to the bias of the plain estimate, of order 1 / n
    relative = found.value.stderr / found.value
    assert found.effect.stderr / found.effect == pytest.approx(relative, rel=0.1)


def test_the_effect_of_samples_that_agree_is_none_and_of_points_far_apart_nearly_all():
    x = normals(60, 2, 0)
    assert paired_mmd(x, x, widths=WIDTHS, generator=seeded()).effect == 0
    near, far = 1e-3 * x, 1e-3 * x + 1e4
    assert paired_mmd(near, far, widths=WIDTHS, generator=seeded()).effect > 0.99


def test_p_values_are_as_small_as_their_permutations_allow():
    x = normals(200, 3, 0)
    assert paired_mmd(x, 0.9 * x, widths=WIDTHS, generator=seeded()).p_value == 0.001
    assert paired_mmd(x, x, widths=WIDTHS).p_value == 1


def test_intervals_hold_the_discrepancy_of_a_few_pairs_that_differ():
    """Pairs are the same but for 5 % that lie at one place; the truth is 0.05² times that of the two."""

    def one(s):
        x = normals(128, 3, s)
        y = torch.where(torch.rand(128, 1, generator=seeded(s + 1000)) < 0.05, torch.full((3,), 5.0).double(), x)
        return paired_mmd(x, y, widths=[6 * scale for scale in SCALES], generator=seeded(s), permutations=1).value

    place, widths = torch.full((1, 3), 5.0).double(), [6 * scale for scale in SCALES]
    many, others = normals(200_000, 3, 7), normals(200_000, 3, 8)
    within = of_squared_distances((many - others).square().sum(1, keepdim=True), widths).mean()
    truth = 0.05**2 * float(within + 1 - 2 * inverse_multiquadratic(many, place, widths).mean())
    found = [one(s) for s in range(120)]
    plain = sum(value - 1.96 * value.stderr <= truth <= value + 1.96 * value.stderr for value in found)
    assert plain < 0.86 * 120 < 0.9 * 120 <= sum(value.low <= truth <= value.high for value in found)


def test_what_differs_unseen_is_in_the_interval():
    x = normals(100, 2, 0)
    found = paired_mmd(x, x, widths=WIDTHS)
    assert (found.value, found.value.low) == (0, 0) and found.value.high == pytest.approx(2 * (3 / 100) ** 2)
    assert found.effect.high > 0.0004


def test_unpaired_equals_the_double_loop():
    x, y = normals(5, 3, 0), normals(7, 3, 1) + 0.5

    def mean_kernel(a, b, same):
        pairs = [(i, j) for i in range(len(a)) for j in range(len(b)) if not (same and i == j)]
        return np.mean([np.mean([c / (c + float((a[i] - b[j]).square().sum())) for c in WIDTHS]) for i, j in pairs])

    expected = mean_kernel(x, x, True) + mean_kernel(y, y, True) - 2 * mean_kernel(x, y, False)
    assert float(unpaired_mmd(x, y, widths=WIDTHS)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("shift", "std"), [(0.0, 1.0), (0.4, 1.0), (0.0, 0.6), (-0.3, 1.5)])
def test_unpaired_is_unbiased(shift, std):
    """Against quadrature, for Gaussians; of unlike sizes, so that nothing is divided by the other's."""
    d, n, m, repeats = 4, 12, 20, 600
    drawn = [(shift + std * normals(n, d, 2 * s), normals(m, d, 2 * s + 1)) for s in range(repeats)]
    values = np.array([float(unpaired_mmd(x, y, widths=WIDTHS)) for x, y in drawn])
    expected = np.mean([gaussian_mmd(c, d, shift, std, 1.0) for c in WIDTHS])
    assert abs(values.mean() - expected) < 4 * values.std() / repeats**0.5
    if shift == 0 and std == 1:  # as often negative as positive, nearly; with the diagonals it never would be
        assert 0.3 < np.mean(values < 0) < 0.7
        biased = [
            v + (1 - inverse_multiquadratic(x, x, WIDTHS).mean()) / n for v, (x, _) in zip(values, drawn, strict=True)
        ]
        assert np.mean(biased) > 20 * values.std() / repeats**0.5


def test_unpaired_can_be_descended():
    x, y = normals(4, 2, 0).requires_grad_(), normals(5, 2, 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: unpaired_mmd(a, b, widths=WIDTHS), (x, y))
    same = torch.zeros(
        3, 2, dtype=torch.float64, requires_grad=True
    )  # on top of one another, where distances have no derivative
    unpaired_mmd(same, y.detach(), widths=WIDTHS).backward()
    assert torch.isfinite(same.grad).all() and bool(same.grad.any())


def test_one_row_has_no_discrepancy():
    with pytest.raises(InputError, match="two rows"):
        unpaired_mmd(normals(1, 2, 0), normals(5, 2, 1), widths=WIDTHS)
