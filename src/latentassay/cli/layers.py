"""Networks layer by layer: what an observation passes, the shape of each answer, and the number of parameters."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

HIDDEN = ("Flatten", "Unflatten", "Identity", "Mish", "ELU", "ReLU", "SiLU", "Tanh")
"""Layers that are no row of their own."""


def count_parameters(network: nn.Module) -> int:
    """Count the parameters of a network.

    >>> count_parameters(nn.Linear(3, 4))
    16
    """
    return sum(parameter.numel() for parameter in network.parameters())


def summarize_layers(network: nn.Module, x: Tensor) -> list[tuple[str, str, str]]:
    """Return what ``x`` passes in a network, a row each: layers, shape of the answer, number of parameters."""
    rows = [("constant", "×".join(map(str, own.shape[1:])), f"{own.numel():,}") for own in network.parameters(False)]

    def note(module: nn.Module, inputs: Any, answer: Tensor) -> None:
        shape = "×".join(map(str, answer.shape[1:]))
        rows.append((_describe(module), shape, f"{count_parameters(module):,}" if count_parameters(module) else ""))

    hooks = [part.register_forward_hook(note) for part in _parts(network) if type(part).__name__ not in HIDDEN]
    try:
        with torch.inference_mode():
            network(x)
    finally:
        for hook in hooks:
            hook.remove()
    return rows


def _parts(network: nn.Module) -> Iterator[nn.Module]:
    """Blocks of layers, and layers that are in none."""
    for child in network.children():
        within = list(child.children())
        block = isinstance(child, nn.Sequential) and not any(list(layer.children()) for layer in within)
        if block or not isinstance(child, nn.Sequential | nn.ModuleList):
            yield child
        else:
            yield from _parts(child)


def _describe(module: nn.Module) -> str:
    if not isinstance(module, nn.Sequential):
        return _describe_layer(module)
    return " → ".join(_describe_layer(layer) for layer in module if type(layer).__name__ not in HIDDEN)


def _describe_layer(layer: nn.Module) -> str:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        return f"{type(layer).__name__} {layer.kernel_size[0]}×{layer.kernel_size[1]}"
    if isinstance(layer, nn.Linear):
        return f"Linear {layer.out_features}"
    return type(layer).__name__
