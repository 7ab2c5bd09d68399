"""Figures of quality: every seed and mean where it belongs, every name readable, nothing drawn of nothing."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_hex

from latentassay.core.errors import InputError
from latentassay.papers.structure.quality import (
    COLOURS,
    _space_out,
    bce_against_frechet,
    reconstruction_quality,
    sample_quality,
    samplers,
)

MODELS = (
    "SAE-12",
    "SAE-6",
    "SAE-4",
    "VLAE-12",
    "VLAE-6",
    "VLAE-4",
    "β-TCVAE",
    "FVAE",
    "β-VAE",
    "VAE",
    "WAE",
    "AE",
    "AdaAE-12",
)
RNG = np.random.default_rng(0)
BCE = {model: RNG.uniform(3000, 3100, 5) for model in MODELS}
FD = {model: RNG.uniform(1, 9, 5) for model in MODELS}
PRIOR = {model: FD[model] + 5 for model in MODELS if "V" in model}


def points(ax, marker):
    """x and y of everything drawn with a marker, and its colour."""
    lines = [line for line in ax.lines if line.get_marker() == marker]
    return [(*line.get_xydata().T, to_hex(line.get_color())) for line in lines]


def names(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_reconstructions_have_a_row_for_each_model_and_a_panel_for_each_data_set():
    figure = reconstruction_quality({"3D Shapes": BCE, "MPI3D": {"VAE": [7.0], "AE": [5.0, 6.0]}})
    first, second = figure.axes
    assert [tick.get_text() for tick in first.get_yticklabels()] == list(MODELS)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["3D Shapes", "MPI3D"]
    for row, ((x, y, colour), model) in enumerate(zip(points(first, "o"), MODELS, strict=True)):
        assert (x.item(), y.item()) == (pytest.approx(BCE[model].mean()), row)
    assert [x.tolist() for x, _, _ in points(first, "x")] == [values.tolist() for values in BCE.values()]
    assert [(x.tolist(), y.tolist()) for x, y, _ in points(second, "o")] == [([7.0], [9.0]), ([5.5], [11.0])]
    assert len(points(second, "x")) == 1  # one seed is its own mean
    low, high = first.get_ylim()
    assert low > high  # the first on top


def test_architectures_have_the_papers_colours():
    figure = reconstruction_quality({"3D Shapes": BCE})
    drawn = [colour for _, _, colour in points(figure.axes[0], "o")]
    kinds = ["structural"] * 3 + ["ladder"] * 3 + ["hourglass"] * 6 + ["adaptive"]
    assert drawn == [COLOURS[kind] for kind in kinds] and len({*COLOURS.values()}) == 4
    assert names(figure) == ["structural", "adaptive", "ladder", "hourglass"]
    assert names(reconstruction_quality({"3D Shapes": {"AE": [1.0]}})) == ["hourglass"]


def test_samples_stand_at_their_means_and_are_joined():
    figure = sample_quality({"hybrid": FD, "prior": PRIOR})
    (ax,) = figure.axes
    assert [x.item() for x, _, _ in points(ax, "o")] == pytest.approx([FD[model].mean() for model in MODELS])
    assert [y.item() for _, y, _ in points(ax, "D")] == [MODELS.index(model) for model in PRIOR]
    joined = {int(line.get_ydata()[0]): line.get_xdata() for line in ax.lines if line.get_marker() == "None"}
    assert joined[3] == pytest.approx([FD["VLAE-12"].mean(), PRIOR["VLAE-12"].mean()])
    assert names(figure)[-2:] == ["hybrid", "prior"]


def test_two_errors_meet_in_a_point_for_each_seed_with_a_name_for_each_mean():
    figure = bce_against_frechet(BCE, FD)
    (ax,) = figure.axes
    for (x, y, _), model in zip(points(ax, "x"), MODELS, strict=True):
        assert x.tolist() == BCE[model].tolist() and y.tolist() == FD[model].tolist()
    texts = {text.get_text(): text for text in ax.texts}
    assert set(texts) == set(MODELS)
    for model, text in texts.items():
        assert text.xy == pytest.approx((BCE[model].mean(), FD[model].mean()))
    heights = sorted(text.xyann[1] for text in ax.texts)
    assert min(np.diff(heights)) > 0.05 and heights[0] >= 0 and heights[-1] <= 1


def test_samplers_have_crosses_a_mean_and_one_standard_deviation():
    figure = samplers({"hybrid": {"SAE-12": [1.0, 2.0, 6.0], "VAE": [4.0]}, "prior": {"VAE": [7.0, 9.0]}})
    (ax,) = figure.axes
    (sae_x, sae_y, _), _ = points(ax, "x")
    ((vae_x, vae_y, _),) = points(ax, "+")
    assert (sae_x.tolist(), sae_y.tolist()) == ([0.0] * 3, [1.0, 2.0, 6.0])  # alone, so in the middle
    assert vae_x == pytest.approx(1.22) and vae_y.tolist() == [7.0, 9.0]
    lines = [line.get_xydata().tolist() for line in ax.lines if line.get_marker() == "None"]
    assert [[0.0, 3.0 - 7**0.5], [0.0, 3.0 + 7**0.5]] in lines
    level = [y for (_, y), (_, again) in lines if y == again and y != 0]
    assert sorted(level) == [3.0, 4.0, 8.0]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["SAE-12", "VAE"]


def test_distances_of_many_sizes_stand_on_a_logarithmic_axis():
    wide = {"SAE-12": [0.5, 0.6], "VAE": [40.0, 60.0]}
    assert sample_quality({"hybrid": wide}).axes[0].get_xscale() == "log"
    assert samplers({"hybrid": wide}).axes[0].get_yscale() == "log"
    assert bce_against_frechet(wide, wide).axes[0].get_yscale() == "log"
    for near in (FD, {"SAE-12": [0.0, 1.0], "VAE": [50.0]}):
        assert samplers({"hybrid": near}).axes[0].get_yscale() == "linear"


def test_a_spread_wider_than_its_mean_is_drawn_where_there_is_no_zero():
    figure = samplers({"hybrid": {"VAE": [0.1, 0.1, 90.0]}})
    upright = [line.get_ydata() for line in figure.axes[0].lines if line.get_xdata()[0] == line.get_xdata()[-1]]
    assert min(ends.min() for ends in upright) == 0.1


@pytest.mark.parametrize("places", [[0.5] * 13, [0.0] * 13, [1.0] * 13, np.linspace(0, 1, 13), [0.2, 0.2, 0.9, 0.95]])
def test_names_are_spread_in_order_and_stay_inside(places):
    made = np.array(_space_out(sorted(places), apart=0.058))
    assert (np.diff(made) > 0.058 - 1e-9).all() and made.min() >= -1e-9 and made.max() <= 1 + 1e-9


@pytest.mark.parametrize(
    "figure",
    [
        lambda: reconstruction_quality({"3D Shapes": BCE}),
        lambda: sample_quality({"hybrid": FD, "prior": PRIOR}),
        lambda: bce_against_frechet(BCE, FD),
        lambda: samplers({"hybrid": FD, "prior": PRIOR}),
    ],
)
def test_nothing_sticks_out_of_the_picture(figure):
    made = figure()
    made.savefig(io.BytesIO(), dpi=60)
    box = made.get_tightbbox()
    width, height = made.get_size_inches()
    assert box.x0 > -0.05 and box.y0 > -0.05 and box.x1 < width + 0.05 and box.y1 < height + 0.05


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: reconstruction_quality({}), "nothing to draw"),
        (lambda: reconstruction_quality({"3D Shapes": {}}), "nothing to draw"),
        (lambda: sample_quality({"hybrid": {}}), "nothing to draw"),
        (lambda: samplers({}), "nothing to draw"),
        (lambda: samplers({"hybrid": {"AE": []}}), "AE must have at least one finite value of hybrid"),
        (lambda: sample_quality({"hybrid": {"AE": [np.nan]}}), "AE must have at least one finite value"),
        (lambda: bce_against_frechet({"AE": [1.0, 2.0]}, {"AE": [1.0]}), "AE needs as many values of .* got 2 and 1"),
        (lambda: bce_against_frechet({"AE": [1.0]}, {"AE": [1.0], "VAE": [1.0]}), "VAE needs .* got 0 and 1"),
    ],
)
def test_what_is_refused(draw, words):
    with pytest.raises(InputError, match=words):
        draw()
