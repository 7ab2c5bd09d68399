"""The graph of a network as the page's interpreter runs it: a list of operations on numbered values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from latentassay.core.errors import ContractError
from latentassay.explore.tracing import Call, Trace


class UnknownOperationError(ContractError):
    """The interpreter has no such operation; the message names it and the layer that calls it."""


@dataclass(frozen=True)
class Node:
    """One operation of the interpreter.

    Attributes:
        op: its name there, such as ``"conv2d"``.
        inputs: numbers of values, 0 being the input; constants are −1, −2, …
        shape: of what it returns, with the batch of one.
        options: what else it takes, by name.
        layer: of the model, for errors and for people.
    """

    op: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    options: dict[str, Any]
    layer: str

    def as_json(self) -> dict[str, Any]:
        """Return what the page reads."""
        return {"op": self.op, "in": list(self.inputs), "shape": list(self.shape), **self.options}


@dataclass
class Graph:
    """Operations in their order, the constants that they read, and which value is the output.

    Attributes:
        shape: of the input, with the batch of one.
        nodes: the n-th makes value n + 1.
        constants: the n-th is what inputs call −1 − n.
        output: number of the value that is the output.
    """

    shape: tuple[int, ...]
    nodes: list[Node] = field(default_factory=list)
    constants: list[Tensor] = field(default_factory=list)
    output: int = 0

    def as_json(self, first: int = 0) -> dict[str, Any]:
        """Return what the page reads; its tensors begin with number ``first`` of the page's."""
        return {
            "shape": list(self.shape),
            "nodes": [node.as_json() for node in self.nodes],
            "first": first,
            "constants": len(self.constants),
            "output": self.output,
        }


Convert = Callable[["Builder", Call], None]
"""Puts nodes for a call into a builder."""


class Builder:
    """Builds a graph call by call; converters put in nodes for the calls they know."""

    def __init__(self, trace: Trace):
        self.graph = Graph(tuple(trace.input.shape))
        self._numbers = {id(trace.input): 0}
        self._kept: dict[int, Tensor] = {}

    def number(self, tensor: Tensor) -> int:
        """Return the number of a value or, new where it was not there, of a constant."""
        if id(tensor) not in self._numbers:
            self.graph.constants.append(tensor.detach())
            self._numbers[id(tensor)] = -len(self.graph.constants)
            self._kept[id(tensor)] = tensor  # no other may take its id
        return self._numbers[id(tensor)]

    def varies(self, tensor: Any) -> bool:
        """Whether a tensor follows from the input."""
        return self._numbers.get(id(tensor), -1) >= 0

    def add(self, call: Call, op: str, *inputs: Tensor, output: int = 0, **options: Any) -> None:
        """Add a node for one output of a call."""
        made = call.outputs[output]
        if made is None:
            return
        numbers = tuple(self.number(tensor) for tensor in inputs)
        self.graph.nodes.append(Node(op, numbers, tuple(made.shape), options, call.layer))
        self._numbers[id(made)] = len(self.graph.nodes)

    def alias(self, call: Call, tensor: Tensor) -> None:
        """Say that what a call returns is a tensor as it is."""
        self._numbers[id(call.outputs[0])] = self.number(tensor)

    def finish(self, output: Tensor) -> Graph:
        """Return the graph."""
        self.graph.output = self.number(output)
        return self.graph


def build_graph(trace: Trace, table: dict[str, Convert]) -> Graph:
    """Turn a trace into a graph.

    Raises:
        UnknownOperationError: an operation that is not in the table, or that is used in a way that it does not know.
        ContractError: the output does not follow from the input by torch's operations.
    """
    if not trace.depends:
        raise ContractError(
            "what the model computes cannot be followed, as it leaves torch (numpy, ONNX, scikit-learn …) or does not "
            "depend on its input"
        )
    builder = Builder(trace)
    for call in trace.calls:
        if call.name not in table:
            raise unknown(call)
        table[call.name](builder, call)
    return builder.finish(trace.output)


def unknown(call: Call, why: str = "") -> UnknownOperationError:
    """Return the error that names an operation, and its layer."""
    where = f" in layer {call.layer}" if call.layer else ""
    return UnknownOperationError(f"the page's interpreter does not know {call.operation}{where}{why and f' {why}'}")
