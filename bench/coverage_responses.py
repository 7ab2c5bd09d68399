"""Cases of ``bench/coverage.py``: holes and their repairs, self-consistency, invariance, and the structure score."""

from collections.abc import Iterator
from functools import cache, partial

import numpy as np
import torch
from coverage_case import Case
from scipy import stats

import latentassay as la
from latentassay.core.estimate import Estimate
from latentassay.core.units import Units
from latentassay.responses.agreement import agreement
from latentassay.stats.exceedance import draw_threshold, paired_shares
from latentassay.stats.mmd import SCALES, inverse_multiquadratic, of_squared_distances, paired_mmd

KEPT, TRUE_ROWS = 0.8, 1_000_000
DISTANCES = {"thin tails": stats.halfnorm(), "heavy tails": stats.lognorm(1.0)}
SHARES = (0.01, 0.05, 0.2, 0.5)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def exceed(of: stats.rv_continuous, share: float, n: int, seed: int) -> dict[str, Estimate]:
    """Distances of which so many lie above 99 % of the reference, and the same halved."""
    rng = np.random.default_rng(seed)
    reference, sample = (torch.from_numpy(of.ppf(rng.random(n))) for _ in range(2))
    sample = sample * (of.isf(0.01) / of.isf(share))
    threshold = draw_threshold(reference, quantile=0.99, generator=seed)
    before, after = paired_shares(threshold, sample, sample / 2, generator=seed)
    return {
        "share": before.estimate,
        "repaired": after.estimate,
        "repair gain": before.minus(after).estimate,
        "redrawn": before.drawn_again(1),
    }


def exceed_truth(of: stats.rv_continuous, share: float, _: int) -> dict[str, float]:
    left = float(of.sf(2 * of.isf(share)))
    return {"share": share, "repaired": left, "repair gain": share - left, "redrawn": share**2}


class Shrinking:
    """A linear coder that keeps the direction (1, 1) and shrinks the one across it to a fifth."""

    latent_shape, prior = (2,), la.StandardNormal((2,))

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return z

    def encode(self, x: torch.Tensor) -> la.DiagonalGaussian:
        mean = x.mean(1, keepdim=True)
        return la.DiagonalGaussian(mean + 0.2 * (x - mean), torch.full_like(x, 1e-6))


def holes(n: int, seed: int) -> dict[str, Estimate]:
    g = seeded(seed)
    x = KEPT**0.5 * torch.randn(n, 1, generator=g) + (1 - KEPT) ** 0.5 * torch.randn(n, 2, generator=g)
    found = la.find_holes(Shrinking(), x, generator=seed, n=n)
    return {
        "hybrid": found.hybrid.share,
        "hybrid repaired": found.hybrid.repaired,
        "hybrid repair gain": found.hybrid.repair_gain,
        "hybrid redrawn": found.hybrid.redrawn,
        "prior": found.prior.share,
        "prior less hybrid": found.hybrid_gain,
    }


def holes_truth(_: int) -> dict[str, float]:
    """Codes have variance 0.04 · 0.2 across (1, 1), hybrids (1.8 + 0.008)/2, the prior 1."""

    def share(variance: float) -> float:
        return float(2 * stats.norm.sf(stats.norm.isf(0.005) * (0.04 * (1 - KEPT) / variance) ** 0.5))

    mixed = (1 + KEPT + 0.04 * (1 - KEPT)) / 2
    hybrid, prior, left = share(mixed), share(1.0), share(0.04 * mixed)
    return {
        "hybrid": hybrid,
        "hybrid repaired": left,
        "hybrid repair gain": hybrid - left,
        "hybrid redrawn": hybrid**2,
        "prior": prior,
        "prior less hybrid": prior - hybrid,
    }


def forget(share: float, size: float, n: int, seed: int) -> dict[str, Estimate | list[Estimate]]:
    """One latent in so many comes back as an unrelated one of this size."""
    g = seeded(seed)
    z, lost = torch.randn(n, 3, generator=g), torch.rand(n, 1, generator=g) < share
    response = torch.where(lost, size * torch.randn(n, 3, generator=g), 0.9 * z)
    found, score = agreement(Units.default((3,)), z, response), la.responses.consistency.score_responses
    ends = zip(found.error, found.error_low, found.error_high, strict=True)
    return {
        "self-consistency": score(Units.default((3,)), z, response).score_all,
        "error": [Estimate(value, low=low, high=high, n=n) for value, low, high in ends],
    }


