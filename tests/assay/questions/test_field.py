"""Where do responses flow? Towards the origin, away from it, or nowhere: the divergence of a linear field is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import latentassay as la
from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import answers, ask, context_of, findings_of, scores_of
from tests.assay.responding import shrinking


@pytest.mark.parametrize(("factor", "share", "level"), [(0.6, 1, "good"), (1.4, 0, "warning")])
def test_the_divergence_of_a_linear_field_is_the_same_everywhere(factor, share, level):
    sections = ask(*shrinking(factor), "field")
    found = sections["field"].evidence
    points = np.stack(np.meshgrid(found.xs, found.ys), -1)
    np.testing.assert_allclose(found.vectors, (factor - 1) * points, atol=1e-5)
    np.testing.assert_allclose(found.divergence, 2 * (factor - 1), atol=1e-4)
    scores, finding = scores_of(sections), findings_of(sections)["field"]
    assert scores["field.converging"].value == share and scores["field.expanding"].value == 1 - share
    assert finding.level == level and (finding.remedy is None) == (level == "good")
    np.testing.assert_allclose(found.slopes, factor, atol=1e-4)
    assert set(figures(sections.values())) == {"field.maps", "field.arrows"}


def test_pictures_are_decodings_of_the_plane_around_the_most_central_code():
    found = ask(*shrinking(0.9), "field")["field"].evidence
    others = ({0, 1, 2} - set(found.latents)).pop()
    assert found.reconstructions.shape == (12, 12, 3) and len(np.unique(found.reconstructions[..., others])) == 1
    columns = np.linspace(found.xs[0], found.xs[-1], 12)
    np.testing.assert_allclose(found.reconstructions[0, :, found.latents[0]], columns, rtol=1e-5)


def test_responses_that_stay_are_praised_and_not_taken_for_a_flow():
    sections = ask(*responding.clean(), "field")
    finding = findings_of(sections)["field"]
    assert sections["field"].evidence.still and finding.level == "good" and "invert each other" in finding.sentence


@pytest.mark.parametrize("seed", range(10))
def test_the_sign_of_a_small_divergence_is_no_fault(seed):
    """Responses of 1.001 z move apart everywhere, by a thousandth; those of 1.2 z do so by a fifth."""
    x = torch.randn(400, 3, generator=torch.Generator().manual_seed(seed)).double()
    levels = {}
    for factor in (1.001, 1.2):
        model = la.from_torch(lambda x, by=factor: by * x, lambda z: z, latent_shape=(3,))
        sections = ask(model, x, "field", samples=256)
        assert scores_of(sections)["field.converging"].value == 0
        levels[factor] = findings_of(sections)["field"].level
    assert levels == {1.001: "good", 1.2: "warning"}


def test_that_coders_invert_each_other_is_not_said_where_reconstructions_are_off():
    """Half of the data is never encoded: all codes come back, and half of the variance does not."""
    x = torch.randn(300, 4, generator=torch.Generator().manual_seed(0))
    blind = la.from_torch(lambda x: x[:, :2], lambda z: torch.cat([z, 0 * z], 1), latent_shape=(2,))
    for keys in (["field"], ["reconstruction", "field"]):
        sections = ask(blind, x, *keys)
        finding = findings_of(sections)["field"]
        assert sections["field"].evidence.still and finding.level == "good"
        assert finding.sentence == "On the plane of units 0 and 1 responses stay where they are."


class Trained(nn.Module):
    """A plain autoencoder of points on a bent surface, trained for a second."""

    latent_shape, prior = (2,), None

    def __init__(self):
        super().__init__()
        self.coders = nn.ModuleList(
            nn.Sequential(nn.Linear(i, 32), nn.Tanh(), nn.Linear(32, o)) for i, o in ((6, 2), (2, 6))
        )

    def encode(self, x):
        return la.Point(self.coders[0](x))

    def decode(self, z):
        return self.coders[1](z)


@pytest.fixture(scope="module")
def trained():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        z, model = torch.randn(600, 2), Trained()
        x = torch.cat([z, z.square() / 2, torch.sin(2 * z)], 1)
        descent = torch.optim.Adam(model.parameters(), 1e-2)
        for _ in range(400):
            descent.zero_grad()
            (model.decode(model.encode(x).mean) - x).square().mean().backward()
            descent.step()
    return model, x


def test_seeds_of_the_assay_do_not_change_the_level_of_a_trained_model(trained):
    levels = {
        finding.level
        for seed in range(10)
        for finding in la.assay(*trained, questions=["field"], samples=300, seed=seed, budget=20).findings
        if finding.key == "field"
    }
    assert len(levels - {"unsure"}) <= 1 and levels <= {"good", "note", "unsure"}


def test_asked_again_slopes_are_measured_at_more_samples():
    context = context_of(*shrinking(0.9, n=600), samples=600)
    shallow, deep = (answers(replace(context, effort=4.0**depth), "field")["field"].evidence for depth in (0, 1))
    assert (len(shallow.slopes), len(deep.slopes)) == (128, 512)


def test_one_unit_makes_no_plane():
    assert not ask(*shrinking(0.9, latents=1), "field")
