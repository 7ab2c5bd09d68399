"""Does a straight line stay on the manifold? A cylinder, over which one knows the way; models without derivatives."""

from dataclasses import replace

import pytest
import torch
from sklearn.decomposition import PCA

import latentassay as la
from latentassay.report import figures
from tests.assay.asking import answers, ask, context_of, findings_of, scores_of
from tests.assay.responding import shrinking


def cylinder(n=400, seed=0):
    """R takes two latents to the nearest point of the unit circle, and leaves the third; data lie near the circle."""

    def nearest(z):
        return torch.cat([z[:, :2] / z[:, :2].norm(dim=1, keepdim=True).clamp(min=1e-3), z[:, 2:]], 1)

    g = torch.Generator().manual_seed(seed)
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
    assert scores["paths.detours"].high < 0.8 and scores["paths.detours"].n == 16
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


@pytest.mark.parametrize("seed", range(10))
def test_levels_follow_from_what_lines_cost_whatever_the_seed(seed):
    """Across a circle lines cost many times what data do; between normal codes of a shrinking model, about half."""
    model, x = shrinking(0.9, n=300)
    x = torch.randn(len(x), 3, generator=torch.Generator().manual_seed(seed))
    off, on = (
        findings_of(ask(*given, "paths", budget=3600.0))["paths"]
        for given in (cylinder(300, seed), (without_derivatives(model), x))
    )
    assert off.level == "warning" and "manifold_path" in off.remedy and "ways through real codes" in off.sentence
    assert on.level == "good" and on.remedy is None and "ways" not in on.sentence


def without_derivatives(model):
    """The same model, of which torch cannot take derivatives: it is asked sooner."""
    return la.from_torch(
        lambda x: model.encode(x).mean.detach(), lambda z: model.decode(z.detach()), latent_shape=model.latent_shape
    )


def test_lines_that_no_way_beats_bring_no_remedy():
    """R moves every latent by as much, wherever it is, but less at real codes: no way between them is cheaper."""
    x = torch.randn(300, 2, generator=torch.Generator().manual_seed(0)).double()

    def respond(z):
        near = (torch.cdist(z, x).min(1).values < 1e-6).to(z)[:, None]
        return z + torch.where(near > 0, 0.01, 0.2)

    found = ask(la.from_torch(lambda x: x, respond, latent_shape=(2,)), x, "paths", budget=3600.0)
    finding, scores = findings_of(found)["paths"], scores_of(found)
    assert finding.level == "warning" and finding.remedy is None and "ways" not in finding.sentence
    assert scores["paths.detours"].value > 0.8


@pytest.mark.parametrize("share", [1.0, 0.9])
def test_an_encoder_that_gives_most_rows_the_same_code_is_asked_where_lines_are(share):
    x = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    same = (torch.arange(200) < 200 * share)[torch.randperm(200, generator=torch.Generator().manual_seed(1))]
    context = context_of(la.from_torch(lambda x: x, lambda z: z, latent_shape=(3,)), x, samples=200)
    mean = torch.where(same[:, None], 1.0, context.codes.mean)
    context = replace(context, codes=context.codes._replace(mean=mean), passes=10**6)
    found = answers(context, "paths")
    assert bool(found) == (share < 1)
    if found:
        assert 2 <= found["paths"].evidence.pairs < 32 and findings_of(found)["paths"].level == "good"


def test_models_that_torch_cannot_differentiate_get_the_way_across_the_plane():
    x = la.data.load("digits").batch(range(500)).flatten(1)
    paths = ask(la.from_sklearn(PCA(4).fit(x.numpy())), x, "paths", budget=3600.0)["paths"].evidence
    assert paths.refined is None and paths.costs["manifold"] > 0


def test_one_unit_makes_no_plane():
    assert not ask(*shrinking(1.0, latents=1), "paths")


def test_beside_exact_responses_to_real_codes_no_ratio_is_made_up():
    book = torch.randn(16, 3, generator=torch.Generator().manual_seed(0))

    def nearest(z):
        return book[torch.cdist(z, book).argmin(1)]

    x = torch.randn(200, 3, generator=torch.Generator().manual_seed(1))
    result = la.assay(la.from_torch(nearest, nearest, latent_shape=(3,)), x, samples=128, questions=["paths"])
    (finding,) = result["paths"].findings
    assert finding.sentence == "Straight lines between real codes cost more than 1,000 × what real data do."
    assert finding.estimate > 1e5
