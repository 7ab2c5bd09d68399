"""Use of a codebook: how many entries are used, how evenly, and how far codes are from theirs."""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.core.arrays import as_float_tensor, as_tensor
from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.observations import finite
from latentassay.stats.intervals import jackknife_stderr, student
from latentassay.stats.ratios import ratio

BLOCKS = 32
"""Blocks of rows of the jackknife, at most."""

ENOUGH = 3
"""With fewer codes for every entry, dead ones cannot be told from rare ones, and the perplexity has no upper end."""


class CodebookUse(NamedTuple):
    """Which entries codes use.

    Attributes:
        counts: how many codes use each entry, ``(k,)``.
        perplexity: exp of the entropy of use; k where all are used alike.
        dead: share of the entries that are never used, however many codes there are.
        unseen: how many entries no code used.
        by_chance: how many would go unseen if all were used alike.
        n: number of rows.
        codes: number of codes.
    """

    counts: Int[Tensor, " k"]
    perplexity: Estimate
    dead: Estimate
    unseen: int
    by_chance: float
    n: int
    codes: int


def codebook_use(indices: Any, size: int) -> CodebookUse:
    """Count which entries of a codebook are used, and estimate how many never are.

    The entropy is the plug-in one plus ``(m − 1) / 2n`` for m entries seen in n codes (Miller and Madow 1955), with a
    jackknife over blocks of rows, since codes of one row depend on each other. Entries that are used but were not seen
    are estimated from those seen in one row and in two, ``f₀ = f₁² / 2 f₂`` (Chao 1987), with her interval; the others
    that were not seen are dead.

    Args:
        indices: number of the entry of every code, ``(n, *places)``, at least 8 rows.
        size: number of entries.

    Raises:
        InputError: too few rows, or numbers that are not those of entries.

    >>> found = codebook_use(torch.arange(400).reshape(100, 4) % 8, 16)
    >>> round(found.perplexity), found.dead, found.unseen
    (8, 0.5, 8)
    """
    numbers = _numbers(indices)
    if numbers.ndim < 1 or len(numbers) < 8 or not numbers.numel():
        raise InputError(f"indices must be (n, *places) with n at least 8, got {tuple(numbers.shape)}")
    numbers = numbers.reshape(len(numbers), -1)
    if int(numbers.min()) < 0 or int(numbers.max()) >= size:
        raise InputError(f"indices must lie in 0 … {size - 1}, got {int(numbers.min())} … {int(numbers.max())}")
    counts = torch.bincount(numbers.flatten(), minlength=size)
    return CodebookUse(
        counts=counts,
        perplexity=_perplexity(numbers, size),
        dead=_dead(numbers, size),
        unseen=int((counts == 0).sum()),
        by_chance=size * (1 - 1 / size) ** numbers.numel(),
        n=len(numbers),
        codes=numbers.numel(),
    )


def _numbers(indices: Any) -> Tensor:
    """Numbers of entries, which other types than integers hold, too, if they are whole."""
    values = as_tensor(indices, "indices")
    if not bool(torch.isfinite(values).all()) or not torch.equal(values.long().to(values), values):
        raise InputError(f"indices must be whole numbers, those of entries, got {values.dtype}")
    return values.long()


def _perplexity(numbers: Int[Tensor, "n places"], size: int) -> Estimate:
    blocks = min(BLOCKS, len(numbers))
    keys = (torch.arange(len(numbers)) % blocks)[:, None] * size + numbers
    counts = torch.bincount(keys.flatten(), minlength=blocks * size).view(blocks, size).double()
    whole = float(_entropy(counts.sum(0)))
    stderr = float(jackknife_stderr(_entropy(counts.sum(0) - counts)))
    reach = math.exp(float(student(torch.tensor([blocks - 1.0]))) * stderr)
    value = min(math.exp(whole), float(size))
    high = float(size) if numbers.numel() < ENOUGH * size else min(value * reach, float(size))
    return Estimate(value, low=max(1.0, value / reach), high=high, n=len(numbers))


