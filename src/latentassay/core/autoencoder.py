"""The door between those who make autoencoders and those who question them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

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
    """Both halves. Anything with these four attributes is a guest: no base class, no registration."""


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


class DeviceAndDtype(NamedTuple):
    """Where a model lives and what it computes in."""

    device: torch.device
    dtype: torch.dtype


def modules_of(model: Any) -> tuple[nn.Module, ...]:
    """Return the torch modules behind a model: itself, or what its adapter lists as ``torch_modules``."""
    return (model,) if isinstance(model, nn.Module) else tuple(getattr(model, "torch_modules", ()))


def device_and_dtype(model: Any) -> DeviceAndDtype:
    """Return device and float type of a model's first parameter or buffer; CPU and float32 if it has none."""
    for module in modules_of(model):
        for tensor in [*module.parameters(), *module.buffers()]:
            if tensor.is_floating_point():
                return DeviceAndDtype(tensor.device, tensor.dtype)
    return DeviceAndDtype(torch.device("cpu"), torch.float32)


@contextmanager
def eval_mode(model: Any, *, gradients: bool = False) -> Iterator[DeviceAndDtype]:
    """Hold a model in evaluation mode, and leave every module's mode as it was found.

    Nothing can be differentiated inside, unless ``gradients`` are the point.
    """
    modes = [(module, module.training) for root in modules_of(model) for module in root.modules()]
    try:
        for root in modules_of(model):
            root.eval()
        with torch.enable_grad() if gradients else torch.inference_mode():
            yield device_and_dtype(model)
    finally:
        for module, training in modes:
            module.training = training
