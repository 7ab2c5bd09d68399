"""Hierarchy: shares of changes in closed form and by brute force, what must not matter, and what is refused."""

import itertools

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.responses import exchange as exchanges
from latentassay.responses.hierarchy import hierarchy


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def decoder(decode, latents):
    return la.from_torch(lambda x: x, decode, latent_shape=latents if isinstance(latents, tuple) else (latents,))


def normal(n, latents, seed=0):
    return torch.randn(n, latents, generator=seeded(seed)).double()


A, B, C, W = 0.6, 0.8, 0.7, 1.1


def bent(z):
    """u₀ bends and multiplies u₁; u₁ enters linearly beside that; u₂ is linear; u₃ does next to nothing."""
    first = A * z[:, 0] ** 2 + B * z[:, 0] + C * z[:, 0] * z[:, 1]
    return torch.stack([first, W * z[:, 1], 2 * z[:, 2], 1e-3 * z[:, 3]], 1)


def test_shares_and_sizes_of_a_decoder_in_closed_form():
    """Of independent standard normal u: Var u² = 2, and every product adds the square of its factor."""
    found = hierarchy(decoder(bent, 4), normal(20_000, 4), generator=seeded())
    total = 2 * A**2 + B**2 + C**2
    linear, free = [B**2 / total, W**2 / (W**2 + C**2), 1.0], [(2 * A**2 + B**2) / total, W**2 / (W**2 + C**2), 1.0]
    everything = total + W**2 + 4 + 1e-6
    size = (np.array([total, W**2 + C**2, 4, 1e-6]) / everything) ** 0.5
    for value, stderr, expected in (
        (found.linear[:3], found.linear_stderr[:3], linear),
        (found.context_free[:3], found.context_free_stderr[:3], free),
        (found.size, found.size_stderr, size),
    ):
        assert ((value - torch.tensor(expected)).abs() <= 3 * stderr + 1e-9).all() and (stderr < 0.02).all()
    assert found.active == (0, 1, 2) and found.dead == (3,) and found.n == 20_000
    assert all(torch.isnan(value[3]) for value in (found.linear, found.context_free, found.places))
    assert (found.score, found.p_value) == (1, pytest.approx(1 / 6)) and found.score.low == found.score.high == 1
    maps = torch.tensor([[2 * total, 0, 0, 0], [2 * C**2, 2 * W**2, 0, 0], [0, 0, 8, 0], [0, 0, 0, 2e-6]]).double()
    torch.testing.assert_close(found.maps, maps, rtol=0.08, atol=1e-12)


def test_everything_is_linear_of_a_linear_decoder():
    matrix = normal(6, 9, seed=3)
    z = normal(400, 6) @ normal(6, 6, seed=4) + 5  # dependent latents, far from 0
    for model in (decoder(lambda z: z @ matrix.to(z), 6), decoder(lambda z: z, 6)):
        found = hierarchy(model, z, units=[[0], [1, 2], [3, 4, 5]], generator=seeded())
        torch.testing.assert_close(found.linear, torch.ones(3).double(), rtol=0, atol=1e-6)
        torch.testing.assert_close(found.context_free, torch.ones(3).double(), rtol=0, atol=1e-6)
        assert found.score is None and found.context.score is None and found.p_value is None


def test_independent_effects_that_add_make_up_the_whole():
    found = hierarchy(decoder(lambda z: torch.sin(2 * z), 3), normal(4000, 3), generator=seeded())
    assert float(found.size.square().sum()) == pytest.approx(1, abs=0.03)
    torch.testing.assert_close(found.context_free, torch.ones(3).double(), rtol=0, atol=1e-5)
    # β = E[u sin 2u] = 2 e⁻², Var sin 2u = (1 − e⁻⁸)/2
    told = (2 * np.exp(-2)) ** 2 / ((1 - np.exp(-8)) / 2)
    assert ((found.linear - told).abs() < 3 * found.linear_stderr).all()


def crossed(z):
    """Three numbers of which none is linear or alone."""
    a, b, c = z.unbind(1)
    return torch.stack([a * b + c**2, torch.exp(0.4 * a) * c, (b - c) * (a + 1)], 1)


