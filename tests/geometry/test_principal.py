import numpy as np
import pytest
import torch
from scipy.stats import ortho_group
from sklearn.decomposition import PCA

import latentassay as la
from latentassay.geometry import principal_spectrum


def codes(n=400, scales=(3.0, 2.0, 1.0, 0.05), seed=0):
    return np.random.default_rng(seed).normal(size=(n, len(scales))) * scales


def test_spectrum_is_that_of_scikit_learn():
    x = codes() @ ortho_group.rvs(4, random_state=1)
    found, pca = principal_spectrum(x), PCA().fit(x)
    np.testing.assert_allclose(found.eigenvalues, pca.explained_variance_ * 399 / 400)
    np.testing.assert_allclose(np.abs(found.components @ pca.components_.T), np.eye(4), atol=1e-9)
    assert found.dimension == 3 and found.informative.tolist() == [True, True, True, False] and found.n == 400


def test_axes_are_found_whatever_their_order_and_sign():
    x = codes(20_000)[:, [2, 3, 0, 1]] * [-1, 1, 1, -1]
    found = principal_spectrum(x)
    assert found.axes.tolist() == [2, 3, 0, -1] and found.alignment > 0.999 and found.cosines[3] == 0


def test_a_turn_by_45_degrees_aligns_no_better_than_cos_45():
    half = np.sqrt(0.5)
    turned = codes(20_000, (2.0, 1.0)) @ np.array([[half, half], [-half, half]])
    assert principal_spectrum(turned).alignment == pytest.approx(half, abs=0.01)


def test_chance_is_what_random_directions_reach():
    # One random direction in the plane: the larger of |cos| and |sin|, on average 2√2 / π.
    assert principal_spectrum(codes(100, (1.0, 1e-3))).chance == pytest.approx(2 * np.sqrt(2) / np.pi, abs=0.02)
    # Fewer than 2 standard errors of 200 draws away, at seed 0 and at others, which differ.
    found = [principal_spectrum(codes(100, (1.0, 1e-3)), generator=g).chance for g in (0, 1, torch.Generator())]
    assert all(abs(chance - 2 * np.sqrt(2) / np.pi) < 2.5 * chance.stderr for chance in found) and len(set(found)) == 3
    # All of a rotation in the plane: |cos| or |sin| for both, whichever sums to more.
    assert principal_spectrum(codes(100, (2.0, 1.0))).chance == pytest.approx(2 * np.sqrt(2) / np.pi, abs=0.02)
    assert principal_spectrum(codes(100, (1.0,))).chance == 1


def test_fewer_rows_than_latents_and_codes_that_say_nothing():
    found = principal_spectrum(codes(3, (1.0,) * 6))
    assert found.dimension == 2 and found.eigenvalues[2:] == pytest.approx(0, abs=1e-12)
    nothing = principal_spectrum(np.full((5, 2), 0.1))
    assert (nothing.dimension, nothing.alignment, nothing.chance) == (0, 0, 0) and nothing.axes.tolist() == [-1, -1]
    assert principal_spectrum(torch.from_numpy(codes()).requires_grad_(), threshold=2.0).dimension == 2


@pytest.mark.parametrize(
    ("x", "options", "match"),
    [
        (np.zeros(3), {}, "shape"),
        (np.zeros((1, 3)), {}, "at least 2 samples"),
        (np.full((4, 2), np.nan), {}, "NaN"),
        (np.full((4, 2), "a"), {}, "numbers"),
        (np.zeros((4, 2)), {"threshold": -1.0}, "threshold"),
    ],
)
def test_refuses(x, options, match):
    with pytest.raises(la.InputError, match=match):
        principal_spectrum(x, **options)
