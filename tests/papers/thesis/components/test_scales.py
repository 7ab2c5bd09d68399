"""Scales of chapter 3: snapshots before the end, and data sets that there are."""

import pytest

from latentassay.papers.thesis.components.scales import SCALES
from latentassay.papers.thesis.components.tasks import TASKS


@pytest.mark.parametrize("name", SCALES)
def test_weights_are_kept_before_the_end_and_seeds_are_as_many_as_are_asked_for(name):
    scale = SCALES[name]
    last = scale.restarts.steps or TASKS["dSprites"].epochs * (8 * scale.sprites // 10) // scale.restarts.batch_size
    assert all(0 < step < last for step in scale.restarts.snapshots) and scale.restarts.snapshots
    assert scale.line <= scale.dots.seeds and scale.image.seeds <= scale.restarts.seeds
    assert set(scale.elsewhere) <= set(TASKS) and set(scale.elsewhere.values()) <= set(SCALES)