def brute_force(points, unit):
    """Shares and squared size over every pair of latents that may meet."""
    z = torch.tensor(points).double()
    first, second = (z[list(side)] for side in zip(*itertools.permutations(range(len(z)), 2), strict=True))
    swapped = first.clone(), second.clone()
    swapped[0][:, unit], swapped[1][:, unit] = second[:, unit], first[:, unit]
    a, b = crossed(swapped[0]) - crossed(first), crossed(second) - crossed(swapped[1])
    step = (second - first)[:, unit]
    rule = torch.linalg.lstsq(step, (a + b) / 2, driver="gelsd").solution
    size = (a.square().sum() + b.square().sum()) / 2
    whole = (crossed(first) - crossed(second)).square().sum()
    return float((step @ rule * (a + b) / 2).sum() / size), float((a * b).sum() / size), float(size / whole)


@pytest.mark.parametrize("unit", [[0], [1, 2]])
def test_shares_by_brute_force_where_latents_depend(unit):
    points = np.random.default_rng(0).normal(size=(7, 3)) @ np.array([[1, 0.8, 0], [0, 0.6, 0.5], [0, 0, 1]])
    z = torch.tensor(points).double()[torch.randint(7, (60_000,), generator=seeded(1))]
    found = hierarchy(decoder(crossed, 3), z, units=[unit], generator=seeded(), threshold=0)
    expected = brute_force(points, unit)  # pairs of equal latents change nothing, and count for nothing
    assert float(found.linear[0]) == pytest.approx(expected[0], abs=3 * float(found.linear_stderr[0]))
    assert float(found.context_free[0]) == pytest.approx(expected[1], abs=3 * float(found.context_free_stderr[0]))
    assert float(found.size[0]) ** 2 == pytest.approx(expected[2], abs=6 * float(found.size_stderr[0]))
    assert max(float(found.linear_stderr[0]), float(found.context_free_stderr[0])) < 0.02


def test_few_latents_are_not_biased_and_errors_are_honest():
    """Mean over many small samples is the limit, and the limit lies in about 95 % of the intervals."""
    cubic = decoder(lambda z: torch.stack([z[:, 0] ** 3 + z[:, 0] * z[:, 1], z[:, 1]], 1), 2)
    z = [torch.rand(200, 2, generator=seeded(s)).double() * 2 - 1 for s in range(150)]
    found = [hierarchy(cubic, latents, generator=seeded(s)) for s, latents in enumerate(z)]
    total = 1 / 7 + 1 / 9  # E u⁶ and E u² E v² of numbers even in [−1, 1]; β = E u⁴/E u² = 3/5
    truth = {"linear": 0.12 / total, "context_free": 1 / 7 / total, "size": (total / (total + 1 / 3)) ** 0.5}
    for name, limit in truth.items():
        value = torch.stack([getattr(one, name)[0] for one in found])
        stderr = torch.stack([getattr(one, f"{name}_stderr")[0] for one in found])
        assert float(value.mean()) == pytest.approx(limit, abs=3.5 * float(value.std()) / 150**0.5)
        assert 0.88 < float(((value - limit).abs() <= 1.96 * stderr).double().mean()) < 0.99


def test_share_of_places_counts_them():
    """One latent moves 3 of 12 pixels, in two colours; another all of them, in one."""
    reach = torch.zeros(2, 2, 3, 4)
    reach[0, :, 0, :3], reach[1, 1] = 1.0, 2.0
    model = decoder(lambda z: (z[:, :, None, None, None] * reach.to(z)).sum(1), 2)
    found = hierarchy(model, normal(64, 2), generator=seeded())
    torch.testing.assert_close(found.places, torch.tensor([0.25, 1.0]).double(), rtol=0, atol=1e-6)
    assert found.maps.shape == (2, 3, 4) and (found.maps[0] > 0).sum() == 3
    assert found.extent.score is None  # two variables
    scaled = hierarchy(decoder(lambda z: 1e-4 * model.decode(z), 2), normal(64, 2), generator=seeded())
    torch.testing.assert_close(scaled.places, found.places, rtol=0, atol=1e-5)


