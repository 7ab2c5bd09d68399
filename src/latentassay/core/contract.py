"""``check_autoencoder``: does a model keep the contract that every reader relies on?"""

from typing import Any

import torch
from torch import Tensor

from latentassay.core.arrays import as_float_tensor
from latentassay.core.autoencoder import Autoencoder, eval_mode, modules_of
from latentassay.core.errors import ContractError, InputError
from latentassay.core.guard import ask, decode_batch, encode_means, first_layer
from latentassay.core.observations import finite
from latentassay.core.posteriors import Posterior

TOLERANCE = 1e-3
"""Greatest difference, relative to the spread of the answer, between two ways of asking the same question."""


def check_autoencoder(model: Any, x: Any) -> tuple[str, ...]:
    """Encode and decode ``x`` in several ways, and refuse a model whose answers break the contract of the door.

    Checked: the four attributes; a posterior and a decoding of the right shape, finite and floating;
    the same answer when asked again, when a row is asked alone, and when memory is not contiguous; the
    input, the global random state and the train/eval modes left as they were.

    Args:
        model: anything that claims to be an ``Autoencoder``.
        x: at least two observations ``(n, *x_shape)`` of the kind it was made for, a tensor or an array.

    Returns:
        The names of the checks it passed.

    Raises:
        InputError: ``x`` itself is unusable (integers, NaN, fewer than two rows, on another device).
        ContractError: the model breaks the contract; the message says where and what to do.
    """
    x = _check_input(x)
    _check_attributes(model)
    random_state, original = torch.get_rng_state(), x.clone()
    with eval_mode(model, x) as (device, dtype):
        _check_devices(model)
        x_in = x.to(device, dtype, copy=True)  # a model that works in place must leave the caller's as they are
        posterior = ask(model.encode, x_in, lambda: f"encode {first_layer(model, x_in)}")
        _check_posterior(posterior, x_in, tuple(model.latent_shape))
        decoded = ask(model.decode, posterior.mean, lambda: "decode")
        _check_decoding(decoded, x_in)
        _check_consistency(model, x_in, posterior.mean, decoded)
        _check_prior(model, device)
        if any(module.training for root in modules_of(model) for module in root.modules()):
            raise ContractError("the model switches itself to train mode when asked; leave the mode to the caller")
    if not torch.equal(random_state, torch.get_rng_state()):
        raise ContractError(
            "the model draws from the global random state in eval mode; return the distribution instead"
        )
    if not torch.equal(original.to(x_in), x_in):
        raise ContractError("the model changes its input in place; work on a copy")
    return ("attributes", "posterior", "decoding", "consistency", "prior", "leaves everything as found")


def _check_input(x: Any) -> Tensor:
    values = as_float_tensor(x, "x", "scale uint8 images by 1/255")
    if values.ndim < 2 or len(values) < 2:
        raise InputError(f"x must have shape (n, *x_shape) with n at least 2, got {tuple(values.shape)}")
    return finite(values, "x")


def _check_attributes(model: Any) -> None:
    if not isinstance(model, Autoencoder):
        missing = [name for name in ("latent_shape", "prior", "encode", "decode") if not hasattr(model, name)]
        raise ContractError(
            f"{type(model).__name__} is no Autoencoder: it lacks {', '.join(missing)}; "
            "wrap it with la.from_torch(encode, decode, latent_shape=...)"
        )
    shape = tuple(model.latent_shape)
    if not shape or not all(isinstance(size, int) and size > 0 for size in shape):
        raise ContractError(f"latent_shape must be positive integers such as (24,), got {model.latent_shape!r}")


def _check_devices(model: Any) -> None:
    devices = {str(tensor.device) for root in modules_of(model) for tensor in [*root.parameters(), *root.buffers()]}
    if len(devices) > 1:
        raise ContractError(
            f"parts of the model are on different devices ({', '.join(sorted(devices))}); move them to one"
        )
    if devices == {"meta"}:
        raise ContractError("the model is on the meta device and has no weights; load them first")


def _check_posterior(posterior: Any, x: Tensor, latent_shape: tuple[int, ...]) -> None:
    if not isinstance(posterior, Posterior):
        raise ContractError(
            f"encode must return a Posterior, got {type(posterior).__name__}; wrap the model with la.from_torch, "
            "or return la.Point(mean) or la.DiagonalGaussian(mean, std)"
        )
    expected = (len(x), *latent_shape)
    for name, value in (("mean", posterior.mean), ("std", posterior.std)):
        if tuple(value.shape) != expected:
            raise ContractError(f"posterior {name} must have shape {expected}, got {tuple(value.shape)}")
        if not torch.isfinite(value).all():
            raise ContractError(
                f"posterior {name} holds NaN or infinite values for {_span(x)}; are the weights whole, and does the "
                "model take such values, or others, such as [0, 1]?"
            )
    if (posterior.std < 0).any():
        raise ContractError("posterior std is negative; was a logvar given as std? say output='mean_logvar'")
    draws = [posterior.sample(torch.Generator(x.device).manual_seed(0)) for _ in range(2)]
    if not torch.equal(*draws):
        raise ContractError("posterior.sample must depend on its generator alone; the same seed gave two samples")


def _check_decoding(decoded: Any, x: Tensor) -> None:
    if not isinstance(decoded, Tensor):
        raise ContractError(f"decode must return a tensor, got {type(decoded).__name__}; return the mean observation")
    if not decoded.is_floating_point():
        raise ContractError(f"decode must return floating point, got {decoded.dtype}; scale bytes by 1/255")
    if decoded.shape != x.shape:
        raise ContractError(f"decode must return the shape of x, {tuple(x.shape)}, got {tuple(decoded.shape)}")
    if not torch.isfinite(decoded).all():
        raise ContractError(
            f"decode returned NaN or infinite values for latents of {_span(x)}; does the model take such values, or "
            "others, such as [0, 1]?"
        )


def _span(x: Tensor) -> str:
    return f"x from {float(x.min()):.3g} to {float(x.max()):.3g}"


def _check_consistency(model: Any, x: Tensor, mean: Tensor, decoded: Tensor) -> None:
    def encode(rows: Tensor) -> Tensor:
        return encode_means(model, rows).mean

    def decode(rows: Tensor) -> Tensor:
        return decode_batch(model, rows)

    strided = torch.stack([x, x], -1)[..., 0]
    ways = {
        "twice": (
            encode(x),
            decode(mean),
            "is dropout on in eval mode, or a sample drawn?",
        ),
        "of non-contiguous memory": (encode(strided), decoded, "use reshape instead of view"),
        "row by row": (
            torch.cat([encode(x[i : i + 1]) for i in range(len(x))]),
            torch.cat([decode(mean[i : i + 1]) for i in range(len(x))]),
            "does it normalise over the batch?",
        ),
    }
    for way, (codes, images, hint) in ways.items():
        if _differ(codes, mean) or _differ(images, decoded):
            raise ContractError(f"the model answers differently when asked {way}; {hint}")


def _differ(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs().max() > TOLERANCE * (b.std() + b.abs().mean() + 1e-12))


def _check_prior(model: Any, device: torch.device) -> None:
    if model.prior is None:
        return
    sample = model.prior.sample(3, torch.Generator(device).manual_seed(0))
    if tuple(sample.shape) != (3, *model.latent_shape):
        raise ContractError(f"prior.sample(3) must have shape {(3, *model.latent_shape)}, got {tuple(sample.shape)}")
