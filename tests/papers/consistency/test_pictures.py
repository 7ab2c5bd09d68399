"""Pictures of single models: which there are, and that errors along traversals are those of a loop."""

import numpy as np
import torch

from latentassay import models
from latentassay.data import load
from latentassay.papers.consistency.pictures import (
    DIGITS,
    FACES,
    LINES,
    PRIOR_RANGE,
    STEPS,
    Subject,
    double_interventions,
    draw_beside,
    draw_block,
    draw_errors,
    draw_quality,
    measure_errors,
)
from latentassay.plots.style import figure_of


def subject(name="XCAE-I", model="xae-mlp", how="hybrid"):
    made = models.build(model, x_shape=(1, 8, 8), latents=3, hidden=(9,)).eval()
    return Subject(name=name, model=made, test=load("digits").take(np.arange(60)), how=how, seed=11)


def test_errors_are_responses_less_latents_of_every_sample_and_value():
    own = subject()
    base, values = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)), torch.linspace(-1, 2, 5)
    at, errors = measure_errors(own.model, base, values, 1)
    assert errors.shape == (3, 4, 5) and np.allclose(at, values)
    with torch.no_grad():
        for k in range(4):
            for s in range(5):
                z = base[k].clone()
                z[1] = values[s]
                response = own.model.encode(own.model.decode(z[None])).mean[0]
                np.testing.assert_allclose(errors[:, k, s], response - z, atol=1e-6)


def test_every_unit_has_a_figure_of_its_errors():
    drawn = list(draw_errors(subject()))
    assert [picture.name for picture in drawn] == [f"figure-25-xcae-i-unit-{unit}" for unit in range(3)]
    assert "IC figure 25" in drawn[0].title and len(np.ravel(drawn[0].figure)) == 3
    lines = np.ravel(drawn[0].figure)[0].collections[0].get_segments()
    assert len(lines) == LINES and len(lines[0]) == STEPS
    assert next(draw_errors(subject("XSAE"))).name == "figure-errors-xsae-unit-0"
    vae = list(draw_errors(subject("VAE", "vae-mlp", "prior")))
    points = np.ravel(vae[2].figure)[0].collections[0].get_segments()[0][:, 0]
    assert (points[0], points[-1]) == PRIOR_RANGE


def test_reconstructions_samples_and_traversals_are_files():
    names = [picture.name for picture in draw_quality(subject(), DIGITS)]
    assert names == ["figure-11-xcae-i", "figure-12-xcae-i", "figure-13-xcae-i"]
    faces = list(draw_quality(subject("AE", "ae-mlp"), FACES))
    assert faces[2].name == "figure-17-18-ae" and "IC figures 17, 18" in faces[2].title
    assert all(figure_of(picture.figure).axes for picture in faces)


def test_models_stand_beside_each_other():
    picture = draw_beside([subject("AE", "ae-mlp"), subject("VAE", "vae-mlp", "prior")], "7")
    labels = [text.get_text() for text in figure_of(picture.figure).axes[0].get_yticklabels()]
    assert labels == ["data", "AE", "VAE", "AE, hybrid", "VAE, prior"] and picture.name == "figure-7"


def test_double_interventions_take_two_units_from_two_samples():
    own = subject()
    z = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    noises, decoded = double_interventions(own.model, z, [0, 2])
    assert noises.tolist() == [
        [z[1, 0], z[0, 1], z[0, 2]],  # i = j = 0: the first alone has a say
        [z[1, 0], z[0, 1], z[2, 2]],
        [z[2, 0], z[0, 1], z[1, 2]],
        [z[0, 0], z[0, 1], z[1, 2]],
    ]
    with torch.no_grad():
        causes = own.model.causes(z)
        given = {0: causes[1:2, 0], 2: causes[2:, 2]}
        expected = own.model.decode_causes(own.model.causes(z[:1], given))
    torch.testing.assert_close(decoded[1:2], expected)


def test_causal_blocks_have_masks_and_double_interventions_others_none():
    assert [picture.name for picture in draw_block(subject())] == ["figure-30-33-xcae-i", "figure-35-xcae-i"]
    assert not list(draw_block(subject("AE", "ae-mlp")))
