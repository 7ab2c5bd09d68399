"""The response field: values of both signs, arrows at full length, decodings where they were decoded."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.plots.field import ARROWS, field_arrows, field_maps
from tests.plots.looks import readable, scales_of

AXIS = np.linspace(-2, 2, 30)
FLOW = np.stack(np.meshgrid(-0.3 * AXIS, -0.2 * AXIS), -1)
PICTURES = {
    "images": np.random.default_rng(0).uniform(size=(4, 4, 1, 6, 6)),
    "curves": np.random.default_rng(0).uniform(size=(4, 4, 9)),
    "series": np.random.default_rng(0).uniform(size=(4, 4, 3, 9)),
    "plane": np.random.default_rng(0).uniform(size=(4, 4, 2)),
    "space": np.random.default_rng(0).uniform(size=(4, 4, 3)),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_three_panels_are_readable_whatever_is_decoded(kind):
    codes, flat = np.zeros((9, 2)), np.zeros((30, 30))
    drawn = field_maps(AXIS, AXIS, flat, curvature=flat, posterior=codes, reconstructions=PICTURES[kind])
    readable(drawn)
    assert [scales_of(ax) for ax in drawn] == [["← together · apart →"], ["H"], []]
    assert [ax.name for ax in drawn] == ["rectilinear", "rectilinear", "3d" if kind == "space" else "rectilinear"]


def test_space_needs_a_space():
    axes = Figure().subplots(1, 2)
    with pytest.raises(InputError, match='projection="3d"'):
        field_maps(AXIS, AXIS, np.zeros((30, 30)), reconstructions=PICTURES["space"], axes=axes)


def test_colours_are_even_about_zero():
    ramp = np.tile(np.linspace(-1, 3, 30), (30, 1))
    (ax,) = field_maps(AXIS, AXIS, ramp)
    low, high = ax.images[0].get_clim()
    assert low == -high and 2.8 < high <= 3
    assert ax.images[0].get_extent() == [-2, 2, -2, 2]


def test_decodings_are_centred_on_their_points():
    axis, flat = np.linspace(-1, 1, 5), np.zeros((5, 5))
    samples = np.arange(9.0).reshape(3, 3, 1, 1, 1) / 8 * np.ones((3, 3, 1, 4, 4))
    ax = field_maps(axis, axis, flat, reconstructions=samples)[-1]
    (image,) = ax.images
    left, right, bottom, top = image.get_extent()
    assert (left, right, bottom, top) == (-1.5, 1.5, -1.5, 1.5)
    picture = np.asarray(image.get_array())[..., 0]
    np.testing.assert_allclose(picture[::-4, 0], [0, 3 / 8, 6 / 8])
    np.testing.assert_allclose(picture[-1, ::4], [0, 1 / 8, 2 / 8])


def test_arrows_lead_from_latents_to_responses_and_are_thinned():
    ax = field_arrows(AXIS, AXIS, FLOW, posterior=np.zeros((900, 2)))
    real, latents, responses = (line.get_xydata() for line in ax.lines)
    assert len(real) == 500 and len(latents) == len(responses) == 15 * 15 <= ARROWS**2
    np.testing.assert_allclose(responses, latents * [0.7, 0.8])
    (arrows,) = ax.collections
    np.testing.assert_allclose(np.stack([arrows.U, arrows.V], 1), responses - latents)
    readable(ax)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: field_maps(AXIS, AXIS[:5], np.zeros((30, 30))),
        lambda: field_maps(AXIS, AXIS, np.zeros((30, 30)), labels=["a"]),
        lambda: field_maps(AXIS, AXIS, np.zeros((30, 30)), reconstructions=np.ones((2, 2))),
        lambda: field_maps(AXIS, AXIS, np.zeros((30, 30)), posterior=np.ones((3, 3))),
        lambda: field_arrows(AXIS, AXIS, np.zeros((30, 30))),
    ],
)
def test_shapes_that_do_not_fit_are_refused(draw):
    with pytest.raises(InputError):
        draw()
