"""Which figures a section has: title, caption, and how its arrays become a picture."""

from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.figure import Figure

from latentassay.core.findings import Section
from latentassay.plots import distributions, field, graph, images, matrices, paths
from latentassay.plots.plane import KINDS
from latentassay.plots.scores import score_dots
from latentassay.report.consistency_sheets import CONSISTENCY
from latentassay.report.sheet import Sheet, labels_of, present
from latentassay.report.spatial_sheets import FIT, SPATIAL

BACKDROP = ("xs", "ys", "response_error")


def figures(sections: Iterable[Section]) -> dict[str, Figure]:
    """Draw every figure that the sections have arrays for, by key such as ``"responses.matrix"``.

    A figure whose arrays are absent is left out. Figures belong to no window and no pyplot state.

    >>> errors = Section("reconstruction", "", "", arrays={"error_per_sample": np.linspace(1, 2, 50)})
    >>> list(figures([errors]))
    ['reconstruction.errors']
    """
    drawn: dict[str, Figure] = {}
    for section in sections:
        for sheet in SHEETS.get(section.key, ()):
            figure = sheet.draw(section) if present(section, *sheet.needs) else None
            if figure is not None:
                drawn[f"{section.key}.{sheet.name}"] = figure
    return drawn


def _some(section: Section, *names: str) -> list[np.ndarray | None]:
    return [section.arrays[name] if present(section, name) else None for name in names]


def _alive(section: Section, size: int) -> list[int]:
    """The alive units, or all of them where none is."""
    alive = np.flatnonzero(np.asarray(section.details.get("alive", np.ones(size)), dtype=bool))
    return [int(unit) for unit in (alive if alive.size else np.arange(size))]


def _pairs(section: Section) -> Figure:
    return images.reconstruction_pairs(section.arrays["originals"], section.arrays["reconstructions"])


def _errors(section: Section) -> Figure:
    return distributions.error_histogram(section.arrays["error_per_sample"])


def _units(section: Section) -> Figure:
    arrays = section.arrays
    (kl,) = _some(section, "kl")
    size = len(arrays["response"])
    return distributions.unit_bars(
        arrays["response"],
        arrays["response_stderr"],
        section.details.get("alive", np.ones(size, dtype=bool)),
        section.details["threshold"],
        mean_std=arrays["mean_std"],
        posterior_std=arrays["posterior_std"],
        labels=labels_of(section, size),
        kl=kl,
    )


def _matrix(section: Section) -> Figure:
    matrix = section.arrays["normalized"]
    alive, labels = _alive(section, len(matrix)), labels_of(section, len(matrix))
    return matrices.response_matrix(matrix[np.ix_(alive, alive)], [labels[unit] for unit in alive])


def _full_matrix(section: Section) -> Figure | None:
    matrix = section.arrays["matrix"]
    return matrices.full_matrix(matrix, labels_of(section, len(matrix))) if len(matrix) > 1 else None


def _graph(section: Section) -> Figure:
    edges, weights, pairs = (section.arrays.get(name, np.empty(0)) for name in ("edges", "weights", "pairs"))
    size = len(section.details["alive"])
    nodes = [int(unit) for unit in np.flatnonzero(section.details["alive"])]
    labels = labels_of(section, size)
    return graph.response_graph(nodes, edges.reshape(-1, 2), weights, pairs.reshape(-1, 2), labels)


def _traversals(section: Section) -> Figure:
    arrays = section.arrays
    return images.traversals(arrays["images"], arrays["values"], labels_of(section, len(arrays["images"])))


def _maps(section: Section) -> Figure:
    arrays = section.arrays
    posterior, decoded = _some(section, "posterior", "reconstructions")
    return field.field_maps(
        arrays["xs"],
        arrays["ys"],
        arrays["divergence"],
        curvature=_curvature(section),
        posterior=posterior,
        reconstructions=decoded,
        labels=labels_of(section, 2),
    )


def _curvature(section: Section) -> np.ndarray | None:
    """Curvature where responses move at all: directions of rounding errors are no manifold."""
    curvature, vectors = _some(section, "curvature", "vectors")
    if curvature is None or vectors is None:
        return curvature
    flows = np.linalg.norm(vectors, axis=-1) > 1e-5 * max(np.ptp(section.arrays[name]) for name in ("xs", "ys"))
    return np.where(flows, curvature, 0.0) if flows.any() else None


