"""Stratified partners: every row of a block meets another whose rank is spread evenly over the block."""

import functools

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor


def scrambled_ranks(shape: tuple[int, int], size: int, *, generator: Generator) -> Int[Tensor, "blocks columns size"]:
    """Draw permutations of ``range(size)`` whose points ``(r, π(r))`` fill the square evenly.

    Bit reversal under nested uniform scrambling (Owen 1995): a randomised (0, 2)-net in base 2. Every π(r) is uniform
    on its own, and together they leave out most of what unrelated pairs add to the variance of a mean.

    Args:
        shape: independent permutations to draw, blocks and columns; blocks are drawn one after another.
        size: a power of two.

    >>> scrambled_ranks((3, 1), 8, generator=torch.Generator().manual_seed(0)).sort(-1).values[2, 0]
    tensor([0, 1, 2, 3, 4, 5, 6, 7])
    """
    blocks, columns = shape
    # Block by block, so that it does not matter how many are drawn at once.
    flips = torch.randint(2, (blocks, columns * (size - 1)), generator=generator)
    node, reversed_bits, reach = _scrambling(columns, size)
    # Numbers below 2²⁴ are exact in float32, whose products are many times as fast as those of integers.
    return (flips.float()[:, node] @ reach).long() ^ reversed_bits


@functools.lru_cache(maxsize=16)
def _scrambling(columns: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Which flip is whose, ranks with their bits reversed, and what every flip of a column does to each rank.

    The flips of a column are the nodes of a binary tree. They are drawn level by level, for all columns in turn.
    """
    levels = size.bit_length() - 1
    level = torch.cat([torch.full((2**k,), k) for k in range(levels)])
    place = torch.cat([torch.arange(2**k) for k in range(levels)])
    node = columns * (2**level - 1) + torch.arange(columns)[:, None] * 2**level + place
    rank = torch.arange(size)
    reversed_bits = sum(((rank >> k & 1) << (levels - 1 - k) for k in range(levels)), torch.zeros_like(rank))
    reached = reversed_bits >> (levels - level)[:, None] == place[:, None]
    return node, reversed_bits, reached * 2.0 ** (levels - 1 - level)[:, None]


def partners(scores: Float[Tensor, "n u"], size: int, *, generator: Generator) -> Int[Tensor, "n u"]:
    """Give every row, for every column, a partner from its own block of ``size`` rows, spread evenly by score.

    Each of the ``size`` rows is a partner exactly once, any row is equally likely to be the partner of any other,
    and now and then a row is its own. A mean over all rows of something that vanishes between a row and itself is
    therefore ``(size − 1)/size`` of its mean over pairs of different rows.

    Args:
        scores: what to spread by, blocks of ``size`` consecutive rows.
        size: a power of two that divides ``n``.
    """
    n, columns = scores.shape
    inside = partners_in_blocks(scores.reshape(n // size, size, columns), generator=generator)
    return (inside + size * torch.arange(n // size)[:, None, None]).reshape(n, columns)


def partners_in_blocks(scores: Float[Tensor, "blocks size u"], *, generator: Generator) -> Int[Tensor, "blocks size u"]:
    """Return the same as ``partners``, as places inside every block."""
    blocks, size, columns = scores.shape
    order = scores.argsort(1)
    chosen = scrambled_ranks((blocks, columns), size, generator=generator).transpose(1, 2)
    return torch.empty_like(order).scatter_(1, order, order.gather(1, chosen))
