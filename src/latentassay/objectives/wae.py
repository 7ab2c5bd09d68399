"""WAE-MMD: an autoencoder with a penalty on the discrepancy between all its codes and draws from the prior."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Generator, Tensor

from latentassay.core.checks import check_weights
from latentassay.core.errors import InputError
from latentassay.core.posteriors import StandardNormal
from latentassay.objectives.vae import Loss, posterior_of
from latentassay.stats.mmd import SCALES, unpaired_mmd


@dataclass(frozen=True)
class WAE:
    """The reconstruction loss, and the maximum mean discrepancy between codes and draws from the prior.

    ``−log p(x|z) + λ MMD²(q(z), p(z))``, z the code of x, or a sample where posteriors have width.

    MMD² is the unbiased estimate from the codes of the batch and as many draws from the prior, N(0, I) where the model
    names none (so that point codes can be trained), with the sum of inverse multiquadratic kernels of seven widths::

        k(z, z') = Σ_s s C / (s C + ‖z − z'‖²)     C = 2 d σ²,  s = 0.1, 0.2, 0.5, 1, 2, 5, 10

    for d latents and a prior of standard deviation σ: C is what ‖z − z'‖² is on average under the prior. The penalty
    is for all codes together: codes of different x may lie as far apart as the prior allows, and no KL is asked for.

    Sum over pixels in the first part, mean over the batch. MMD² has no unit: about 0 (negative as often as positive)
    where codes are right, at most 2 for every s.

    Args:
        weight: λ. The source has 10 on MNIST and 100 on CelebA, for squared error and one kernel, s = 1. The code
            published with it sums these seven and has λ = 10 for both, but 0.05 times the squared error, which amounts
            to λ = 200 beside ``likelihood="squared"``. (The public library of SA's authors has one kernel with C = d
            and λ = 10, divided by the rows of the batch.)
        scales: s.

    Raises:
        InputError: a weight that is negative or not finite, no scales, or one that is not positive; when called, a
            batch of one row.
        ContractError: when called on a model without what an objective trains through.

    Source: Tolstikhin et al. 2018, "Wasserstein auto-encoders" (arXiv 1711.01558), algorithm 2 and section 4.
    """

    weight: float | int = 10.0
    scales: Sequence[float] = SCALES

    def __post_init__(self) -> None:
        object.__setattr__(self, "scales", tuple(self.scales))  # JSON has lists; what is rebuilt must be the same
        check_weights(weight=self.weight)
        if not self.scales or not all(0 < scale < math.inf for scale in self.scales):
            raise InputError(f"scales must be positive numbers, at least one, got {self.scales}")

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``; its part ``mmd`` is MMD²."""
        z = posterior_of(model, x).sample(generator)
        # Of point codes the model names no prior, and the discrepancy is what draws them towards one.
        prior = getattr(model, "prior", None) or StandardNormal(tuple(z.shape[1:]))
        drawn = prior.sample(len(z), generator).to(z)
        nll = model.likelihood.nll(model.decoder_output(z), x).mean()
        mmd = self._discrepancy(z.flatten(1), drawn.flatten(1), prior.std)
        return Loss(nll + self.weight * mmd, {"nll": nll, "mmd": mmd})

    def _discrepancy(self, z: Tensor, drawn: Tensor, std: float) -> Tensor:
        base = 2 * z.shape[1] * std**2
        return len(self.scales) * unpaired_mmd(z, drawn, widths=[scale * base for scale in self.scales])