def _entropy(counts: Float[Tensor, "*b k"]) -> Float[Tensor, "*b"]:
    """Entropy in nats, corrected for its bias."""
    n = counts.sum(-1)
    p = counts / n[..., None]
    found: Tensor = torch.special.entr(p).sum(-1) + ((counts > 0).sum(-1) - 1) / (2 * n)
    return found


def _dead(numbers: Int[Tensor, "n places"], size: int) -> Estimate:
    """Share of entries that are never used: those unseen, without those that are only rare."""
    rows = torch.zeros(len(numbers), size, dtype=torch.bool).scatter_(1, numbers, True).sum(0)
    unseen, once, twice = (int((rows == times).sum()) for times in (0, 1, 2))
    rare, most = _count_rare(once, twice, len(numbers))
    value, low = (max(0.0, unseen - min(unseen, count)) / size for count in (rare, most))
    # Where codes are few, more entries than Chao's bound may be rare: she bounds them from below.
    low = 0.0 if numbers.numel() < ENOUGH * size else low
    return Estimate(value, low=low, high=unseen / size, n=len(numbers))


def _count_rare(once: int, twice: int, n: int) -> tuple[float, float]:
    """How many entries are used that were not seen, and how many may be (Chao 1987: even in the logarithm)."""
    share = (n - 1) / n
    if twice:
        r = once / twice
        found, variance = share * r * once / 2, twice * (share * r**2 / 2 + share**2 * r**3 + share**2 * r**4 / 4)
    else:
        found = share * once * (once - 1) / 2
        variance = share * found + share**2 * once * (2 * once - 1) ** 2 / 4
    if found <= 0:
        return 0.0, float(once) * Z95
    return found, found * math.exp(Z95 * math.sqrt(math.log1p(variance / found**2)))


def quantisation_distance(codes: Any, indices: Any, codebook: Any) -> Estimate:
    """Return how far codes are from their entries, over how far entries that are used are from the next one.

    Args:
        codes: vectors as they are before, ``(n, places, size)``.
        indices: number of the entry of each, ``(n, places)``.
        codebook: the entries, ``(k, size)``.

    Raises:
        InputError: only one entry is used, so that there is no next one; shapes that do not belong together, numbers
            that are not those of entries, NaN or infinite values.

    >>> entries, moved = torch.tensor([[0.0], [1.0]]), torch.tensor([[[0.1], [0.9]], [[0.1], [0.9]]])
    >>> round(quantisation_distance(moved, torch.tensor([[0, 1], [0, 1]]), entries), 6)
    0.1
    """
    vectors, numbers = finite(as_float_tensor(codes, "codes"), "codes").detach(), _numbers(indices)
    entries = finite(as_float_tensor(codebook, "codebook"), "codebook").detach().to(vectors.device).double()
    if vectors.ndim != 3 or vectors.shape[:2] != numbers.shape or entries.shape[1:] != vectors.shape[2:]:
        raise InputError(
            "expected codes (n, places, size), indices (n, places) and a codebook (k, size), got "
            f"{tuple(vectors.shape)}, {tuple(numbers.shape)} and {tuple(entries.shape)}"
        )
    if len(vectors) < 2 or not vectors.numel():
        raise InputError(f"codes must be of at least 2 rows, got {tuple(vectors.shape)}")
    if int(numbers.min()) < 0 or int(numbers.max()) >= len(entries):
        raise InputError(f"indices must lie in 0 … {len(entries) - 1}")
    used = entries[torch.bincount(numbers.flatten(), minlength=len(entries)) > 0]
    if len(used) < 2:
        raise InputError("distances between entries need at least two that are used, got one")
    between = torch.cdist(used, used).fill_diagonal_(torch.inf).amin(1).mean()
    away = (vectors.double() - entries[numbers]).norm(dim=-1).mean(1)
    return ratio(away, between.expand(len(away))).estimate
