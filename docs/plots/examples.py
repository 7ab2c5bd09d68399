"""One small example for every function of ``latentassay.plots``: arrays shaped like a real result, drawn.

Each function has the name of what it draws with, and hands ``ax`` or ``axes`` on. ``make.py`` shows its lines.
"""

# ruff: noqa: D103  (what each draws says its picture)
import numpy as np

import latentassay as la
from latentassay.core.findings import Score

UNITS = [f"z{unit}" for unit in range(7)]
DEAD = np.array([0, 0, 0, 1, 0, 0, 1], dtype=bool)
FACTORS = ["x", "y", "radius", "hue", "floor hue"]
CHANNELS = [f"c{channel}" for channel in range(8)]
SIDE = np.linspace(-3, 3, 50)
X, Y = np.meshgrid(SIDE, SIDE)


def ball(z, size=24):
    """Decode latents ``(…, 5)`` into pictures ``(…, 3, size, size)`` of a soft ball: place, radius, hue, floor hue."""
    grid = (np.arange(size) + 0.5) / size * 2 - 1
    y, x = np.meshgrid(grid, grid, indexing="ij")
    v = np.tanh(np.asarray(z) / 2)[..., None, None]
    distance = np.hypot(x - 0.6 * v[..., 0, :, :], y - 0.6 * v[..., 1, :, :])
    inside = 1 / (1 + np.exp((distance - 0.35 - 0.15 * v[..., 2, :, :]) * 24))[..., None, :, :]
    phases = np.array([0, 2.1, 4.2])[:, None, None]
    hue, floor = (0.5 + 0.4 * np.cos(1 + at + v[..., i, None, :, :] * 3 + phases) for i, at in ((3, 0), (4, 2)))
    return inside * hue + (1 - inside) * (0.4 + 0.6 * floor)


def move_unit(z, unit, values):
    """Copies of a latent ``(5,)`` whose unit has these values, ``(steps, 5)``."""
    moved = np.tile(z, (len(values), 1))
    moved[:, unit] = values
    return moved


def half_circle(steps=60):
    """Points ``(steps, 2)`` on the manifold from one end to the other."""
    angle = np.linspace(np.pi, 0, steps)
    return 2 * np.stack([np.cos(angle), np.sin(angle) - 0.4], 1)


def beside_circle(x, y):
    """How far places of the plane lie from that manifold."""
    return np.abs(np.hypot(x, y + 0.8) - 2) * 0.6


def code_use(**on):
    shares = np.maximum(0, 1.1 - np.linspace(0, 1.4, 64))
    counts = np.random.default_rng(0).multinomial(4000, shares / shares.sum())
    return la.plots.code_use(counts, **on)


def error_shares(**on):
    rng = np.random.default_rng(0)
    errors = {"training rows": rng.gamma(4, 0.5, 1000), "other rows": rng.gamma(4, 1.1, 800)}
    return la.plots.error_shares(errors, **on)


def noise_costs(**on):
    cost = np.array([0.08, 0.03, 0.06, 0.0, 0.02, 0.09, 0.0])
    expected = np.array([0.01, 0.03, 0.007, 0.0, 0.02, 0.012, 0.0])
    return la.plots.noise_costs(cost, expected, UNITS, **on)


def quantile_lines(**on):
    rng, at = np.random.default_rng(0), np.linspace(0.01, 0.99, 99)
    prior, heavy, normal = (
        np.quantile(x, at) for x in (rng.normal(size=99999), rng.laplace(size=999), rng.normal(size=999))
    )
    others = np.quantile(rng.normal(size=(999, 5)), at, axis=0).T
    return la.plots.quantile_lines(prior, [heavy, normal + 0.8], ["z0", "z4"], others=others, **on)


def self_consistency_bars(**on):
    rng = np.random.default_rng(0)
    scores = {
        "posterior": np.where(DEAD, 0.1, rng.uniform(0.85, 0.99, 7)),
        "prior": np.where(DEAD, 0.05, rng.uniform(0.5, 0.9, 7)),
    }
    errors = {mode: 0.01 + 0.05 * (1 - values) for mode, values in scores.items()}
    return la.plots.self_consistency_bars(scores, errors, UNITS, DEAD, **on)


def traversal_errors(**on):
    rng = np.random.default_rng(0)
    values = np.linspace(-3, 3, 25)
    slopes = rng.normal(size=(6, 30, 1)) * np.array([0.03, 0.25, 0.05, 0.03, 0.12, 0.04])[:, None, None]
    errors = slopes * values + 0.05 * np.sin(2 * values + rng.uniform(0, 6, (6, 30, 1)))
    errors[1] -= 0.02 * values**3
    return la.plots.traversal_errors(values, errors, UNITS[:6], moved=1, **on)


