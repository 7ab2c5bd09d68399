"""Ask a model: its answers are checked, and what it raises becomes an error that names the shapes."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from latentassay.core.autoencoder import latent_shape_of, modules_of
from latentassay.core.errors import ContractError, LatentAssayError, first_line
from latentassay.core.posteriors import Point, Posterior

FULL = ("out of memory", "not enough memory", "can't allocate memory")


def encode_batch(model: Any, x: Tensor) -> Posterior:
    """Return q(z|x) of a batch, once its shape, its type and the sign of its deviations are right.

    Values that are not finite pass: who asks decides what they mean.

    Raises:
        ContractError: the encoder fails, or its answer is not that of the contract.
    """
    posterior = encode_means(model, x)
    if not isinstance(posterior, Point):
        std = posterior.std
        if std.shape != posterior.mean.shape:
            raise ContractError(f"posterior std must have shape {_of(posterior.mean)}, got {_of(std)}")
        # The least is found in a third of the time of a comparison; NaN hides it, and is looked behind.
        if std.numel() and not std.min().item() >= 0 and bool((std < 0).any()):
            raise ContractError("posterior std is negative; was a logvar given as std? say output='mean_logvar'")
    return posterior


def encode_means(model: Any, x: Tensor) -> Posterior:
    """Return q(z|x) where only its mean is read: deviations are not looked at.

    Raises:
        ContractError: as ``encode_batch``.
    """
    latent_shape = latent_shape_of(model)
    posterior = ask(_method(model, "encode"), x, lambda: f"encode {first_layer(model, x)}")
    if not isinstance(posterior, Posterior):
        raise ContractError(
            f"encode must return a Posterior, got {type(posterior).__name__}; wrap the model with la.from_torch, "
            "or return la.Point(mean) or la.DiagonalGaussian(mean, std)"
        )
    expected = (len(x), *latent_shape)
    if tuple(posterior.mean.shape) != expected:
        raise ContractError(
            f"encode must return means of shape {expected}, got {_of(posterior.mean)} for observations {_of(x)}; "
            "are they of the size that the model was made for, and is latent_shape right?"
        )
    return posterior


def decode_batch(model: Any, z: Tensor) -> Tensor:
    """Return the mean observations of a batch of latents, once they are floating and one for each.

    Raises:
        ContractError: the decoder fails, or its answer is not that of the contract.
    """
    decoded = _decode_by(model, z, "decode", "the mean observation")
    if not decoded.is_floating_point():
        raise ContractError(f"decode must return floating point, got {decoded.dtype}; scale bytes by 1/255")
    return decoded


def decode_std_batch(model: Any, z: Tensor) -> Tensor:
    """Return the standard deviations of the observations of a batch of latents, by the model's ``decode_std``.

    Raises:
        ContractError: as ``decode_batch``.
    """
    return _decode_by(model, z, "decode_std", "the standard deviation of the observation")


def decoder_output_batch(model: Any, z: Tensor) -> Tensor:
    """Return what the model's likelihood reads of a batch of latents, by its ``decoder_output``.

    Raises:
        ContractError: as ``decode_batch``.
    """
    return _decode_by(model, z, "decoder_output", "what likelihood.nll reads")


def reconstruct_batch(model: Any, z: Tensor, x: Tensor) -> Tensor:
    """Return the decodings of a batch of latents, once they have the shape of the observations ``x`` that they are of.

    Raises:
        ContractError: as ``decode_batch``, or decodings of another shape.
    """
    decoded = decode_batch(model, z)
    if decoded.shape != x.shape:
        raise ContractError(f"decode must return the shape of x, {_of(x)}, got {_of(decoded)}")
    return decoded


def differentiate(loss: Tensor, values: Tensor) -> Tensor:
    """Return the gradient of a loss that a model computed, with respect to some values.

    Raises:
        ContractError: the model changed in place what torch needed for it.
    """
    try:
        (gradient,) = torch.autograd.grad(loss, [values])
    except RuntimeError as error:  # torch's word for it
        if "inplace" not in str(error):
            raise
        raise ContractError(
            "the model changes its input in place, so torch cannot differentiate it; work on a copy"
        ) from error
    return gradient


def ask(method: Callable[[Tensor], Any], argument: Tensor, who: Callable[[], str]) -> Any:
    """Return what a method of a model answers; whatever it throws becomes one error that shows its argument.

    Args:
        method: of a model.
        argument: what it is asked with.
        who: says what was asked, and what it takes; called only where it fails.

    Raises:
        ContractError: the method fails.
    """
    try:
        return method(argument)
    except LatentAssayError:
        raise
    except Exception as error:  # a foreign model may fail in any way
        came = f"a tensor {_of(argument)} of {argument.dtype}"
        if isinstance(error, MemoryError) or any(words in str(error).lower() for words in FULL):
            raise ContractError(f"{who()} ran out of memory on {came}; lower batch_size=") from error
        raise ContractError(
            f"{who()} failed on {came} ({first_line(error)}); is this the size and type of input the model was "
            "made for?"
        ) from error


def first_layer(model: Any, x: Tensor) -> str:
    """Say what observations the model says that it takes, or its first layer, from which that can be seen."""
    shape = getattr(model, "x_shape", None)
    if shape:
        return f"takes observations (n, {_sizes(shape)}) and"
    for root in modules_of(model):
        for module in root.modules():
            for name, words in (("in_features", "numbers"), ("in_channels", "channels")):
                size = getattr(module, name, None)
                if isinstance(size, int):
                    is_last = words == "channels" and x.ndim > 2 and x.shape[-1] == size != x.shape[1]
                    turn = ", which come last here: turn them by x.movedim(-1, 1)" if is_last else ""
                    return f"(whose first layer, {type(module).__name__}, takes {size} {words}{turn})"
    return "of this model"


def _decode_by(model: Any, z: Tensor, name: str, what: str) -> Tensor:
    latent_shape = latent_shape_of(model)
    # A copy, since latents are the caller's own, and some decoders work in place.
    decoded = ask(_method(model, name), z.clone(), lambda: f"{name} takes latents (n, {_sizes(latent_shape)}) and")
    if not isinstance(decoded, Tensor):
        raise ContractError(f"{name} must return a tensor, got {type(decoded).__name__}; return {what}")
    if decoded.ndim < 1 or len(decoded) != len(z):
        raise ContractError(f"{name} must return one observation for each latent {_of(z)}, got {_of(decoded)}")
    return decoded


def _method(model: Any, name: str) -> Callable[[Tensor], Any]:
    method: Callable[[Tensor], Any] | None = getattr(model, name, None)
    if method is None:
        raise ContractError(f"the model must have a method {name}, and {type(model).__name__} has none")
    return method


def _sizes(shape: Any) -> str:
    return ", ".join(map(str, shape))


def _of(tensor: Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)
