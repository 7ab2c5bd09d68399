"""SlowVAE: a VAE on sequences whose latents take sparse steps."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Generator, Tensor

from latentassay.core.checks import check_positive, check_weights
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian
from latentassay.objectives.frames import frame_shape, require
from latentassay.objectives.vae import Loss
from latentassay.stats.laplace import kl_to_laplace


@dataclass(frozen=True)
class SlowVAE:
    """A VAE on tuples in time whose latents take sparse steps: ``z_1 ~ N(0, I)``, ``z_t ~ Laplace(z_{t−1}, 1/λ)``.

    ``Σ_t −E_q log p(x_t|z_t) + β KL(q(z_1|x_1) ‖ N(0, I)) + γ Σ_{t>1} E_{q(z_{t−1})} KL(q(z_t|x_t) ‖ p(z_t|z_{t−1}))``,
    the last in closed form, over z_{t−1} too: ``λ E|z_t − z_{t−1}| − log(λ/2) − H(q(z_t|x_t))`` for every latent, where
    z_t − z_{t−1} is Gaussian. Sums over frames, pixels and latents, means over tuples, in nats.

    The same tuples read backwards are as good, so the divergences are the mean of both directions, as in the authors'
    code. That code puts z_{t−1} at its mean, and sets the sum of both directions' cross-entropies against the mean of
    their entropies, so that its γ pulls about twice as hard as the formula says: state it beside a comparison.

    Args:
        gamma: γ, weight of the steps' divergence; 10 in the source.
        rate: λ of the Laplace density ``λ/2 exp(−λ |z − z'|)``; 6 in the source.
        beta: β, weight of the first frame's divergence from N(0, I); 1 in the source.
        both: read tuples in both directions, or forwards only.

    Raises:
        InputError: weights that are negative or infinite, or a rate that is not positive; when called, a batch that is
            not of at least two frames ``(n, frames, *x_shape)``, which ``data.laplace_walks``, ``data.changed_pairs``
            and ``data.windows`` make.
        ContractError: when called on a model whose posteriors are not diagonal Gaussians.

    Source: Klindt et al. 2021, "Towards nonlinear disentanglement in natural data with temporal sparse coding"
    (arXiv 2007.10930), its SlowVAE, α = 1; defaults of the authors' code.
    """

    gamma: float | int = 10.0
    rate: float | int = 6.0
    beta: float | int = 1.0
    both: bool = True

    def __post_init__(self) -> None:
        check_weights(gamma=self.gamma, beta=self.beta)
        check_positive(rate=self.rate)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, frames, *x_shape)``; its part ``steps`` is what γ weighs."""
        require(model, "encode", "decoder_output", "likelihood")
        shape = frame_shape(model, x, 1, "SlowVAE", "data.laplace_walks, data.changed_pairs or data.windows")
        if x.shape[1] < 2:
            raise InputError(f"SlowVAE needs at least two frames in a tuple, got a batch {tuple(x.shape)}")
        frames = x.reshape(-1, *shape)
        posterior = model.encode(frames)
        if not isinstance(posterior, DiagonalGaussian):
            raise ContractError("SlowVAE needs diagonal Gaussian posteriors; train a vae- model such as vae-conv")
        output = model.decoder_output(posterior.sample(generator))
        nll = model.likelihood.nll(output, frames).reshape(x.shape[:2]).sum(1).mean()
        kl, steps = self._divergences(posterior, x.shape[0], x.shape[1])
        return Loss(nll + self.beta * kl + self.gamma * steps, {"nll": nll, "kl": kl, "steps": steps})

    def _divergences(self, posterior: DiagonalGaussian, n: int, frames: int) -> "_Divergences":
        """Means over tuples: of the first frame from N(0, I), and of every later one from the frame before it."""
        kl = posterior.kl_to_prior().reshape(n, frames)
        mean, std = (value.reshape(n, frames, -1) for value in (posterior.mean, posterior.std))
        first, steps = kl[:, 0].mean(), self._steps(mean, std)
        if not self.both:
            return _Divergences(first, steps)
        back = self._steps(mean.flip(1), std.flip(1))  # the same tuples read backwards
        return _Divergences((first + kl[:, -1].mean()) / 2, (steps + back) / 2)

    def _steps(self, mean: Tensor, std: Tensor) -> Tensor:
        kl = kl_to_laplace(mean[:, 1:], std[:, 1:], mean[:, :-1], self.rate, location_std=std[:, :-1])
        return kl.sum((1, 2)).mean()


class _Divergences(NamedTuple):
    first: Tensor
    steps: Tensor
