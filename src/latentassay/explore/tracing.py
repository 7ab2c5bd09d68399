"""What a model computes for one input, written down call by call as ATen operations."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from latentassay.core.errors import ContractError

SHAPES = {"empty_like", "full_like", "new_empty", "new_full", "new_ones", "new_zeros", "ones_like", "zeros_like"}
"""Operations that read no more than the shape and the type of a tensor."""


@dataclass(frozen=True)
class Call:
    """One ATen operation that was called.

    Attributes:
        operation: which, such as ``torch.ops.aten.elu.default``.
        arguments: what it was given, by the names of its schema, with defaults.
        outputs: tensors that it returned, and ``None`` for those that it did not.
        layer: module that called it, such as ``"decoder.3"``; empty outside of all.
    """

    operation: Any
    arguments: dict[str, Any]
    outputs: tuple[Tensor | None, ...]
    layer: str

    @property
    def name(self) -> str:
        """Name of the operation without its overload, such as ``"elu"``."""
        return str(self.operation.overloadpacket.__name__)

    @property
    def subject(self) -> Tensor:
        """The tensor that an operation of one tensor is about."""
        tensor: Tensor = self.arguments["self" if "self" in self.arguments else "input"]
        return tensor

    @property
    def tensors(self) -> list[Tensor]:
        """Every tensor among the arguments."""
        return [leaf for leaf in tree_leaves(self.arguments) if isinstance(leaf, Tensor)]

    def again(self, values: Mapping[int, Tensor]) -> list[Any]:
        """Call it anew with other values in the place of tensors, by ``id``, and return what it returns."""
        arguments = tree_map(lambda leaf: values.get(id(leaf), leaf), self.arguments)
        schema = self.operation._schema.arguments
        by_name = {arg.name: arguments[arg.name] for arg in schema if arg.kwarg_only}
        # A view asks for the memory layout that the first values had.
        operation = torch.ops.aten.reshape.default if self.name == "view" else self.operation
        return tree_leaves(operation(*(arguments[arg.name] for arg in schema if not arg.kwarg_only), **by_name))


@dataclass(frozen=True)
class Trace:
    """All calls that the output depends on and that depend on the input, in their order.

    Attributes:
        input: what the function was called with.
        calls: the operations.
        output: what came out.
    """

    input: Tensor
    calls: tuple[Call, ...]
    output: Tensor

    @property
    def depends(self) -> bool:
        """Whether the output follows from the input by torch's operations at all."""
        return bool(self.calls) or self.output is self.input

    def replay(self, x: Tensor, constants: Mapping[int, Tensor] | None = None) -> Tensor:
        """Return the output for another input, with other ``constants`` in the place of some, by ``id``."""
        values = {**(constants or {}), id(self.input): x.contiguous()}
        for call in self.calls:
            found = call.again(values)
            pairs = zip(call.outputs, found, strict=False)
            values |= {id(was): now for was, now in pairs if was is not None and isinstance(now, Tensor)}
        return values.get(id(self.output), self.output)


def trace(function: Callable[[Tensor], Tensor], x: Tensor, modules: Iterable[nn.Module] = ()) -> Trace:
    """Call a function once and write down what it computes.

    Operations that change tensors in place are rewritten to ones that do not.

    Args:
        function: of one tensor; it must return one.
        x: what it is called with.
        modules: those that calls are named after.

    Raises:
        ContractError: it changes tensors in place in a way that cannot be rewritten.
    """
    names = {id(part): name for module in modules for name, part in module.named_modules() if name}
    calls, found = _record(function, x, names)
    if any(call.operation._schema.is_mutable for call in calls):
        # Not at first, as this refuses functions that change tensors of their own, which do not follow from the input.
        _, found = _record(torch.func.functionalize(function), x, names)
    if any(call.operation._schema.is_mutable for call in found.calls):
        raise ContractError("the model changes tensors in place in a way that cannot be followed; work on copies")
    return found


def _record(function: Callable[[Tensor], Tensor], x: Tensor, names: Mapping[int, str]) -> tuple[list[Call], Trace]:
    """Write down what a function computes: all calls that follow from the input, and those that the output needs."""
    recorder = _Recorder()
    # In inference mode composite operations would not be taken apart.
    with torch.inference_mode(False), torch.no_grad(), _naming(names, recorder.layers):
        start = x.clone(memory_format=torch.contiguous_format)
        with recorder:
            output = function(start)
    reached = _reached(recorder.calls, start)
    return reached, Trace(start, tuple(_needed(reached, output)), output)


@dataclass
class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Keeps every call; tensors stay alive with it, so that no ``id`` is used twice."""

    calls: list[Call] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        outputs = tuple(leaf if isinstance(leaf, Tensor) else None for leaf in _leaves(found))
        layer = next((name for name in reversed(self.layers) if name), "")
        self.calls.append(Call(func, _by_name(func, args, kwargs or {}), outputs, layer))
        return found


def _leaves(found: Any) -> Any:
    return found if isinstance(found, tuple | list) else [found]


def _by_name(func: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    schema = func._schema.arguments
    given = dict(zip((arg.name for arg in schema), args, strict=False))
    defaults = {arg.name: arg.default_value for arg in schema if arg.has_default_value()}
    return {arg.name: ({**defaults, **given, **kwargs})[arg.name] for arg in schema}


@contextmanager
def _naming(names: Mapping[int, str], layers: list[str]) -> Iterator[None]:
    """Keep the names of the modules that are at work on a stack."""

    def enter(module: nn.Module, args: Any) -> None:
        layers.append(names.get(id(module), ""))

    def leave(module: nn.Module, args: Any, output: Any) -> None:
        layers.pop()

    hooks = [register_module_forward_pre_hook(enter), register_module_forward_hook(leave, always_call=True)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _reached(calls: Iterable[Call], start: Tensor) -> list[Call]:
    """Calls that follow from the input."""
    reached, found = {id(start)}, list[Call]()
    for call in calls:
        if call.name not in SHAPES and any(id(tensor) in reached for tensor in call.tensors):
            reached |= {id(tensor) for tensor in call.outputs if tensor is not None}
            found.append(call)
    return found


def _needed(calls: Sequence[Call], output: Tensor) -> list[Call]:
    """Calls that the output follows from."""
    wanted, found = {id(output)}, list[Call]()
    for call in reversed(calls):
        if any(id(tensor) in wanted for tensor in call.outputs if tensor is not None):
            wanted |= {id(tensor) for tensor in call.tensors}
            found.append(call)
    return found[::-1]
