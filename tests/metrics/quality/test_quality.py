"""Three distances in one result."""

import numpy as np

from latentassay.metrics.quality.frechet import frechet_distance
from latentassay.metrics.quality.kernel import kernel_distance
from latentassay.metrics.quality.neighbours import precision_recall
from latentassay.metrics.quality.quality import quality
from tests.metrics.codes import normals


def test_quality_holds_the_three_and_says_of_what():
    real, fake = normals(200, 5), normals(150, 5, 1) + 0.3
    found = quality(real, fake, features="noise of 5", neighbours=4, subset_size=100, extrapolate=True, generator=3)
    assert found.frechet == frechet_distance(real, fake, extrapolate=True, generator=3)
    assert found.kernel == kernel_distance(real, fake, subset_size=100, generator=3)
    assert found.overlap == precision_recall(real, fake, neighbours=4)
    assert (found.features, found.n, found.m) == ("noise of 5", 200, 150)
    for words in ("noise of 5", "n = 200 and 150", "biased upwards", "unbiased", "4. neighbour"):
        assert words in found.variant


def test_more_noise_is_farther():
    real, other = normals(300, 6) * [3, 2, 1, 1, 0.5, 0.1], normals(300, 6, 1) * [3, 2, 1, 1, 0.5, 0.1]
    found = [quality(real, other + level * normals(300, 6, 2)) for level in (0, 0.5, 1, 2)]
    assert np.diff([f.frechet.score for f in found]).min() > 0 and np.diff([f.kernel.score for f in found]).min() > 0
    assert np.diff([f.overlap.precision for f in found]).max() < 0


def test_inputs_and_global_randomness_are_left_alone():
    a, b, state = normals(30, 3), normals(40, 3, 1), np.random.get_state()[1].copy()
    before = a.copy(), b.copy()
    quality(a, b, resamples=4, subset_size=20, extrapolate=True)
    np.testing.assert_array_equal(a, before[0])
    np.testing.assert_array_equal(b, before[1])
    np.testing.assert_array_equal(np.random.get_state()[1], state)
