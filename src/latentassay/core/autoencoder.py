"""The door between those who make autoencoders and those who question them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from threading import Lock
from typing import Any, NamedTuple, Protocol, runtime_checkable
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from latentassay.core.errors import ContractError
from latentassay.core.posteriors import Posterior, Prior


@runtime_checkable
class Encoder(Protocol):
    """Half of the door: observations to latents."""

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent: ``(d,)`` for vectors, ``(channels, height, width)`` for spatial latents."""

    def encode(self, x: Tensor) -> Posterior:
        """Return q(z|x) for observations ``(n, *x_shape)``."""


@runtime_checkable
class Decoder(Protocol):
    """The other half: latents to observations."""

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent."""

    @property
    def prior(self) -> Prior | None:
        """What latents were trained to follow, or ``None``."""

    def decode(self, z: Tensor) -> Tensor:
        """Return the mean observation ``(n, *x_shape)`` for latents ``(n, *latent_shape)``."""


@runtime_checkable
class Autoencoder(Encoder, Decoder, Protocol):
    """Both halves. Anything with these four attributes is welcome: no base class, no registration."""


@runtime_checkable
class KeepsActivations(Protocol):
    """What a decoder may offer besides: to decode again from the first layer that an intervention reaches.

    Structural decoders let latents in one after another, so whatever lies before the layer of the unit that was
    changed is still right. Readers use it where it is there; the answer must be that of ``decode``.
    """

    def decode_keeping(self, z: Tensor) -> tuple[Tensor, Any]:
        """Decode ``(n, *latent_shape)`` and return the activations, too, in whatever form ``decode_again`` reads."""

    def decode_again(self, z: Tensor, kept: Any, changed: Sequence[int]) -> Tensor:
        """Decode latents that differ from those ``kept`` belongs to in the flat indices ``changed`` alone."""


@runtime_checkable
class HasCauses(Protocol):
    """What a decoder with an explicit causal block offers besides (IC 2.2).

    Its latents are the noises N, one for each unit; the block turns them into causes Z, unit by unit, which are what
    the rest of the decoder sees.
    """

    def causes(self, z: Tensor, given: Mapping[int, Tensor] | None = None) -> Tensor:
        """Return the causes ``(n, units, size)`` of noises ``(n, units)``.

        ``given`` sets causes by hand, unit → ``(n, size)``: their own noise and parents no longer matter.
        """

    def decode_causes(self, causes: Tensor) -> Tensor:
        """Return the mean observation for causes ``(n, units, size)``."""

    def adjacency(self) -> Tensor:
        """Return how open the way from every parent (row) to every child (column) is: ``(units, units)`` in [0, 1]."""


@runtime_checkable
class HasCodebook(Protocol):
    """What a quantised model offers besides: the entries of its codebook, and which of them a code is moved to.

    ``encode`` answers with codes as they are before; ``decode`` moves every code to its entry.
    """

    @property
    def codebook(self) -> Tensor:
        """Return the entries ``(k, size)`` in the latent space that the model works in."""

    def quantise(self, z: Tensor) -> Tensor:
        """Return the number of the entry of every code of latents ``(n, *latent_shape)``: ``(n, places)``."""


@runtime_checkable
class TakesOtherSizes(Protocol):
    """What a model without layers of fixed size offers besides: the same model of larger or smaller pictures."""

    def resized(self, x_shape: tuple[int, ...], latent_shape: tuple[int, ...]) -> Autoencoder:
        """Return the model for observations and latents of these shapes; raise ``ContractError`` if there is none."""


class DeviceAndDtype(NamedTuple):
    """Where a model lives and what it computes in."""

    device: torch.device
    dtype: torch.dtype


def latent_shape_of(model: Any) -> tuple[int, ...]:
    """Return the shape of one latent of a model.

    Raises:
        ContractError: it does not say it, as something that is no autoencoder.
    """
    shape = None if isinstance(model, type) else getattr(model, "latent_shape", None)
    if shape is None:
        kind = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise ContractError(
            f"model must be an autoencoder with a latent_shape, got {kind}; wrap it with la.wrap(model), or with "
            "la.from_torch(encode, decode, latent_shape=…)"
        )
    return tuple(shape)


def modules_of(model: Any) -> tuple[nn.Module, ...]:
    """Return the torch modules behind a model: itself, or what its adapter lists as ``torch_modules``."""
    return (model,) if isinstance(model, nn.Module) else tuple(getattr(model, "torch_modules", ()))


def device_and_dtype(model: Any, *values: Tensor) -> DeviceAndDtype:
    """Return where a model is and what it computes in: device and float type of its first parameter or buffer.

    A model without modules is where the first tensor or module among its attributes is, or among what its adapter
    lists as ``torch_tensors``. Where there is none, that is the CPU and float32; but a model that says
    ``takes_any_float`` computes in float64 if one of the ``values`` is float64.
    """
    for tensor in weights_of(model):
        if tensor.is_floating_point():
            return DeviceAndDtype(tensor.device, tensor.dtype)
    double = getattr(model, "takes_any_float", False) and any(part.dtype == torch.float64 for part in values)
    return DeviceAndDtype(torch.device("cpu"), torch.float64 if double else torch.float32)


def to_model(model: Any, values: Tensor) -> Tensor:
    """Return values where a model is, in the float type that it computes in.

    >>> to_model(torch.nn.BatchNorm1d(1).double(), torch.ones(1)).dtype
    torch.float64
    """
    return values.to(*device_and_dtype(model, values))


def weights_of(model: Any) -> Iterator[Tensor]:
    """Yield parameters and buffers of a model, or the tensors that it lists or keeps as attributes."""
    modules = modules_of(model)
    listed = getattr(model, "torch_tensors", None)
    attributes = list(getattr(model, "__dict__", {}).values()) if listed is None else []
    for module in (*modules, *(value for value in attributes if isinstance(value, nn.Module))):
        yield from chain(module.parameters(), module.buffers())
    yield from listed or (value for value in attributes if isinstance(value, Tensor))


@contextmanager
def eval_mode(model: Any, *values: Tensor, gradients: bool = False) -> Iterator[DeviceAndDtype]:
    """Hold a model in evaluation mode, and leave every module's mode as it was found.

    Nothing can be differentiated inside, unless ``gradients`` are the point. What is yielded is what
    ``device_and_dtype`` says of the model and the ``values`` that it will be given.
    """
    roots = modules_of(model)
    modules = _hold(roots)
    try:
        with torch.enable_grad() if gradients else torch.inference_mode():
            yield device_and_dtype(model, *values)
    finally:
        _release(modules)


_LOCK = Lock()
_HELD: WeakKeyDictionary[nn.Module, tuple[int, bool]] = WeakKeyDictionary()
"""Module → how many ask it just now, from whichever thread, and the mode it was found in by the first of them."""


def _hold(roots: Sequence[nn.Module]) -> list[nn.Module]:
    with _LOCK:
        modules = list(dict.fromkeys(module for root in roots for module in root.modules()))
        for module in modules:
            count, training = _HELD.get(module, (0, module.training))
            _HELD[module] = (count + 1, training)
        for root in roots:
            root.eval()
    return modules


def _release(modules: Sequence[nn.Module]) -> None:
    with _LOCK:
        for module in modules:
            count, training = _HELD.pop(module)
            if count > 1:
                _HELD[module] = (count - 1, training)
            else:
                module.training = training
