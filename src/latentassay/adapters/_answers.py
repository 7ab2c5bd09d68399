"""What encoders and decoders of the field return, read where it is unambiguous."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor
from torch import distributions as D

from latentassay.core.errors import ContractError
from latentassay.core.posteriors import DiagonalGaussian, FullCovarianceGaussian, Point, Posterior

Output = Literal["mean", "mean_logvar", "mean_std"]

MEANS = ("mean", "mu", "loc", "z_mean", "z_mu", "embedding")
LOGVARS = ("logvar", "log_var", "log_variance", "z_logvar", "z_log_var", "log_covariance")
STDS = ("std", "sigma", "scale", "stddev", "z_std", "z_sigma")
PICTURES = ("recon", "reconstruction", "recon_x", "x_recon", "x_hat", "xhat", "sample", "mean", "output", "out")


def as_posterior(answer: Any, output: Output) -> Posterior:
    """Read an encoder's answer as the posterior it stands for.

    Raises:
        ContractError: it could stand for several, or for none; shows the function that picks one.

    >>> as_posterior({"mu": torch.zeros(1, 2), "logvar": torch.zeros(1, 2)}, "mean").std
    tensor([[1., 1.]])
    """
    if isinstance(answer, D.Distribution):
        return _from_distribution(answer)
    if isinstance(answer, Tensor):
        return _from_tensor(answer, output)
    if isinstance(answer, Mapping):
        return _from_fields(answer, output, answer.get, "encode=lambda x: encode(x)[{!r}]", list(answer))
    if isinstance(answer, tuple | list) and not hasattr(answer, "_fields"):
        return _from_sequence(answer, output)
    if getattr(answer, "latent_dist", None) is not None:
        return as_posterior(answer.latent_dist, output)
    names = list(getattr(answer, "_fields", ())) or vars_of(answer)
    return _from_fields(
        answer, output, lambda name: getattr(answer, name, None), "encode=lambda x: encode(x).{}", names
    )


def as_observation(answer: Any) -> Tensor:
    """Read a decoder's answer as the mean observation.

    Raises:
        ContractError: it holds several tensors, or none.
    """
    if isinstance(answer, Tensor):
        return answer
    if isinstance(answer, D.Distribution):
        return _mean_of(answer)
    if isinstance(answer, tuple | list) and len(answer) == 1:
        return as_observation(answer[0])
    if isinstance(answer, Mapping):
        found = [name for name, value in answer.items() if isinstance(value, Tensor | D.Distribution)]
        named = found if len(found) == 1 else [name for name in found if name in PICTURES]
        if len(named) == 1:
            return as_observation(answer[named[0]])
        raise _several(f"a dict of {', '.join(map(str, answer)) or 'nothing'}", f"[{next(iter(answer), 0)!r}]")
    if isinstance(getattr(answer, "sample", None), Tensor):
        return as_observation(answer.sample)
    if isinstance(answer, tuple | list):
        raise _several(f"a {type(answer).__name__} of {len(answer)}", "[0]")
    names = vars_of(answer)
    raise _several(type(answer).__name__, f".{names[0] if names else 'mean'}")


def vars_of(answer: Any) -> list[str]:
    """Return the names of the tensors among an object's attributes."""
    return [name for name, value in getattr(answer, "__dict__", {}).items() if isinstance(value, Tensor)]


def _several(what: str, pick: str) -> ContractError:
    return ContractError(
        f"decode returned {what}, expected the mean observation as one tensor; pass e.g. "
        f"decode=lambda z: decoder(z){pick}"
    )


def _mean_of(answer: D.Distribution) -> Tensor:
    try:
        return answer.mean
    except NotImplementedError as error:
        raise ContractError(
            f"decode returned a {type(answer).__name__}, which knows no mean; pass e.g. "
            "decode=lambda z: decoder(z).base_dist.mean"
        ) from error


def _from_tensor(answer: Tensor, output: Output) -> Posterior:
    if not answer.is_floating_point():
        raise ContractError(
            f"encode returned integers ({answer.dtype}), such as indices of a codebook, expected floating-point codes; "
            "pass the vectors that they stand for: encode=lambda x: codebook(encode(x))"
        )
    if output == "mean":
        return Point(answer)
    if answer.ndim < 2 or answer.shape[1] % 2:
        raise ContractError(
            f"encode returned a Tensor {tuple(answer.shape)}, which output={output!r} does not describe: means and "
            "spreads side by side would be an even number along axis 1; pass a function that returns both"
        )
    mean, spread = answer.chunk(2, 1)
    return _gaussian(mean, spread, output)


def _from_sequence(answer: Any, output: Output) -> Posterior:
    if len(answer) == 1:
        return as_posterior(answer[0], output)
    kind = f"a {type(answer).__name__} of {len(answer)}"
    if output != "mean" and len(answer) >= 2 and all(isinstance(part, Tensor) for part in answer[:2]):
        first, second = answer[:2]
        alike = [isinstance(part, Tensor) and part.shape == first.shape for part in answer[2:]]
        if not any(alike):
            return _gaussian(first, second, output)
        raise ContractError(
            f"encode returned {kind} of one shape, so which are mean and spread cannot be told; pass "
            "encode=lambda x: encode(x)[:2], or [1:3] where a sample comes first"
        )
    raise ContractError(
        f"encode returned {kind} and output={output!r}; for (mean, logvar) "
        "say output='mean_logvar', for (mean, std) 'mean_std', otherwise pass a function that picks the code: "
        "encode=lambda x: encode(x)[0]"
    )


def _gaussian(mean: Tensor, spread: Tensor, output: Output) -> Posterior:
    return DiagonalGaussian.from_logvar(mean, spread) if output == "mean_logvar" else DiagonalGaussian(mean, spread)


def _from_fields(answer: Any, output: Output, get: Any, pick: str, names: list[Any]) -> Posterior:
    """Mean and spread by their names; of a mode alone, a point."""
    mean, logvar, std = (_only(get, known) for known in (MEANS, LOGVARS, STDS))
    if mean is not None and (logvar is not None or std is not None):
        return DiagonalGaussian(mean, std) if std is not None else DiagonalGaussian.from_logvar(mean, logvar)
    if mean is not None and output == "mean":
        return Point(mean)
    if mean is None and callable(mode := get("mode")):
        return as_posterior(mode(), "mean")
    tensors = [value for name in names if isinstance(value := get(name), Tensor)]
    if len(tensors) == 1 and output == "mean":
        return _from_tensor(tensors[0], output)
    held = ", ".join(map(str, names)) or "no tensors"
    example = pick.format(names[0] if names else "mean")
    raise ContractError(
        f"encode returned {type(answer).__name__} with {held}, which output={output!r} does not describe; pass a "
        f"function that picks the code, such as {example}"
    )


def _only(get: Any, known: tuple[str, ...]) -> Any:
    found = [value for name in known if isinstance(value := get(name), Tensor)]
    return found[0] if len(found) == 1 else None


def _from_distribution(q: D.Distribution) -> Posterior:
    base = q.base_dist if isinstance(q, D.Independent) else q
    if isinstance(base, D.Normal):
        return DiagonalGaussian(base.loc, base.scale)
    if isinstance(base, D.MultivariateNormal):
        return FullCovarianceGaussian(base.loc, torch.as_tensor(base.scale_tril))
    raise ContractError(
        f"encode returned a {type(base).__name__}; Normal and MultivariateNormal are understood; of others pass the "
        "mean: encode=lambda x: encode(x).mean"
    )