def forget_some(share: float, size: float, n: int, seed: int) -> dict[str, Estimate | list[Estimate]]:
    """The same, of the first sample after this seed's that holds at least one such latent."""
    held = (tried for tried in range(1000 * seed, 1000 * (seed + 1)) if _hold(share, n, tried))
    return forget(share, size, n, next(held))


def _hold(share: float, n: int, seed: int) -> bool:
    g = seeded(seed)
    torch.randn(n, 3, generator=g)  # the latents, which are drawn first
    return bool((torch.rand(n, 1, generator=g) < share).any())


def forget_truth(share: float, size: float, _: int) -> dict[str, float | list[float]]:
    error, spread = share * (1 + size**2) + (1 - share) * 0.01, (1 - share) * 0.81 + share * size**2
    return {"self-consistency": 1 - error / spread, "error": [error] * 3}


LEAK = torch.tensor([[1.0, 0.3, 0.0], [0.1, 0.9, 0.2], [0.0, -0.2, 0.8]])


def linear(n: int, seed: int) -> dict[str, Estimate]:
    """R(z) = z A: a linear coder whose units leak into each other."""
    model = la.from_torch(lambda x: x @ LEAK, lambda z: z, latent_shape=(3,))
    z = torch.randn(n, 3, generator=seeded(seed))
    return {
        "invariance": la.invariance(model, z, generator=seed, values=8, batch_size=n).score,
        "self-consistency": la.self_consistency(model, z, batch_size=n).score,
    }


def linear_truth(_: int) -> dict[str, float]:
    spread, units = LEAK.square().sum(0), len(LEAK)
    errors = LEAK.square() / spread  # what unit i has of unit m, σ_m = 1
    scaled = errors * spread[:, None]
    return {
        "invariance": float(1 - (scaled.sum() - scaled.trace()) / (units * (units - 1))),
        "self-consistency": float((1 - (LEAK - torch.eye(units)).square().sum(0) / spread).mean()),
    }


WIDTHS = [6 * scale for scale in SCALES]


def differ(share: float, n: int, seed: int) -> dict[str, Estimate]:
    """Pairs of samples that are the same but for so many, whose second lies far away at one place."""
    g = seeded(seed)
    x = torch.randn(n, 3, generator=g).double()
    y = torch.where(torch.rand(n, 1, generator=g) < share, torch.full((3,), 5.0).double(), x)
    found = paired_mmd(x, y, widths=WIDTHS, permutations=1)
    return {"structure score": found.value}


@cache
def between() -> float:
    """Squared discrepancy of a normal sample and that place."""
    x, other = torch.randn(2, TRUE_ROWS, 3, generator=seeded(2**31)).double()
    within = of_squared_distances((x - other).square().sum(1, keepdim=True), WIDTHS).mean()
    return float(within + 1 - 2 * inverse_multiquadratic(x, torch.full((1, 3), 5.0).double(), WIDTHS).mean())


def differ_truth(share: float, _: int) -> dict[str, float]:
    return {"structure score": share**2 * between()}


def response_cases() -> Iterator[Case]:
    """All of them."""
    for tails, of in DISTANCES.items():
        for share in SHARES:
            words = f"distances with {tails}, {100 * share:g} % above the threshold"
            yield Case(words, partial(exceed, of, share), partial(exceed_truth, of, share))
    yield Case("holes of a linear coder of correlated codes", holes, holes_truth)
    for share, size in ((0, 1), (0.001, 1), (0.01, 1), (0.05, 1), (0.05, 5)):
        words = f"latents of which {100 * share:g} % come back as unrelated ones, {size} times as large"
        yield Case(words, partial(forget, share, size), partial(forget_truth, share, size))
    words = "latents of which 1 % come back as unrelated ones, 10 times as large (28 % of samples of 128 hold none)"
    yield Case(words, partial(forget, 0.01, 10), partial(forget_truth, 0.01, 10))
    seen = "latents of which 1 % come back as unrelated ones, 10 times as large (samples that hold at least one)"
    yield Case(seen, partial(forget_some, 0.01, 10), partial(forget_truth, 0.01, 10), sizes=(128,))
    yield Case("a linear coder whose units leak", linear, linear_truth)
    for share in (0.01, 0.05):
        words = f"responses of which {100 * share:g} % fall to one place"
        yield Case(
            words,
            partial(differ, share),
            partial(differ_truth, share),
            against=lambda quantity: f"closed form, one expectation over {TRUE_ROWS:,} rows",
        )
