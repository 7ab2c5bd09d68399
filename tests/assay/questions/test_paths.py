"""Does a straight line stay on the manifold? A cylinder, over which one knows the way; models without derivatives."""

import pytest
import torch
from sklearn.decomposition import PCA

import latentassay as la
from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.responding import shrinking


def cylinder(n=400):
    """R takes two latents to the nearest point of the unit circle, and leaves the third; data lie near the circle."""

    def nearest(z):
        return torch.cat([z[:, :2] / z[:, :2].norm(dim=1, keepdim=True).clamp(min=1e-3), z[:, 2:]], 1)

    g = torch.Generator().manual_seed(0)
    angle, height = 6.2832 * torch.rand(n, generator=g), torch.randn(n, generator=g)
    radius = 1 + 0.05 * torch.randn(n, generator=g)
    x = torch.stack([radius * angle.cos(), radius * angle.sin(), height], 1)
    return la.from_torch(lambda x: x, nearest, latent_shape=(3,)), x


@pytest.fixture(scope="module")
def around():
    return ask(*cylinder(), "paths", budget=3600.0)


def test_a_way_is_shown_where_two_units_are_alive_and_lines_are_priced(around):
    paths, scores = around["paths"].evidence, scores_of(around)
    costs = paths.costs
    assert costs["refined"] <= costs["straight"] and set(costs) == {"straight", "manifold", "refined"}
    assert paths.manifold.shape == paths.straight.shape == (64, 2)
    assert scores["paths.gain"].value <= 1 and scores["paths.straight"].low >= 0
    assert set(figures(around.values())) == {"paths.map", "paths.strips"}


def test_the_way_goes_around_where_the_straight_line_goes_across(around):
    """Across the circle a response moves by 1 − |z|; on it, by nothing."""
    paths = around["paths"].evidence
    straight = 1 - torch.from_numpy(paths.straight).norm(dim=1)
    assert torch.from_numpy(paths.straight_distance) == pytest.approx(straight.abs().numpy(), abs=1e-4)
    assert paths.manifold_distance.max() < paths.straight_distance.max() / 2
    finding = findings_of(around)["paths"]
    assert finding.level == "warning" and "la.manifold_path" in finding.remedy


def test_where_every_response_stays_lines_cost_what_data_do():
    sections = ask(*shrinking(0.999), "paths", budget=3600.0)
    assert findings_of(sections)["paths"].level == "good" and scores_of(sections)["paths.straight"].value < 1


def test_models_that_torch_cannot_differentiate_get_the_way_across_the_plane():
    x = la.data.load("digits").batch(range(500)).flatten(1)
    paths = ask(la.from_sklearn(PCA(4).fit(x.numpy())), x, "paths", budget=3600.0)["paths"].evidence
    assert paths.refined is None and paths.costs["manifold"] > 0


def test_one_unit_makes_no_plane():
    assert not ask(*shrinking(1.0, latents=1), "paths")
