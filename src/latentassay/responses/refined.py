"""A response matrix of which some units were measured again, on more latents than the others."""

from collections.abc import Sequence

import torch
from torch import Tensor

from latentassay.responses.matrix import ResponseMatrix


def refine(whole: ResponseMatrix, part: ResponseMatrix, members: Sequence[int]) -> ResponseMatrix:
    """Return a matrix whose entries among some units are those of a matrix of these units alone.

    Entries between a member and a unit that is none keep the squares that were measured; where the unit that responds
    is a member, they are normalized by its new σ.

    Args:
        whole: matrix of all units, of torch tensors.
        part: matrix of the members, on the same model and a larger sample of the same latents.
        members: number in ``whole.units`` of every unit of ``part``.
    """
    sigma, columns = whole.sigma.clone(), torch.tensor(members)
    sigma[columns] = part.sigma
    scale = torch.where(sigma > 0, whole.sigma / sigma.clamp(min=1e-300), 0.0)
    used = list(whole.used)
    for member, rows in zip(members, part.used, strict=True):
        used[member] = rows
    return whole._replace(
        matrix=_with_block(whole.matrix, part.matrix, columns),
        matrix_stderr=_with_block(whole.matrix_stderr, part.matrix_stderr, columns),
        normalized=_with_block(whole.normalized * scale, part.normalized, columns),
        normalized_stderr=_with_block(whole.normalized_stderr * scale, part.normalized_stderr, columns),
        sigma=sigma,
        effect=whole.effect.index_copy(0, columns, part.effect),
        effect_stderr=whole.effect_stderr.index_copy(0, columns, part.effect_stderr),
        n=part.n,
        used=tuple(used),
    )


def _with_block(whole: Tensor, block: Tensor, members: Tensor) -> Tensor:
    filled = whole.clone()
    filled[members[:, None], members] = block
    return filled
