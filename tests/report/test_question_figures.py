"""Questions on paths, places, channels and causes have the figures that their evidence is enough for."""

from typing import Any

import numpy as np
import pytest

from latentassay import report
from latentassay.assay.questions.causes import CausesEvidence
from latentassay.assay.questions.channels import ChannelsEvidence
from latentassay.assay.questions.paths import PathsEvidence
from latentassay.assay.questions.places import ACTIVITY, CERTAINTY, FAR, PlacesEvidence
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Section
from latentassay.plots.plane import KINDS
from tests.plots.looks import readable, scales_of
from tests.plots.spiral import COSTS, build
from tests.report.conftest import section
from tests.report.test_html import Page

ONE = Estimate(1.0, stderr=0.1, n=9)


def ways(shape: tuple[int, ...] = (3, 16, 16), **changed: Any) -> Section:
    arrays = build(shape)
    ways = {"manifold": "manifold", "straight": "straight", "manifold_full": "refined"}
    found = {f"{name}{end}": arrays[kind + end] for kind, name in ways.items() for end in ("", "_distance", "_images")}
    found |= {name: arrays[name] for name in ("xs", "ys", "response_error", "posterior")}
    found |= {"observations": arrays.get("observations"), "labels": ("4", "21")}
    costs = {"manifold": COSTS["manifold"], "straight": COSTS["straight"], "refined": COSTS["manifold_full"]}
    found |= {"costs": costs, "lines": ONE, "pairs": 9, "gain": 0.5, "detours": ONE, "variant": ""}
    return section("paths", PathsEvidence(**(found | changed)))


def legend_of(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


GRID = ("xs", "ys", "response_error")
REFINED = ("refined", "refined_distance", "refined_images")


@pytest.mark.parametrize("without", [(), GRID, (*GRID, "observations"), REFINED])
@pytest.mark.parametrize("shape", [(3, 16, 16), (3,), (2,), (20,)])
def test_paths_have_two_figures_whatever_could_not_be_measured(without, shape):
    drawn = report.figures([ways(shape, **dict.fromkeys(without))])
    assert set(drawn) == {"paths.map", "paths.strips"}
    for figure in drawn.values():
        readable(figure)


def test_a_way_that_was_not_refined_is_not_drawn():
    figure = report.figures([ways(**dict.fromkeys(REFINED))])["paths.map"]
    assert len(figure.axes[1].lines) == 2 and "refined in all latents: cost 0.05" not in legend_of(figure)
    assert "refined in all latents: cost 0.05" in legend_of(report.figures([ways()])["paths.map"])


def test_a_page_shows_both_figures_in_the_colours_of_the_page():
    page = report.render([ways()], title="t")
    parsed = Page(page)
    assert parsed.open == [] and len(parsed.ids) == len(set(parsed.ids))
    assert page.count("<figure ") == page.count('role="img"') == 2
    assert "Along the manifold, and straight" in page and "What lies on the way" in page
    assert len(page.encode()) < 600_000
    assert not [look for look in KINDS.values() if look.colour in page[page.index("<body") :]]


def places(certainty: np.ndarray | None) -> Section:
    evidence = PlacesEvidence(
        activity=np.ones((4, 4)),
        certainty=certainty,
        far=np.full((4, 4), 1e5),
        excess=np.zeros(16),
        excess_low=np.zeros(16),
        excess_high=np.zeros(16),
        times=np.ones(16),
        times_stderr=np.zeros(16),
        asked=tuple(range(16)),
        quiet=(),
        sides=(4, 4),
        n=9,
        effects_variant="",
        cuts_variant="",
    )
    return section("spatial.places", evidence)


def test_a_hundred_thousand_times_is_as_dark_as_a_thousand():
    figure = report.figures([places(np.zeros((4, 4)))])["spatial.places.maps"]
    assert [scales_of(ax) for ax in figure.axes] == [[ACTIVITY], [CERTAINTY], [FAR]]
    assert np.asarray(figure.axes[2].images[0].get_array()).max() == 3
    assert len(report.figures([places(None)])["spatial.places.maps"].axes) == 2


def channels(size: int) -> Section:
    evidence = ChannelsEvidence(
        correlations=np.eye(size),
        correlations_stderr=np.zeros((size, size)),
        effects=np.eye(size),
        effects_stderr=np.zeros((size, size)),
        effect_size=np.ones(size),
        alike=(),
        correlations_variant="",
        effects_variant="",
        n=9,
    )
    return section("spatial.channels", evidence)


def causes(size: int) -> Section:
    evidence = CausesEvidence(
        equivariance=np.eye(size),
        equivariance_stderr=np.zeros((size, size)),
        answering=np.ones(size, dtype=bool),
        adjacency=np.triu(np.ones((size, size)), 1),
        samples=None,
        on_noises=None,
        on_causes=None,
        shown=(),
        score=None,
        n=9,
        variant="",
    )
    return section("consistency.causes", evidence)


def test_one_channel_has_no_relations_and_one_cause_no_graph():
    assert list(report.figures([channels(1), causes(1)])) == ["consistency.causes.equivariance"]
    names = ["spatial.channels.relations", "consistency.causes.adjacency", "consistency.causes.equivariance"]
    assert list(report.figures([channels(2), causes(2)])) == names
