"""How probable a model finds observations: log p(x) by importance sampling, with its error."""

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.autoencoder import eval_mode, to_model
from latentassay.core.errors import ContractError, InputError
from latentassay.core.estimate import Estimate
from latentassay.core.guard import decode_batch, decoder_output_batch, encode_means
from latentassay.core.observations import as_observations, finite
from latentassay.core.posteriors import Point, Posterior
from latentassay.core.randomness import as_generator
from latentassay.sampling import beside, blocks
from latentassay.stats.intervals import mean_of_rows
from latentassay.stats.likelihoods import Bernoulli, Gaussian, Likelihood, SquaredError, as_likelihood

BATCH_SIZE = 512

GROUP = 32
"""Observations whose samples are drawn together, in the same order whatever the batch size is."""

FEWEST_EFFECTIVE = 10
"""Effective samples below which the standard error of a row, a linearisation, is not to be trusted."""

TOLERATED = 0.05
"""Share of rows that may have fewer without a word."""


class FewEffectiveSamplesWarning(UserWarning):
    """A few samples carry nearly all the weight, so an estimate of log p(x) is too low and its error too small."""


class RowEstimates(NamedTuple):
    """One number per observation, ``(n,)`` float64 each, torch tensors.

    Attributes:
        value: log p(x) in nats.
        value_stderr: its standard error; the estimate is also too low by about half its square (Jensen).
        effective_samples: (Σw)² / Σw², from 1 (one sample carries all) to the number of samples (all weigh the same).
    """

    value: Float[Tensor, " n"]
    value_stderr: Float[Tensor, " n"]
    effective_samples: Float[Tensor, " n"]


class LogLikelihood(NamedTuple):
    """Log-likelihood of data under a model.

    Attributes:
        value: mean of log p(x) over the observations, in nats per observation; its interval is that of the mean over
            all data that these observations are a random sample of.
        sampling_stderr: standard error of the value from the samples of z, these observations given.
        effective_samples: mean over the observations; see ``per_row``.
        per_row: value, standard error and effective samples of every observation.
        n: number of observations.
        samples: number of samples of z for each.
        variant: proposal, samples and observation model.
    """

    value: Estimate
    sampling_stderr: float
    effective_samples: float
    per_row: RowEstimates
    n: int
    samples: int
    variant: str


def log_likelihood(
    model: Any,
    x: Any,
    *,
    samples: int = 2000,
    generator: Generator | int = 0,
    likelihood: Any = None,
    batch_size: int = BATCH_SIZE,
) -> LogLikelihood:
    """Estimate log p(x) by importance sampling, the encoder's posterior being the proposal.

    ``log 1/K Σ_k w_k`` with ``log w = log p(x|z) + log p(z) − log q(z|x)`` and z ~ q(z|x) (Burda et al. 2016). The
    weights are summed in float64, relative to the largest so far. The standard error is the delta method's,
    ``sd(w) / (mean(w) √K)``. At most ``batch_size`` decodings are held at a time, and nothing grows with ``samples``.

    Args:
        model: an autoencoder with a prior whose posterior has a density.
        x: observations ``(n, *x_shape)``, a tensor, an array or ``Observations``.
        samples: K, samples of z per observation.
        generator: draws them.
        likelihood: p(x|z) around the mean that ``model.decode`` returns: ``"bernoulli"`` (data in [0, 1]), a mapping
            such as ``{"name": "gaussian", "std": 0.1}``, or a ``Likelihood``. Where left out, the model's own
            ``likelihood`` reads its ``decoder_output``, as in ``models.VAE``.
        batch_size: decodings at a time; 32 observations are encoded at a time, so that it changes nothing drawn.

    Raises:
        InputError: unusable data or options, or weights that are NaN or infinite.
        ContractError: the model has no prior, no posterior density or no likelihood, or answers in another shape.

    Warns:
        FewEffectiveSamplesWarning: more than one observation in twenty has fewer than ten effective samples.

    >>> from latentassay import from_torch
    >>> model = from_torch(
    ...     lambda x: (x * 0, x * 0 + 1), lambda z: z, latent_shape=(1,), prior="normal", output="mean_std"
    ... )
    >>> g = torch.Generator().manual_seed(0)
    >>> found = log_likelihood(model, torch.zeros(2, 1), generator=g, likelihood="gaussian")
    >>> bool(abs(found.value + 0.5 * np.log(4 * np.pi)) < 4 * found.sampling_stderr)  # x = z + noise, of variance 2
    True
    """
    _check_count("samples", samples, 2, "one sample has no standard error")
    _check_count("batch_size", batch_size, 1, "it bounds the memory")
    decoder, observations, parts, binary = _decoder(model, likelihood), as_observations(x), [], True
    with eval_mode(model) as (device, _):
        local = beside(as_generator(generator), device)
        for block in blocks(len(observations), GROUP, "log-likelihood"):
            rows = _check_support(observations.batch(torch.arange(block.start, block.stop)), decoder.likelihood)
            binary = binary and bool(((rows == 0) | (rows == 1)).all())
            source = _Source(model, decoder, to_model(model, rows), local, batch_size)
            parts.append(_estimate_rows(source, samples))
    found = RowEstimates(*(torch.cat(column) for column in zip(*parts, strict=True)))
    _warn_of_few(found.effective_samples, samples)
    return _summary(found, samples, f"importance sampling from the posterior, {_words(decoder.likelihood, binary)}")


