"""Networks described by files: no larger than the weights beside the description."""

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from latentassay.core.errors import InputError

REPLACED = 8
"""Parameters that a network may make for every one that it keeps: some make layers and put others in their place."""


def check_network(make: Callable[[], nn.Module], most: int) -> None:
    """Refuse to build a network of more parameters than its weights hold; none of its memory is taken.

    A description of a few hundred bytes can ask for any size. The network is built once without memory (on torch's
    ``meta`` device), and left as soon as it makes many more parameters than there are weights.

    Args:
        make: builds the network.
        most: numbers that the weights hold.

    Raises:
        InputError: it would be larger.

    >>> check_network(lambda: nn.Linear(10**9, 10**9), most=100)
    Traceback (most recent call last):
    latentassay.core.errors.InputError: it asks for more parameters than the 100 numbers that the weights hold
    """
    thread, found = threading.get_ident(), 0

    def count(module: nn.Module, name: str, parameter: Any) -> None:
        nonlocal found
        if threading.get_ident() != thread or parameter is None:
            return  # somebody else builds a network at the same time
        found += parameter.numel()
        if found > REPLACED * most:
            raise InputError(refusal)

    refusal = f"it asks for more parameters than the {most:,} numbers that the weights hold"
    hook = register_module_parameter_registration_hook(count)
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            network = make()
    finally:
        hook.remove()
    if sum(tensor.numel() for tensor in network.state_dict().values()) > most:
        raise InputError(refusal)