def error_histogram(**on):
    error = np.random.default_rng(0).gamma(4, 2, 1000)
    return la.plots.error_histogram(error, **on)


def response_distances(**on):
    rng = np.random.default_rng(0)
    centres = {"posterior": -1.4, "prior": -0.6, "hybrid": -1.0}
    distances = {origin: rng.lognormal(centre, 0.35, 2000) for origin, centre in centres.items()}
    threshold = np.quantile(distances["posterior"], 0.99)
    return la.plots.response_distances(distances, threshold, **on)


def unit_ledger(**on):
    rng = np.random.default_rng(0)
    response = np.where(DEAD, 0.02, rng.uniform(0.5, 0.98, 7))
    effect = [0.22, 0.18, 0.2, 0.0, 0.16, 0.24, 0.11]
    states = ["entangled", "entangled", "alive", "dead", "alive", "alive", "encoder-blind"]
    return la.plots.unit_ledger(np.where(DEAD, 0.004, 0.97), effect, response, states, UNITS, **on)


def unit_bars(**on):
    rng = np.random.default_rng(0)
    response = np.where(DEAD, 0.02, rng.uniform(0.5, 0.98, 7))
    return la.plots.unit_bars(
        response,
        0.01 + 0.02 * response,
        ~DEAD,
        threshold=0.35,
        mean_std=np.where(DEAD, 0.03, rng.uniform(0.9, 1.0, 7)),
        posterior_std=np.where(DEAD, 0.99, rng.uniform(0.05, 0.3, 7)),
        kl=np.where(DEAD, 0.001, rng.uniform(0.8, 3.5, 7)),
        expected=np.where(DEAD, 0.01, 0.95),
        labels=UNITS,
        **on,
    )


def field_maps(**on):
    divergence = -0.8 * np.cos(2 * X) - 0.7 * np.cos(2 * Y + 0.4 * X)
    curvature = np.sin(2 * X) * np.cos(2 * Y)
    rng = np.random.default_rng(0)
    codes = 0.25 * rng.normal(size=(400, 2)) + np.pi * rng.integers(-1, 2, (400, 2))
    a, b = np.meshgrid(np.linspace(-3, 3, 9), np.linspace(-3, 3, 9))
    pictures = ball(np.stack([a, b, 0 * a, a, 0 * a], -1), size=16)
    return la.plots.field_maps(
        SIDE,
        SIDE,
        divergence,
        curvature=curvature,
        posterior=codes,
        reconstructions=pictures,
        labels=("z0", "z1"),
        **on,
    )


def field_arrows(**on):
    side = np.linspace(-3, 3, 16)
    x, y = np.meshgrid(side, side)
    vectors = np.stack([-0.3 * np.sin(2 * x), -0.25 * np.sin(2 * y + 0.4 * x)], -1)
    rng = np.random.default_rng(0)
    codes = 0.2 * rng.normal(size=(300, 2)) + (np.pi, 0) * rng.integers(-1, 2, (300, 1))
    return la.plots.field_arrows(side, side, vectors, posterior=codes, labels=("z0", "z1"), **on)


def half_plane(**on):
    angle = np.linspace(0.25, np.pi - 0.4, 60)
    curves = [(centre + r * np.cos(angle), r * np.sin(angle) / np.sqrt(2)) for centre, r in ((0, 1.6), (1.6, 0.8))]
    return la.plots.half_plane(curves, **on)


def volume_map(**on):
    elements = 10 ** (np.sin(X) + np.cos(1.3 * Y) - 0.2 * X**2)
    codes = np.random.default_rng(0).normal(size=(400, 2)) * (1.2, 0.8)
    return la.plots.volume_map(SIDE, SIDE, elements, points=codes, labels=("z0", "z1"), **on)


def ways(**on):
    start, end = np.array([-2, -1, 0, -1, 0]), np.array([2, 1, 0, 1, 0])
    t = np.linspace(0, 1, 9)[:, None]
    straight = start + t * (end - start)
    bent = straight + np.sin(np.pi * t) * (0, 2, 1, 0, 0)
    rows = {"Fisher–Rao": ball(bent), "straight": ball(straight)}
    return la.plots.ways(rows, turns={"Fisher–Rao": 0.42, "straight": 0.5}, **on)


def response_graph(**on):
    edges = [(0, 1), (1, 0), (2, 4), (4, 5), (0, 5)]
    weights = [0.45, 0.4, 0.3, 0.15, 0.12]
    return la.plots.response_graph(np.flatnonzero(~DEAD), edges, weights, [(0, 1)], UNITS, **on)


