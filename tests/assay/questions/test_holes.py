"""Which samples does the model itself not recognise? Off the circle that all data lie on, every one; else, none."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import answers, ask, context_of, findings_of, scores_of


def test_where_every_response_stays_there_are_no_holes():
    sections = ask(*responding.clean(), "holes", samples=256)
    scores = scores_of(sections)
    for name in ("holes.prior", "holes.hybrid", "holes.prior.repaired", "holes.hybrid.redrawn"):
        assert scores[name].value == 0, name
    assert findings_of(sections)["holes"].level == "good"
    assert set(figures(sections.values())) == {"holes.distances", "holes.samples", "holes.worst"}


@pytest.fixture(scope="module")
def off_the_circle():
    return ask(*responding.on_a_circle(), "holes")


def test_hybrids_off_the_circle_of_the_data_lie_in_holes_until_they_respond(off_the_circle):
    """R takes latents to the nearest point of the circle: rows stay, hybrids land on it at once."""
    scores = scores_of(off_the_circle)
    assert scores["holes.hybrid"].value > 0.95 and scores["holes.hybrid.repaired"].value == 0
    assert "holes.prior" not in scores
    finding = findings_of(off_the_circle)["holes"]
    assert finding.level == "problem" and finding.remedy.startswith("Respond once before decoding, which leaves 0")


def test_what_is_shown_is_what_moves_furthest_beside_what_becomes_of_it(off_the_circle):
    found = off_the_circle["holes"].evidence
    radius = np.linalg.norm(found.worst, axis=1, keepdims=True)
    np.testing.assert_allclose(found.repaired, found.worst / radius, atol=1e-5)
    moved = np.sort(found.distance_hybrid)[::-1][: len(radius)]
    # Shown are decodings, which lie on the circle.
    np.testing.assert_allclose(radius, 1, atol=1e-5)
    assert moved.min() > found.threshold and found.distance_prior is None


def test_what_hold_the_same_is_drawn_together_and_lies_in_no_hole():
    """Both latents are one number: units that repeat each other are said of the units, and hybrids keep them."""
    assert scores_of(ask(*responding.on_a_line_and_beside(), "holes"))["holes.hybrid"].value == 0


def test_of_one_variable_the_prior_alone_is_asked_about():
    assert not ask(*responding.on_a_line(), "holes")
    x = torch.randn(400, 1, generator=torch.Generator().manual_seed(0))
    sections = ask(la.from_torch(lambda x: x, lambda z: z, latent_shape=(1,), prior="normal"), x, "holes")
    found = findings_of(sections)["holes"]
    assert set(scores_of(sections)) == {f"holes.prior{end}" for end in ("", ".repaired", ".redrawn", ".nearby")}
    assert "hybrid" not in f"{found.sentence} {found.remedy}" and sections["holes"].evidence.hybrid is None
    assert set(figures(sections.values())) == {"holes.distances", "holes.samples", "holes.worst"}


def known_inside(seed, share):
    """Codes of data keep to the middle of z₀; of what lies outside, a share of the prior, the model makes others."""
    g = torch.Generator().manual_seed(seed)
    edge = float(torch.distributions.Normal(0, 1).icdf(torch.tensor(1 - share / 2)))
    z = torch.randn(6000, 3, generator=g)
    x = z[z[:, 0].abs() < edge - 0.05][:600]

    def decode(z):
        away = (z[:, :1].abs() > edge).to(z)
        return z + away * torch.tensor([0.0, 2.0, 0.0]).to(z)

    def encode(x):
        return x, torch.full_like(x, 0.01)

    return la.from_torch(encode, decode, latent_shape=(3,), prior="normal", output="mean_std"), x


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("share", "levels"), [(0.5, {"problem"}), (0.15, {"warning", "unsure"}), (1e-4, {"good", "unsure"})]
)
def test_the_level_follows_from_the_share_of_the_prior_that_is_not_returned(seed, share, levels):
    finding = findings_of(ask(*known_inside(seed, share), "holes", samples=600))["holes"]
    assert finding.level in levels and float(finding.estimate) == pytest.approx(share, abs=0.06)
    if finding.level == "good":
        assert finding.remedy is None
    if finding.level == "problem":
        # Responses stay out there, hybrids never come there, and half of all new draws land there again.
        assert "respond once" not in finding.remedy.lower() and "hybrids instead" in finding.remedy
        assert "raw those in holes again, which leaves 2" in finding.remedy
    assert (finding.settle is None) == (finding.level != "unsure")


def test_asked_again_it_draws_more_than_there_are_rows():
    context = context_of(*known_inside(0, 0.5), samples=96)
    sizes = [
        len(answers(replace(context, effort=4.0**depth), "holes")["holes"].evidence.distance_prior) for depth in (0, 1)
    ]
    assert sizes == [96, 384]


def test_a_collapsed_model_has_no_distance_that_counts():
    assert not ask(*responding.leaking([[0.0, 0], [0, 0]]), "holes")
