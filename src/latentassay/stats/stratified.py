"""Stratified partners: every row of a block meets another whose rank is spread evenly over the block."""

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor


def scrambled_ranks(shape: tuple[int, ...], size: int, *, generator: Generator) -> Int[Tensor, "*shape size"]:
    """Draw permutations of ``range(size)`` whose points ``(r, π(r))`` fill the square evenly.

    Bit reversal under nested uniform scrambling (Owen 1995): a randomised (0, 2)-net in base 2. Every π(r) is uniform
    on its own, and together they leave out most of what unrelated pairs add to the variance of a mean.

    Args:
        shape: independent permutations to draw.
        size: a power of two.

    >>> scrambled_ranks((3,), 8, generator=torch.Generator().manual_seed(0)).sort(-1).values[2]
    tensor([0, 1, 2, 3, 4, 5, 6, 7])
    """
    levels = size.bit_length() - 1
    rank = torch.arange(size)
    reversed_bits = sum(((rank >> k & 1) << (levels - 1 - k) for k in range(levels)), torch.zeros_like(rank))
    out = torch.zeros(*shape, size, dtype=torch.long)
    for k in range(levels):
        prefix, bit = reversed_bits >> (levels - k), reversed_bits >> (levels - 1 - k) & 1
        flips = torch.randint(2, (*shape, 2**k), generator=generator)
        out = 2 * out + (bit ^ flips[..., prefix])
    return out


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
    order = scores.reshape(n // size, size, columns).argsort(1)
    chosen = scrambled_ranks((n // size, columns), size, generator=generator).transpose(1, 2)
    partner = torch.empty_like(order).scatter_(1, order, order.gather(1, chosen))
    return (partner + size * torch.arange(n // size)[:, None, None]).reshape(n, columns)
