"""Everything of a training run that an assay might touch, put back bit for bit."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from latentassay.core.autoencoder import modules_of

FLAGS = ("enabled", "benchmark", "deterministic", "allow_tf32")
"""Of cuDNN."""


@contextmanager
def undisturbed(model: Any) -> Iterator[None]:
    """Leave training as it was found, whatever happens inside.

    Restored are the random states of Python, numpy and torch (of every GPU, too), the mode of every module, buffers
    such as the statistics of BatchNorm, gradients, the flags of cuDNN and the number of threads. Autocast is off
    inside: it would keep weights that were cast without gradients for the step after.

    >>> with undisturbed(torch.nn.Linear(2, 2)):
    ...     _ = torch.rand(3)
    """
    # Random states come first: beartype, where it checks what is called here, draws from them.
    with _random_states(), ExitStack() as stack:
        modules = [part for root in modules_of(model) for part in root.modules()]
        for kept in (_modes(modules), _buffers(modules), _gradients(modules), _torch_state()):
            stack.enter_context(kept)
        for kind in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
            stack.enter_context(torch.autocast(kind, enabled=False))
        yield


@contextmanager
def _random_states() -> Iterator[None]:
    python, arrays = random.getstate(), np.random.get_state()  # noqa: NPY002  # the user's, whatever it is
    # A GPU that nobody has used yet has no state to keep, and is not woken for it.
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()  # type: ignore[no-untyped-call]
    try:
        with torch.random.fork_rng(list(devices)):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(arrays)  # noqa: NPY002


@contextmanager
def _modes(modules: list[nn.Module]) -> Iterator[None]:
    modes = [(module, module.training) for module in modules]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def _buffers(modules: list[nn.Module]) -> Iterator[None]:
    """Buffers are few beside the weights; what a model changes in evaluation mode, too, comes back."""
    buffers = [buffer for module in modules for buffer in module.buffers(recurse=False)]
    copies = [buffer.detach().clone() for buffer in buffers]
    try:
        yield
    finally:
        for buffer, copy in zip(buffers, copies, strict=True):
            if not torch.equal(buffer, copy):
                with torch.no_grad():
                    buffer.copy_(copy)


@contextmanager
def _gradients(modules: list[nn.Module]) -> Iterator[None]:
    """Gradients are set aside, so that nothing inside can add to them."""
    parameters = [parameter for module in modules for parameter in module.parameters(recurse=False)]
    gradients = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        parameter.grad = None
    try:
        yield
    finally:
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient


@contextmanager
def _torch_state() -> Iterator[None]:
    flags = [(name, getattr(torch.backends.cudnn, name)) for name in FLAGS]
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        for name, value in flags:
            setattr(torch.backends.cudnn, name, value)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