def hierarchy_panels(**on):
    context_free = np.array([0.98, 0.9, 0.75, 0.8, np.nan, 0.55])
    linear = np.array([0.95, 0.6, 0.7, 0.3, np.nan, 0.4])
    places = np.array([0.9, 0.6, 0.35, 0.3, np.nan, 0.1])
    size = np.array([0.8, 0.7, 0.4, 0.5, np.nan, 0.2])
    arrays = {"linear": linear, "context_free": context_free, "places": places, "size": size}
    arrays |= {f"{name}_stderr": 0.03 * values for name, values in arrays.items()}
    arrays["maps"] = np.exp(-(X**2 + (Y - 0.5) ** 2) / (0.5 + 8 * np.nan_to_num(places)[:, None, None] ** 2))
    return la.plots.hierarchy_panels(arrays, labels=UNITS[:6], note="256 pairs of each variable", **on)


def double_intervention(**on):
    base, first, second = np.array([[-2, 1, 0, 0, 0], [2, -2, 3, 1, 1], [1, 2, -3, -1, 3]])
    mixed = np.tile(base, (5, 5, 1))
    for row in range(5):
        mixed[row, :, row] = first[row]
        for column in set(range(5)) - {row}:
            mixed[row, column, column] = second[column]
    return la.plots.double_intervention(
        ball(base), ball(first), ball(second), {"on the latents": ball(mixed)}, UNITS[:5], **on
    )


def hybridisation(**on):
    base, alternative = np.random.default_rng(0).normal(size=(2, 3, 5)) * 1.5
    mixed = np.stack([np.where(np.arange(5) == unit, alternative, base) for unit in range(5)], 1)
    return la.plots.hybridisation(ball(base), ball(alternative), ball(mixed), UNITS[:5], **on)


def reconstruction_pairs(**on):
    z = np.random.default_rng(0).normal(size=(8, 5))
    return la.plots.reconstruction_pairs(ball(z), ball(0.8 * z), **on)


def strips(**on):
    z = np.random.default_rng(0).normal(size=(8, 5))
    return la.plots.strips(
        {"prior samples": ball(2 * z), "hybrid samples": ball(z), "worst holes": ball(4 * z[:5])}, **on
    )


def traversals(**on):
    values = np.tile(np.linspace(-3, 3, 9), (5, 1))
    pictures = np.stack([ball(move_unit(np.zeros(5), unit, values[unit])) for unit in range(5)])
    return la.plots.traversals(pictures, values, UNITS[:5], **on)


def adjacency(**on):
    masks = np.triu(np.random.default_rng(0).beta(0.4, 0.4, (7, 7)), 1)
    return la.plots.adjacency(masks, UNITS, **on)


def equivariance_matrix(**on):
    matrix = 1 - np.random.default_rng(0).gamma(1, 0.08, (7, 7))
    return la.plots.equivariance_matrix(matrix, UNITS, **on)


def invariance_matrix(**on):
    rng = np.random.default_rng(0)
    matrix = 1 - rng.gamma(1, 0.1, (7, 7))
    np.fill_diagonal(matrix, rng.uniform(0.02, 0.15, 7))
    matrix[DEAD], matrix[:, DEAD] = 1.0, 1.0
    return la.plots.invariance_matrix(matrix, UNITS, DEAD, **on)


def factor_maps(**on):
    rng = np.random.default_rng(0)
    found = rng.gamma(1, 0.04, (5, 7)) + np.eye(5, 7) * rng.uniform(0.5, 0.9, 5)[:, None]
    importance = found / found.sum(1, keepdims=True)
    return la.plots.factor_maps(FACTORS, UNITS, importance=importance, conditioned=0.9 * found, **on)


def full_matrix(**on):
    rng = np.random.default_rng(0)
    live = rng.uniform(size=20) < 0.6
    matrix = rng.gamma(1, 0.03, (20, 20)) * live[:, None] * live + np.diag(live * rng.uniform(0.8, 1.3, 20))
    return la.plots.full_matrix(matrix, range(20), **on)


def information_map(**on):
    rng = np.random.default_rng(0)
    information = np.clip(rng.gamma(1, 0.03, (5, 7)) + np.eye(5, 7) * rng.uniform(0.4, 0.9, (5, 1)), 0, 1)
    return la.plots.information_map(information, FACTORS, UNITS, **on)


def principal_directions(**on):
    turned = np.eye(5)
    turned[1:3, 1:3] = [[0.7, 0.3], [0.3, 0.7]]
    return la.plots.principal_directions(turned, [4.1, 2.2, 1.9, 0.8, 0.3], UNITS[:5], **on)


