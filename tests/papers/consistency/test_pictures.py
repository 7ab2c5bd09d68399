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
    draw_beside,
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