def _arrows(section: Section) -> Figure:
    arrays = section.arrays
    (posterior,) = _some(section, "posterior")
    return field.field_arrows(
        arrays["xs"], arrays["ys"], arrays["vectors"], posterior=posterior, labels=labels_of(section, 2)
    )


def _distances(section: Section) -> Figure:
    origins = {"real data": "distance_posterior", "prior": "distance_prior", "hybrid": "distance_hybrid"}
    shown = {label: section.arrays[name] for label, name in origins.items() if present(section, name)}
    return distributions.response_distances(shown, section.details["threshold"])


def _samples(section: Section) -> Figure | None:
    return _rows(section, {"prior": "prior_samples", "hybrid": "hybrid_samples"})


def _worst(section: Section) -> Figure | None:
    return _rows(section, {"sample": "worst", "response": "repaired"})


def _path_map(section: Section) -> Figure:
    distances = _by_kind(section, "_distance")
    (posterior,) = _some(section, "posterior")
    grid = [section.arrays[name] for name in BACKDROP] if present(section, *BACKDROP) else None
    return paths.path_map(
        {kind: path for kind, path in _by_kind(section, "").items() if kind in distances},
        distances,
        costs=section.details.get("costs"),
        posterior=posterior,
        backdrop=None if grid is None else (grid[0], grid[1], grid[2]),
        labels=labels_of(section, 2),
    )


def _path_strips(section: Section) -> Figure:
    (observations,) = _some(section, "observations")
    return paths.path_strips(_by_kind(section, "_images"), observations=observations)


def _by_kind(section: Section, ending: str) -> dict[str, np.ndarray]:
    """The arrays that a section has for each kind of path, such as ``manifold_images``."""
    return {kind: section.arrays[kind + ending] for kind in KINDS if present(section, kind + ending)}


def _rows(section: Section, names: Mapping[str, str]) -> Figure | None:
    shown = {label: section.arrays[name] for label, name in names.items() if present(section, name)}
    return images.strips(shown) if shown else None


def _factors(section: Section) -> Figure | None:
    maps = {name: section.arrays[name] for name in ("importance", "conditioned") if present(section, name)}
    if not maps:
        return None
    size = next(iter(maps.values())).shape[1]
    alive, names, labels = _factor_axes(section, size)
    return matrices.factor_maps(names, labels, **{name: matrix[:, alive] for name, matrix in maps.items()})


def _panel(section: Section) -> Figure | None:
    shown = [score for score in section.scores if not score.unit and 0 <= score.value <= 1]
    return score_dots(shown) if len(shown) > 1 else None


def _information(section: Section) -> Figure:
    information = section.arrays["information"]
    alive, names, labels = _factor_axes(section, information.shape[1])
    return matrices.information_map(information[:, alive], names, labels)


def _factor_axes(section: Section, size: int) -> tuple[list[int], list[str], list[str]]:
    """The columns shown, the names of the factors, and those of the units shown."""
    alive, labels = _alive(section, size), labels_of(section, size)
    return alive, [str(name) for name in section.details["factor_names"]], [labels[unit] for unit in alive]