class _Decoder(NamedTuple):
    """z to what the likelihood reads, and the likelihood."""

    output: Callable[[Tensor], Tensor]
    likelihood: Any


class _Source(NamedTuple):
    """Where the log-weights of some observations ``x`` come from."""

    model: Any
    decoder: _Decoder
    x: Tensor
    generator: Generator
    batch_size: int

    def posterior(self) -> Posterior:
        q = encode_means(self.model, self.x)
        if isinstance(q, Point):
            raise ContractError(
                "the model's codes are points, which have no density to weigh samples by; "
                "log p(x) needs an encoder that answers with a distribution, as a VAE's"
            )
        if not (q.std > 0).all():
            raise ContractError(
                "posterior std must be positive, got 0, less or NaN; samples of a point have no "
                "density; was a logvar given as std? say output='mean_logvar'"
            )
        return q

    def log_weights(self, q: Posterior, count: int) -> Float[Tensor, "k n"]:
        """Draw ``count`` samples of z for every row, and return log p(x|z) + log p(z) − log q(z|x)."""
        z = torch.stack([q.sample(self.generator) for _ in range(count)])
        flat, repeated = z.flatten(0, 1), self.x.expand(count, *self.x.shape).flatten(0, 1)
        pieces = zip(torch.split(flat, self.batch_size), torch.split(repeated, self.batch_size), strict=True)
        log_joint = torch.cat([self._log_joint(*piece) for piece in pieces])
        log_q = torch.stack([q.log_prob(row) for row in z]).double()
        return _finite_weights((log_joint.view(log_q.shape) - log_q).cpu())

    def _log_joint(self, z: Tensor, x: Tensor) -> Tensor:
        output = self.decoder.output(z)
        _same_shape("the decoder's output", output, tuple(x.shape))
        log_joint: Tensor = self.model.prior.log_prob(z).double() - self.decoder.likelihood.nll(output, x).double()
        _same_shape("log p(x, z)", log_joint, (len(z),))
        return log_joint


