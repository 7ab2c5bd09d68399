"""Where one digit turns into another: the classifier that says so, and how long it is in doubt."""

import torch

from latentassay.papers.geometry.turns import measure_doubt, train_digit_classifier


def test_the_classifier_knows_digits_and_draws_pairs_of_different_ones():
    classifier = train_digit_classifier("digits", None, 0)
    assert 0.75 < classifier.accuracy < 1 and len(classifier.x) == 597
    a, b = classifier.draw_pairs(20, 0)
    assert len(a) == len(b) == 20 and (classifier.labels[a] != classifier.labels[b]).all()
    x, labels = classifier.x, classifier.labels
    odds = classifier.log_odds(torch.stack([x[a], x[b]], 1), labels[a], labels[b])
    assert (odds[:, 0] < 0).all() and (odds[:, 1] > 0).all()


def test_doubt_is_what_a_fine_grid_says():
    odds = torch.randn(7, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 4
    odds[0], odds[1] = 0.5, 3.0  # always in doubt, never in doubt
    fine = torch.nn.functional.interpolate(odds[:, None], size=11 * 2000 + 1, mode="linear", align_corners=True)[:, 0]
    p = fine.sigmoid()
    torch.testing.assert_close(measure_doubt(odds), ((p > 0.1) & (p < 0.9)).double().mean(1), atol=2e-3, rtol=0)
