"""β-TCVAE: a VAE whose KL term is decomposed, with a weight for the total correlation of its latents."""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.checks import check_weights
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian, StandardNormal
from latentassay.objectives.vae import Loss, posterior_of

Sampling = Literal["stratified", "weighted"]


class Decomposition(NamedTuple):
    """The three parts of a KL term, in nats, means over the batch."""

    mutual_information: Tensor
    """E[log q(z|x) − log q(z)], what latents and rows tell of each other."""

    total_correlation: Tensor
    """E[log q(z) − Σ_j log q(z_j)], what latents tell of one another."""

    dimension_wise: Tensor
    """E[Σ_j log q(z_j) − log p(z_j)], how far each latent's own distribution lies from the prior."""


@dataclass(frozen=True)
class BetaTCVAE:
    """The evidence lower bound with a weight for each part of its KL term (Chen et al. 2018).

    ``−E_q log p(x|z) + α MI + β TC + γ DW``: mutual information, total correlation and dimension-wise KL, whose sum is
    the KL itself, which is known in closed form. So what is descended is
    −E_q log p(x|z) + KL + (α − 1) MI + (β − 1) TC + (γ − 1) DW, the same in expectation and with less noise: with all
    weights 1 it is ``VAE``. The parts rest on q(z), estimated from the batch; see ``decompose``.

    Args:
        beta: weight of the total correlation.
        n: rows of the data trained on, N; left out, ``fit`` fills in those of the data it is given.
        sampling: how q(z) is estimated: ``"stratified"`` (unbiased) or ``"weighted"``.
        alpha: weight of the mutual information.
        gamma: weight of the dimension-wise KL.

    Raises:
        InputError: weights that are negative or not finite, fewer than two rows, an unknown sampling; when called, a
            batch of one row, or one larger than ``n`` under stratified sampling.
        ContractError: when called on a model whose posterior is no Gaussian with independent latents.

    Source: Chen et al. 2018, "Isolating Sources of Disentanglement in VAEs", equations 2 to 4 and appendix C.
    """

    beta: float | int
    n: int | None = None
    sampling: Sampling = "stratified"
    alpha: float | int = 1.0
    gamma: float | int = 1.0

    def __post_init__(self) -> None:
        check_weights(alpha=self.alpha, beta=self.beta, gamma=self.gamma)
        _check_estimate(2 if self.n is None else self.n, self.sampling)

    def with_rows(self, rows: int) -> "BetaTCVAE":
        """Return the same for data of so many rows, unless ``n`` was stated."""
        return replace(self, n=rows) if self.n is None else self

    def __call__(self, model: Any, x: Tensor, generator: Generator) -> Loss:
        """Return the loss on a batch ``(n, *x_shape)``, z sampled with ``generator`` (on the device of ``x``)."""
        posterior = posterior_of(model, x)
        if self.n is None:
            raise InputError("q(z) is a mean over the rows of the data, and nobody said how many; state n=, or use fit")
        if not isinstance(posterior, DiagonalGaussian) or posterior.mean.ndim != 2:
            raise ContractError(
                f"total correlation needs Gaussians over a vector of independent latents, got a "
                f"{type(posterior).__name__} with codes {tuple(posterior.mean.shape)}; build a model called vae-…"
            )
        z = posterior.sample(generator)
        nll, kl = model.likelihood.nll(model.decoder_output(z), x).mean(), posterior.kl_to_prior().mean()
        parts = decompose(posterior, z, self.n, sampling=self.sampling)
        weights = zip((self.alpha, self.beta, self.gamma), parts, strict=True)
        extra = sum((weight - 1) * part for weight, part in weights if weight != 1)
        named = {"mi": parts.mutual_information, "tc": parts.total_correlation, "dw": parts.dimension_wise}
        return Loss(nll + kl + extra, {"nll": nll, "kl": kl, **named})