def _estimate_rows(source: _Source, samples: int) -> RowEstimates:
    posterior, sums = source.posterior(), _Sums(len(source.x))
    step = max(1, source.batch_size // len(source.x))
    for start in range(0, samples, step):
        sums.add(source.log_weights(posterior, min(step, samples - start)))
    return sums.estimates()


class _Sums:
    """Running sums of weights and of their squares, relative to the largest weight of the row so far."""

    def __init__(self, rows: int):
        self._count, self._top = 0, torch.full((rows,), -math.inf, dtype=torch.float64)
        self._first, self._second = torch.zeros(2, rows, dtype=torch.float64)

    def add(self, log_weights: Float[Tensor, "k n"]) -> None:
        top = torch.maximum(self._top, log_weights.amax(0))
        before, now = (self._top - top).exp(), (log_weights - top).exp()
        self._first = self._first * before + now.sum(0)
        self._second = self._second * before.square() + now.square().sum(0)
        self._top, self._count = top, self._count + len(log_weights)

    def estimates(self) -> RowEstimates:
        effective = (self._first.square() / self._second).clamp(max=self._count)
        value = self._top + self._first.log() - math.log(self._count)
        # Var(w) / (K mean(w)²), with K − 1 in the variance.
        stderr = ((self._count / effective - 1) / (self._count - 1)).sqrt()
        return RowEstimates(value, stderr, effective)


def _summary(found: RowEstimates, samples: int, variant: str) -> LogLikelihood:
    n = len(found.value)
    return LogLikelihood(
        value=mean_of_rows(found.value),
        sampling_stderr=float(found.value_stderr.square().sum().sqrt()) / n,
        effective_samples=float(found.effective_samples.mean()),
        per_row=found,
        n=n,
        samples=samples,
        variant=f"{variant}, {samples} samples",
    )


def _warn_of_few(effective: Float[Tensor, " n"], samples: int) -> None:
    few = int((effective < FEWEST_EFFECTIVE).sum())
    if few > TOLERATED * len(effective):
        warnings.warn(
            f"{few} of {len(effective)} observations have fewer than {FEWEST_EFFECTIVE} effective samples of {samples} "
            f"(median {float(effective.median()):.1f}); log p(x) is too low there, and its error larger than said. "
            "Take more samples; if that does not help, the posterior misses where z given x lies",
            FewEffectiveSamplesWarning,
            stacklevel=3,
        )


def _decoder(model: Any, likelihood: Any) -> _Decoder:
    name = type(model).__name__
    if missing := [part for part in ("encode", "decode", "latent_shape") if not hasattr(model, part)]:
        raise ContractError(f"{name} lacks {', '.join(missing)}; log p(x) needs an autoencoder, see la.from_torch")
    if getattr(model, "prior", None) is None:
        raise ContractError(
            f"{name} has no prior, so it gives x no probability; say prior='normal' in la.from_torch "
            "if it was trained towards N(0, I)"
        )
    if likelihood is not None:
        chosen = _density(as_likelihood(likelihood))
        return _Decoder(
            lambda z: _logits(decode_batch(model, z)) if isinstance(chosen, Bernoulli) else decode_batch(model, z),
            chosen,
        )
    if not (hasattr(model, "likelihood") and hasattr(model, "decoder_output")):
        raise ContractError(
            f"{name} does not say what p(x|z) is; pass likelihood='bernoulli' or "
            "likelihood={'name': 'gaussian', 'std': σ}, the one it was trained with"
        )
    return _Decoder(lambda z: decoder_output_batch(model, z), _density(model.likelihood))


def _density(likelihood: Any) -> Any:
    if isinstance(likelihood, SquaredError):
        raise InputError(
            "squared error is not a density of x, so it has no nats; pass "
            "likelihood={'name': 'gaussian', 'std': σ} (σ = √½ weighs x and prior as it did)"
        )
    if isinstance(likelihood, Gaussian) and not 0 < likelihood.std < math.inf:
        raise InputError(
            f"the std of a gaussian likelihood must be a positive number, got {likelihood.std}; it is in units of x"
        )
    return likelihood


def _logits(mean: Tensor) -> Tensor:
    """Turn the means of a Bernoulli into what ``nll`` reads; nearer to 0 or 1 than float precision counts as that."""
    if not ((mean >= 0) & (mean <= 1)).all():
        raise ContractError(
            "decode must return means in [0, 1] for a bernoulli likelihood, got "
            f"{float(mean.min()):.3g} to {float(mean.max()):.3g}; are they logits?"
        )
    return mean.logit(eps=torch.finfo(mean.dtype).eps)


def _check_support(x: Tensor, likelihood: Any) -> Tensor:
    low, high = getattr(likelihood, "support", Likelihood.support)
    if ((finite(x, "x") < low) | (x > high)).any():
        raise InputError(
            f"x must lie in [{low:g}, {high:g}] for {likelihood}, got values from {float(x.min()):.3g} to "
            f"{float(x.max()):.3g}; rescale it, or name another likelihood"
        )
    return x


def _words(likelihood: Any, binary: bool) -> str:
    grey = "" if binary or not isinstance(likelihood, Bernoulli) else " of grey values (a cross entropy, no density)"
    return f"{likelihood}{grey}"


def _finite_weights(log_weights: Tensor) -> Tensor:
    if not (sound := torch.isfinite(log_weights).all(0)).all():
        raise InputError(
            f"log p(x|z) + log p(z) − log q(z|x) is NaN or infinite for {int((~sound).sum())} of "
            f"{len(sound)} observations; the decoder's output or the posterior's std overflows there; "
            "check the scale of x, or compute in float64"
        )
    return log_weights


def _same_shape(name: str, value: Tensor, expected: tuple[int, ...]) -> None:
    if tuple(value.shape) != expected:
        raise ContractError(
            f"{name} must have shape {expected}, got {tuple(value.shape)}; do x and the model belong together?"
        )


def _check_count(name: str, value: int, fewest: int, reason: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < fewest:
        raise InputError(f"{name} must be an integer from {fewest} on, got {value!r}; {reason}")
