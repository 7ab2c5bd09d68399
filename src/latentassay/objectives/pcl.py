"""Permutation-contrastive learning: features that tell consecutive observations from others."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from latentassay.core.autoencoder import device_and_dtype
from latentassay.core.errors import InputError
from latentassay.objectives.auxiliary_networks import WithAuxiliary
from latentassay.objectives.frames import frame_shape, require
from latentassay.objectives.vae import Loss


class Regression(nn.Module):
    """Logistic regression of "y¹ follows y²" on features of both: ``r(y) = Σ_i B_i(h_i(y¹), h_i(y²))``.

    ``B_i(u, v) = a u² − |w_i u + w'_i v + b_i|`` with a > 0 common to all, plus m: what a Laplace autoregression has,
    whose log-density is −|s_t − ρ s_{t−1}| up to scale, over a marginal that is nearly Gaussian. Begins at
    u² − |u − v|.

    >>> Regression(2)(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 2.0]]))
    tensor([-1.], grad_fn=<AddBackward0>)
    """

    def __init__(self, latents: int):
        super().__init__()
        self.after, self.before = nn.Parameter(torch.ones(latents)), nn.Parameter(-torch.ones(latents))
        self.shift = nn.Parameter(torch.zeros(latents))
        self.log_scale, self.bias = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))

    def forward(self, after: Float[Tensor, "n d"], before: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Return the logits ``(n,)`` of features of what comes after and before."""
        apart = (self.after * after + self.before * before + self.shift).abs().sum(1)
        return self.log_scale.exp() * after.square().sum(1) - apart + self.bias


@dataclass(frozen=True)
class PCL:
    """Logistic regression that tells consecutive observations ``(x_t, x_{t−1})`` from others ``(x_t, x_{t*})``.

    ``½ E log(1 + exp −r(h(x_t), h(x_{t−1}))) + ½ E log(1 + exp r(h(x_t), h(x_{t*})))`` in nats: log 2 ≈ 0.693 means
    that nothing is told apart. The features h are the codes of the model, trained with the ``Regression`` r, which the
    objective brings along and which treats each feature by itself; so they become the independent sources, if these are
    autocorrelated and not Gaussian, up to order, sign and a function of each. t* is another row of the batch.

    Its model needs no decoder: ``models.features`` makes the source's extractor. In ``fit`` alone does the regression
    learn: to call the objective by hand is to ask a fresh one.

    Raises:
        InputError: when called on a batch of fewer than two windows ``(n, frames, *x_shape)``, which ``data.windows``
            and ``data.laplace_walks`` make.
        ContractError: when called on a model that does not encode.

    Source: Hyvärinen & Morioka 2017, "Nonlinear ICA of temporally dependent stationary sources", equations 10 to 12;
    the form of B_i for their simulations is the one of the authors' code.
    """

    def with_auxiliary(self, model: Any) -> WithAuxiliary:
        """Bring a fresh regression on the model's features."""
        require(model, "encode", "latent_shape")
        regression = Regression(torch.Size(model.latent_shape).numel()).to(*device_and_dtype(model))

        def loss(model: Any, x: Tensor, generator: Generator) -> Loss:
            return _contrast(regression, *_consecutive(model, x), generator)

        return WithAuxiliary(regression, loss)

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, frames, *x_shape)`` with a regression as it begins."""
        return self.with_auxiliary(model).loss(model, x, generator)


def _consecutive(model: Any, x: Tensor) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n d"]]:
    """Features of every frame that has one before it, and of the one before it."""
    shape = frame_shape(model, x, 1, "PCL", "data.windows or data.laplace_walks")
    if x.shape[1] < 2 or len(x) < 2:
        raise InputError(f"PCL needs two windows of two frames at least, got a batch {tuple(x.shape)}")
    codes = model.encode(x.reshape(-1, *shape)).mean.reshape(*x.shape[:2], -1)
    return codes[:, 1:].flatten(0, 1), codes[:, :-1].flatten(0, 1)


def _contrast(regression: nn.Module, after: Tensor, before: Tensor, generator: Generator) -> Loss:
    # A random order, and everybody takes the one ahead: nobody is paired with itself.
    order = torch.randperm(len(before), generator=generator, device=generator.device)
    other = torch.empty_like(order)
    other[order] = order.roll(1)
    true, permuted = regression(after, before), regression(after, before[other])
    total = (softplus(-true).mean() + softplus(permuted).mean()) / 2
    return Loss(total, {"contrast": total})