def decompose(
    posterior: DiagonalGaussian, z: Float[Tensor, "b d"], n: int, *, sampling: Sampling = "stratified"
) -> Decomposition:
    """Estimate the three parts of E[log q(z|x) − log p(z)] from a batch of b of n rows.

    ``q(z) = 1/n Σ_i q(z|x_i)`` over all rows is estimated at the sample z_i of row i from the rows of the batch, and
    ``q(z_j)`` by the same weights from ``q(z_j|x)``::

        "weighted"     log q(z_i) ≈ log Σ_k q(z_i|x_k) / (n b)                                      k over the batch
        "stratified"   log q(z_i) ≈ log [q(z_i|x_i) / n + (n−1) / (n (b−1)) Σ_{k≠i} q(z_i|x_k)]

    The second is unbiased for q(z) where the batch is drawn without putting rows back (its logarithm is too small on
    average, less so with larger batches), and exact at b = n. The published one gives one row of the batch, picked by
    its place, the weight (n−b+1) / (n (b−1)) and each other 1 / (b−1); this is its mean over which row that is, with
    the same expectation and less noise. (The code published with it, and much that was copied from it, puts the 1 / n
    into one column, not to each sample's own row.) The weights of the first add up to 1 / n, not to 1: where
    posteriors overlap, mutual information is too large by up to log n, and total correlation by up to (d − 1) log n.

    The constants log n and log b are not dropped, so the parts are in nats and comparable between batch sizes, and
    they add up to ``log q(z|x) − log p(z)`` for every sample, whatever the estimate.

    Args:
        posterior: of the batch, mean ``(b, d)``.
        z: a sample of each.
        n: rows of the data that the batch is from.
        sampling: which estimate.

    Raises:
        InputError: fewer than two rows in the batch or the data, more in a stratified batch than in the data, or an
            unknown sampling.

    Source: Chen et al. 2018, equation 2, section 4.1 (weighted) and appendix C.2 (stratified).

    >>> q = DiagonalGaussian(torch.zeros(4, 2), torch.ones(4, 2))
    >>> parts = decompose(q, q.sample(torch.Generator().manual_seed(0)), 100)
    >>> [round(float(part.abs()), 4) for part in parts]
    [0.0, 0.0, 0.0]
    """
    _check_estimate(n, sampling)
    if len(z) < 2:
        raise InputError(f"an estimate of q(z) needs at least 2 rows in a batch, got {len(z)}")
    if sampling == "stratified" and len(z) > n:
        raise InputError(
            f"a batch of {len(z)} rows cannot come from {n} without putting rows back; "
            "state the rows of the data as n=, or take a smaller batch"
        )
    # Row i: the sample of row i under the posterior of every row of the batch, latent by latent.
    each = DiagonalGaussian(posterior.mean[None], posterior.std[None])
    pairs = _log_density(each, z[:, None])
    weights = _log_weights(len(z), n, sampling).to(pairs)
    joint = torch.logsumexp(weights + pairs.sum(-1), 1)
    marginals = torch.logsumexp(weights[..., None] + pairs, 1).sum(1)
    own, prior = posterior.log_prob(z), StandardNormal(tuple(z.shape[1:])).log_prob(z)
    return Decomposition((own - joint).mean(), (joint - marginals).mean(), (marginals - prior).mean())


def _log_density(q: DiagonalGaussian, z: Tensor) -> Tensor:
    """log q(z_j|x) of every latent for itself."""
    log_2pi = math.log(2 * math.pi)
    return -0.5 * (((z - q.mean) / q.std).square() + log_2pi) - q.std.log()


def _log_weights(batch: int, n: int, sampling: Sampling) -> Float[Tensor, "b b"]:
    """Log of the weight of row k (column) in the estimate of q at the sample of row i."""
    if sampling == "weighted":
        return torch.full((batch, batch), -math.log(n * batch))
    weights = torch.full((batch, batch), math.log((n - 1) / (n * (batch - 1))))
    return weights.fill_diagonal_(-math.log(n))


def _check_estimate(n: Any, sampling: Any) -> None:
    if not isinstance(n, int) or isinstance(n, bool) or n < 2:
        raise InputError(f"n must be the number of rows of the data trained on, at least 2, got {n!r}")
    if sampling not in ("stratified", "weighted"):
        raise InputError(f"sampling must be 'stratified' or 'weighted', got {sampling!r}")
