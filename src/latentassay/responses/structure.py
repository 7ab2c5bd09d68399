"""The structure score: how far responses to the prior stray from the prior (LR 4.2, equation 8)."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_generator
from latentassay.responses.response import respond
from latentassay.sampling import BATCH_SIZE, as_latents, prior
from latentassay.stats.mmd import SCALES, paired_mmd

ROUNDING = 32
"""Responses that differ from their latents by fewer units of rounding than this, beside the largest, are the same."""

USUAL = {"scales": 1024, "single": 10_000}
"""Kernel → number of prior samples where nothing else is said; the authors' of the second."""


class StructureScore(NamedTuple):
    """Unbiased squared MMD between latents and their responses.

    Attributes:
        score: 0 where the aggregate response follows the base distribution; the paper prints it × 1000. Its standard
            error is that of the U-statistic.
        effect: the same as a share: how much of the variance of samples and responses together, in the kernel's feature
            space, lies between the two. Responses of half the size of normal samples have 0.04 in any dimension, those
            that are all the same 0.21.
        p_value: of the hypothesis that both distributions are the same, by permutation.
        n: number of base latents.
        variant: base distribution, response and kernel in words.
    """

    score: Estimate
    effect: Estimate
    p_value: float
    n: int
    variant: str


def structure_score(
    model: Autoencoder,
    *,
    generator: Generator | int = 0,
    n: int | None = None,
    base: Any = None,
    active: Sequence[int] | None = None,
    sample: bool = True,
    kernel: str = "scales",
    scales: Sequence[float] | None = None,
    batch_size: int = BATCH_SIZE,
) -> StructureScore:
    """Measure how far the distribution of responses ẑ ~ q(ẑ|D(z)) is from that of prior samples z.

    An unbiased squared MMD with inverse multiquadratic kernels ``C/(C + ‖a−b‖²)``. With d the number of latents
    compared and σ² the prior's variance (the base's mean variance where a base is given) they are

    - ``kernel="scales"``: the mean over s of those with ``C_s = 2 d σ² s``, s being 0.1, 0.2, 0.5, 1, 2, 5, 10. The
      text names only that of the Wasserstein autoencoder, which has these scales.
    - ``kernel="single"``: the one with ``C = d σ²``, of n = 10,000 samples. The authors ran this one.

    Args:
        model: any autoencoder with vector latents.
        generator: draws latents, responses and permutations.
        n: number of prior samples; time grows with n². 1024, or 10,000 for the single kernel, if left out.
        base: latents to use in place of prior samples; needed for models without a prior (use hybrids).
        active: the causal latents; all others are fixed to 0 and left out of the kernel (the causal variant).
        sample: draw responses, as the paper's equation 3 says; their means if false, which the paper's table 3 fits.
        kernel: ``"scales"`` or ``"single"``.
        scales: others than the seven, for ``kernel="scales"`` only.

    Raises:
        InputError: no prior and no base; a base whose latents are all the same; fewer than three latents; an ``active``
            latent out of range; an unknown kernel; a scale that is not positive, or one beside the single kernel.

    Source: LR equations 3 and 8 and the authors' public code.
    """
    chosen = _choose_scales(kernel, scales)
    generator = as_generator(generator)
    count = USUAL[kernel] if n is None else n
    z = prior(model, count, generator=generator) if base is None else as_latents(model, base, minimum=3)
    z = z.clone(memory_format=torch.contiguous_format)  # so that flattening is a view, and zeros reach z
    d = z.flatten(1).shape[1]
    kept = list(range(d) if active is None else active)
    if len(z) < 3 or not kept or not all(0 <= latent < d for latent in kept):
        raise InputError(f"needs at least 3 latents and active latents in 0..{d - 1}, got n={len(z)}, active={kept}")
    z.flatten(1)[:, [latent for latent in range(d) if latent not in set(kept)]] = 0
    response = _without_rounding(z, respond(model, z, sample=sample, generator=generator, batch_size=batch_size))
    a, b = (latents.flatten(1)[:, kept].double().cpu() for latents in (z, response))
    variance = model.prior.std**2 if base is None and model.prior else float(a.var(0).mean())
    if not 0 < variance < math.inf:
        raise InputError(f"the latents of the base must differ, by finite numbers, got a variance of {variance:g}")
    widths = [2 * len(kept) * variance * s for s in chosen]
    found = paired_mmd(a, b, widths=widths, generator=generator)
    words = f"of {len(chosen)} scales" if len(chosen) > 1 else "C = d" if kernel == "single" else "of one scale"
    variant = (
        f"{'prior' if base is None else 'given base'} against {'sampled' if sample else 'mean'} responses, "
        f"{'all' if active is None else 'causal'} latents (d = {len(kept)}), unbiased MMD², IMQ kernel {words}"
    )
    return StructureScore(found.value, found.effect, found.p_value, len(z), variant)


def _choose_scales(kernel: str, scales: Sequence[float] | None) -> tuple[float, ...]:
    """Return the multiples s of ``2 d σ²`` that a kernel has."""
    if kernel not in USUAL:
        raise InputError(f"kernel must be one of {', '.join(USUAL)}, got {kernel!r}")
    if kernel == "single":
        if scales is not None:
            raise InputError(f'kernel="single" has the scale ½ and takes no others, got scales {tuple(scales)}')
        return (0.5,)
    chosen = SCALES if scales is None else tuple(scales)
    if not chosen or not all(s > 0 for s in chosen):
        raise InputError(f"scales must be positive numbers, got {chosen}")
    return chosen


def _without_rounding(z: Tensor, response: Tensor) -> Tensor:
    """Responses, or z itself where no response differs by more than rounding: a perfect model is not judged by that.

    The test would call differences of 1e-16 significant, since they are as small everywhere.
    """
    most = ROUNDING * torch.finfo(z.dtype).eps * float(z.abs().max())
    return z if float((response - z).abs().max()) <= most else response