SHEETS: Mapping[str, tuple[Sheet, ...]] = {
    "reconstruction": (
        Sheet(
            "pairs",
            "Data and reconstructions",
            "Held-out data above what the model makes of them.",
            _pairs,
            ("originals", "reconstructions"),
        ),
        Sheet(
            "errors",
            "Error of every sample",
            "A long tail means that some kinds of data are reconstructed much worse than most.",
            _errors,
            ("error_per_sample",),
        ),
    ),
    "units": (
        Sheet(
            "bars",
            "How alive each unit is",
            "Top: the response of a unit to an intervention on itself; 1 means that the change comes back whole, "
            "bars end in 95 % intervals. Below: a unit that says something has posterior means that spread and "
            "posteriors that are narrow; a unit that says nothing has it the other way round.",
            _units,
            ("response", "response_stderr", "mean_std", "posterior_std"),
        ),
    ),
    "responses": (
        Sheet(
            "matrix",
            "Latent response matrix of the alive units",
            "Each row intervenes on one unit and shows how far every unit moves after decoding and encoding again, "
            "in units of its own spread. Entries off the diagonal are interventions that reach other units.",
            _matrix,
            ("normalized",),
        ),
        Sheet(
            "full",
            "Full response matrix",
            "All units, raw. Alive units stand out on the diagonal; dead ones leave their row and column empty.",
            _full_matrix,
            ("matrix",),
        ),
    ),
    "graph": (
        Sheet(
            "circle",
            "Response graph",
            "An arrow leads from the unit intervened on to a unit that moves with it; the wider, the further. "
            "Units that move each other about equally form one variable of two dimensions and share a band.",
            _graph,
            (),
        ),
    ),
    "traversals": (
        Sheet(
            "grid",
            "What each alive unit does",
            "Decodings while one unit goes from left to right and all others stay where they are.",
            _traversals,
            ("images", "values"),
        ),
    ),
    "field": (
        Sheet(
            "maps",
            "A plane of two units",
            "Blue divergence: responses flow together, the decoder is sure of itself; red: borders between such "
            "regions. Green: real data. Curvature spikes where the latent manifold bends. Decodings cover the same "
            "plane. Colours saturate at the 98 % quantile.",
            _maps,
            ("xs", "ys", "divergence"),
        ),
        Sheet(
            "arrows",
            "Response field",
            "Every arrow leads from a latent to its response, at full length: where arrows are long, "
            "the model does not mean what the latent says.",
            _arrows,
            ("xs", "ys", "vectors"),
        ),
    ),
    "holes": (
        Sheet(
            "distances",
            "How far samples are from the latent manifold",
            "Distance between a latent and its response. Samples beyond the line move further than "
            "99 % of real data do: they lie in holes.",
            _distances,
            ("distance_posterior",),
        ),
        Sheet(
            "samples",
            "Samples",
            "Decodings of latents drawn from the prior and of hybrids, whose units come from different data.",
            _samples,
            (),
        ),
        Sheet(
            "worst",
            "The samples that move furthest",
            "Decodings of the samples of greatest response distance, the worst first, and below of their responses: "
            "what the repair makes of them.",
            _worst,
            ("worst",),
        ),
    ),
    "paths": (
        Sheet(
            "map",
            "Along the manifold, and straight",
            "Left: two ways from a to b. Grey: how far responses move, as far as the plot on the right reaches; where "
            "the page is clear, the model knows the latent. Dots: real data. Right: the same distance along each way: "
            "one that stays low stays on the learned manifold. The cost is the integral of ‖R(z) − z‖² plus a "
            "temperature, which charges for length. A path refined in all latents is shown by its shadow on the plane.",
            _path_map,
            ("manifold", "straight", "manifold_distance", "straight_distance"),
        ),
        Sheet(
            "strips",
            "What lies on the way",
            "Decodings at evenly spaced latents from a to b. On the manifold every one should pass for real, and "
            "change little by little; off it, look for blends, oddities and jumps. Points are drawn as curves, "
            "a marker for each decoding: a wide gap between markers is a jump.",
            _path_strips,
            ("manifold_images", "straight_images"),
        ),
    ),
    "fit": FIT,
    "spatial": SPATIAL,
    "consistency": CONSISTENCY,
    "factors": (
        Sheet(
            "maps",
            "Which unit predicts and which moves which factor",
            "First map: how much each alive unit matters to a predictor of the factor (DCI; rows sum to 1 over all "
            "units, dead ones too). Second: how far interventions on a unit reach when only that factor may change. "
            "A unit high in the first and low in the second varies with the factor but does not move it: a "
            "correlation, not a cause.",
            _factors,
            (),
        ),
        Sheet(
            "scores",
            "Every score, and what each is out of 1",
            "All on one scale, but not of one kind: each asks another question, and some cannot reach 1 (discrete SAP "
            "stays near 0.2 for a perfect code of ten levels). The table says which variant every number is.",
            _panel,
            (),
        ),
        Sheet(
            "information",
            "What each unit tells about each factor",
            "Share of a factor's entropy that one unit alone tells. Two units high in one row share the factor or "
            "repeat each other; the gap between them is what MIG averages.",
            _information,
            ("information",),
        ),
    ),
}
"""The figures of every section, by section key, in the order of the page."""
