"""The figures of interventional consistency: title, caption, and how the section's arrays become a picture."""

import numpy as np
from matplotlib.figure import Figure

from latentassay.core.findings import Section
from latentassay.plots.consistency import self_consistency_bars, traversal_errors
from latentassay.plots.hybrids import double_intervention, hybridisation
from latentassay.plots.invariance import adjacency, equivariance_matrix, invariance_matrix
from latentassay.report.sheet import Sheet, labels_of, present

KINDS = ("posterior", "hybrid", "uniform", "prior")
"""Where latents come from, in the order of the bars."""


def _invariance(section: Section) -> Figure:
    matrix = section.arrays["invariance"]
    return invariance_matrix(matrix, labels_of(section, len(matrix)), section.arrays["collapsed"])


def _bars(section: Section) -> Figure:
    kinds = [kind for kind in KINDS if present(section, f"self_{kind}", f"self_{kind}_stderr")]
    scores = {kind: section.arrays[f"self_{kind}"] for kind in kinds}
    errors = {kind: section.arrays[f"self_{kind}_stderr"] for kind in kinds}
    labels = section.details["live"]
    return self_consistency_bars(scores, errors, labels, [False] * len(labels))


def _traversal(section: Section) -> Figure:
    arrays, details = section.arrays, section.details
    return traversal_errors(arrays["traversed"], arrays["traversal_errors"], details["scalars"], details["moved"])


def _hybrids(section: Section) -> Figure:
    arrays = section.arrays
    return hybridisation(arrays["base"], arrays["alternative"], arrays["hybrids"], section.details["mixed"])


def _equivariance(section: Section) -> Figure:
    matrix = section.arrays["equivariance"]
    return equivariance_matrix(matrix, [str(unit) for unit in range(len(matrix))])


def _adjacency(section: Section) -> Figure | None:
    matrix = section.arrays["adjacency"]
    return adjacency(matrix, [str(unit) for unit in range(len(matrix))]) if len(matrix) > 1 else None


def _doubles(section: Section) -> Figure:
    arrays = section.arrays
    grids = {"on the noises N": arrays["double_noises"], "on the causes Z": arrays["double_causes"]}
    base, first, second = arrays["doubled"]
    return double_intervention(base, first, second, grids, [str(unit) for unit in np.asarray(arrays["doubled_units"])])


CONSISTENCY = (
    Sheet(
        "invariance",
        "Who is left alone",
        "Each row sets one unit to several values, the same for all samples, and shows how far every other unit is "
        "left alone: 1 is untouched, 0 moves as far as the unit itself was moved, in units of spread. Faint cells "
        "among strong ones are units that move with another. On the diagonal a unit should answer, so there low is "
        "good; one that does not is collapsed, and its row and column say nothing.",
        _invariance,
        ("invariance", "collapsed"),
    ),
    Sheet(
        "self",
        "How truly latents come back",
        "1 − squared error of the response over the variance of the unit, without any intervention: of posterior "
        "samples, of hybrids, whose units come from different data, of values spread evenly over the range of the "
        "data, and of prior samples. What falls from left to right is understood only as it occurs in data. Bars end "
        "in 95 % intervals; those cut off have their number beside them. Collapsed units are left out.",
        _bars,
        ("self_posterior", "self_posterior_stderr"),
    ),
    Sheet(
        "errors",
        "What comes back wrong along a traversal",
        "The liveliest unit goes from its 1 % to its 99 % quantile: a thin line for each real sample, a bold one for "
        "their mean. A flat line at zero is a unit that keeps what it had; in the framed panel a falling line is a "
        "change that comes back smaller than it was made.",
        _traversal,
        ("traversed", "traversal_errors"),
    ),
    Sheet(
        "hybrids",
        "One unit from another sample",
        "Every picture is the base with a single unit from the alternative. It should differ from the base in one "
        "respect, one that the alternative has. What does not change at all may be collapsed, or alike in both.",
        _hybrids,
        ("base", "alternative", "hybrids"),
    ),
    Sheet(
        "adjacency",
        "Which cause listens to which",
        "The masks of the causal block: 1 lets the parent through to the child, 0 keeps it out. Blank places cannot be "
        "edges, since a cause only hears those before it.",
        _adjacency,
        ("adjacency",),
    ),
    Sheet(
        "equivariance",
        "Do causes follow an intervention",
        "Each row sets one noise before or after responding, and shows how far the causes agree: 1 everywhere means "
        "that the graph tells truly what an intervention does.",
        _equivariance,
        ("equivariance",),
    ),
    Sheet(
        "doubles",
        "Two units from two samples",
        "In row i and column j, unit i of the base comes from the first sample and unit j from the second; on the "
        "diagonal only the first has a say. An intervention on a cause cuts it off from its parents, so its "
        "hybrids may look less like any sample than those on noises.",
        _doubles,
        ("doubled", "double_noises", "double_causes"),
    ),
)
"""In the order of the page."""