def test_order_of_latents_does_not_matter_but_that_of_units_does():
    z, swap = normal(600, 4), [2, 3, 0, 1]
    units, moved = [[0], [1], [2, 3]], [[2], [3], [0, 1]]
    one = hierarchy(decoder(bent, 4), z, units=units, generator=seeded())
    same = hierarchy(decoder(lambda y: bent(y[:, swap]), 4), z[:, swap], units=moved, generator=seeded())
    for name in ("linear", "context_free", "places", "size", "linear_stderr", "maps"):
        torch.testing.assert_close(getattr(one, name), getattr(same, name), rtol=1e-9, atol=1e-12)
    turned = hierarchy(decoder(bent, 4), z, units=units[::-1], generator=seeded())
    torch.testing.assert_close(turned.linear.flip(0), one.linear, rtol=1e-9, atol=1e-12)
    assert one.score == same.score == -turned.score == 1


def test_same_seed_same_numbers_however_batched():
    z = normal(301, 4)  # one is left over
    one, same, other, batched = (
        hierarchy(decoder(bent, 4), z, generator=seeded(s), batch_size=b)
        for s, b in ((0, 128), (0, 128), (1, 128), (0, 7))
    )
    assert one.n == 300 and torch.equal(one.linear[:3], same.linear[:3]) and one[:4] == same[:4]
    torch.testing.assert_close(one.linear, batched.linear, rtol=1e-8, atol=1e-9, equal_nan=True)
    assert not torch.equal(one.linear[:3], other.linear[:3])


def test_never_more_than_a_batch_is_decoded_and_each_thing_once():
    seen = []
    model = decoder(lambda z: seen.append(len(z)) or z, 3)
    hierarchy(model, normal(100, 3), generator=seeded(), batch_size=16)
    assert max(seen) == 16 and sum(seen) == (1 + 3) * 100


def test_spatial_latents_and_large_units():
    z = normal(300, 2 * 8 * 8).view(300, 2, 8, 8)
    found = hierarchy(decoder(lambda z: torch.cat([z[:, :1] ** 3, z[:, 1:]], 1), (2, 8, 8)), z, generator=seeded())
    assert found.linear[0] < found.linear[1] and "leading directions" in found.variant
    torch.testing.assert_close(found.context_free, torch.ones(2).double(), rtol=0, atol=1e-5)
    few = torch.randn(300, 3, generator=seeded()).double() @ normal(3, 64, seed=1)  # 64 numbers, three directions
    whole = hierarchy(
        decoder(lambda z: z, (1, 8, 8)),
        few.view(300, 1, 8, 8),
        generator=seeded(),
        units=la.Units.channels((1, 8, 8)),
    )
    torch.testing.assert_close(whole.linear, torch.ones(1).double(), rtol=0, atol=1e-5)


def test_dead_and_constant_variables_are_named():
    z = normal(100, 3)
    z[:, 1] = 2.0  # never varies
    found = hierarchy(decoder(lambda z: z, 3), z, generator=seeded())
    assert found.dead == (1,) and found.active == (0, 2) and found.size[1] == 0
    none = hierarchy(decoder(lambda z: z * 0, 3), z, generator=seeded())
    assert none.active == () and none.score is None and none.size.tolist() == [0, 0, 0]
    strict = hierarchy(decoder(lambda z: z, 3), z, generator=seeded(), threshold=2)
    assert strict.dead == (0, 1, 2)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"z": normal(31, 4)}, "n at least 32"),
        ({"z": normal(64, 3)}, r"shape \(n, 4\)"),
        ({"z": torch.full((64, 4), torch.nan)}, "NaN"),
        ({"threshold": -0.1}, "threshold must be 0 or more, got -0.1"),
        ({"units": [[4]]}, "0..3"),
        ({"model": decoder(lambda z: z / 0, 4)}, "decodings holds NaN"),
    ],
)
def test_what_is_refused(options, match):
    options = {"model": decoder(bent, 4), "z": normal(64, 4), **options}
    with pytest.raises(la.InputError, match=match):
        hierarchy(options.pop("model"), options.pop("z"), generator=seeded(), **options)


def test_sums_too_large_are_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(exchanges, "LIMIT", 1000)
    with pytest.raises(la.InputError, match="give fewer or smaller units"):
        hierarchy(decoder(bent, 4), normal(64, 4), generator=seeded())