def response_matrix(**on):
    rng = np.random.default_rng(0)
    normalized = rng.gamma(1, 0.05, (7, 7)) + np.diag(rng.uniform(0.7, 0.95, 7))
    return la.plots.response_matrix(normalized, UNITS, **on)


def path_map(**on):
    paths = {"manifold": half_circle(), "straight": np.linspace((-2, -0.8), (2, -0.8), 60)}
    distances = {kind: 0.03 + beside_circle(*path.T) for kind, path in paths.items()}
    costs = {kind: float(distance.sum()) for kind, distance in distances.items()}
    codes = half_circle(300) + 0.15 * np.random.default_rng(0).normal(size=(300, 2))
    backdrop = SIDE, SIDE, beside_circle(X, Y)
    return la.plots.path_map(
        paths, distances, costs=costs, posterior=codes, backdrop=backdrop, labels=("z0", "z1"), **on
    )


def path_strips(**on):
    straight = np.linspace((-2, -0.8), (2, -0.8), 9)
    images = {
        kind: ball(np.pad(path, ((0, 0), (0, 3))))
        for kind, path in (("manifold", half_circle(9)), ("straight", straight))
    }
    return la.plots.path_strips(images, **on)


def score_dots(**on):
    values = {"MIG": 0.41, "DCI disentanglement": 0.63, "DCI completeness": 0.58, "SAP": 0.12, "explicitness": 0.87}
    scores = [
        Score(name.lower(), name, value, f"The {name} of a panel.", 1000, 0, value - 0.03, value + 0.03)
        for name, value in values.items()
    ]
    return la.plots.score_dots(scores, **on)


def channel_maps(**on):
    rng = np.random.default_rng(0)
    variance = rng.gamma(8, 0.02, (8, 8, 8)) * rng.uniform(0.2, 2, (8, 1, 1)) * (1.2 - np.linspace(-1, 1, 8) ** 2)
    return la.plots.channel_maps(variance, CHANNELS, **on)


def channel_relations(**on):
    rng = np.random.default_rng(0)
    codes, effects = rng.normal(size=(2, 8, 12)) + rng.normal(size=12) * rng.choice([-1, 0, 1], (8, 1))
    lengths = np.linalg.norm(effects, axis=1)
    cosines = effects @ effects.T / np.outer(lengths, lengths)
    return la.plots.channel_relations(np.corrcoef(codes), cosines, CHANNELS, **on)


def channel_scales(**on):
    rng = np.random.default_rng(0)
    mean, std = 0.15 * rng.normal(size=8), rng.uniform(0.7, 1.3, 8)
    return la.plots.channel_scales(mean, np.full(8, 0.03), std, np.full(8, 0.02), 1.0, CHANNELS, **on)


def kernel_maps(**on):
    across, down = np.meshgrid(np.arange(-6, 7), np.arange(-6, 7))
    own = np.exp(-np.hypot(across, down) * 1.2)
    profile = 1 - np.exp(-np.outer(np.random.default_rng(0).uniform(0.5, 1.1, 8), np.arange(1, 9)))
    overall, stderr = profile.mean(0), profile.std(0) / np.sqrt(8)
    return la.plots.kernel_maps(own, 0.1 * own**0.7, overall, stderr, profile, **on)


def move_bars(**on):
    moves = ["1 pixel right", "1 place right", "mirrored", "turned by 90°"]
    encoded, decoded = np.array([0.35, 0.08, 0.9, 1.1]), np.array([0.2, 0.05, 0.7, 0.95])
    return la.plots.move_bars(moves, encoded, 0.03 * encoded**0.5, decoded, 0.03 * decoded**0.5, **on)


def place_maps(**on):
    rng = np.random.default_rng(0)
    edge = np.maximum(*np.abs(np.meshgrid(np.linspace(-1, 1, 8), np.linspace(-1, 1, 8))))
    maps = {
        "response to itself": 1 - 0.4 * edge**2,
        "reconstruction error": 0.02 + 0.05 * edge * rng.uniform(size=(8, 8)),
    }
    maps["response to itself"][::2, ::2] = np.nan
    return la.plots.place_maps(maps, {"response to itself": 1.0}, **on)


def spectra(**on):
    rng = np.random.default_rng(0)
    frequency = np.arange(1, 33.0)
    channels = frequency[:8] ** -0.8 * rng.uniform(0.7, 1.4, (8, 8))
    channels /= channels.sum(1, keepdims=True)
    latent, stderr = channels.mean(0), channels.std(0) / np.sqrt(8)
    return la.plots.spectra(latent, stderr, channels, frequency**-1.9, frequency[:8] ** -1.6, (-0.8, -1.6), **on)
