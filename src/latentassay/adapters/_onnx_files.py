"""ONNX files from strangers: read as data, checked before any runtime opens them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from latentassay.adapters._adapter import require
from latentassay.core.errors import ContractError, FileError
from latentassay.core.storage import check_regular, kind_of

FLOAT = 1
"""``TensorProto.FLOAT``."""

BYTE = 2
"""``TensorProto.UINT8``."""

RANDOM = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial")
"""Operators that answer differently each time: a model that samples inside cannot be asked what a change does."""

INSTALL = '"latentassay[onnx]"'
AGAIN = "Export it again, or get another copy."


class Signature(NamedTuple):
    """What one file takes and gives.

    Attributes:
        path: the file.
        input: name of its only input.
        shape: of one row of it; ``None`` where the file leaves a size open.
        outputs: name → shape of one row, for every output.
        batch: how many rows it takes at once, no more and no fewer, or ``None`` where that is open.
        bytes: outputs that are whole numbers from 0 to 255.
    """

    path: Path
    input: str
    shape: tuple[int | None, ...]
    outputs: dict[str, tuple[int | None, ...]]
    batch: int | None
    bytes: tuple[str, ...]


def read_signature(path: Any, what: str) -> Signature:
    """Read one ONNX file without running it, and refuse what could not be used.

    Args:
        path: the file.
        what: encoder or decoder, for errors.

    Raises:
        InputError: onnx is not installed.
        FileError: missing, damaged or no ONNX; weights that lie outside the file's folder, or are missing.
        ContractError: more than one input, batches of several sizes, other numbers than float32, or randomness inside.
    """
    file = Path(path).expanduser()
    model = _parse(file)
    graph = model.graph
    _check_outside_weights(model, file)
    weights = {weight.name for weight in graph.initializer}
    inputs = [entry for entry in graph.input if entry.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(entry.name for entry in inputs) or "none"
        raise ContractError(
            f"the {what} {file.name} takes {len(inputs)} inputs ({names}), expected one tensor; export a model "
            "with the others fixed"
        )
    if found := sorted({node.op_type for node in _parts(model, "NodeProto")} & set(RANDOM)):
        raise ContractError(
            f"the {what} {file.name} draws at random inside ({', '.join(found)}); export mean and "
            "log-variance, not a sample"
        )
    taken = _sizes(inputs[0], f"the {what}'s input", file, (FLOAT,))
    given = {
        entry.name: _sizes(entry, f"output {entry.name} of the {what}", file, (FLOAT, BYTE)) for entry in graph.output
    }
    fixed = {sizes[0] for sizes in (taken, *given.values())} - {None}
    if len(fixed) > 1:
        raise ContractError(
            f"the {what} {file.name} has batches of different sizes ({', '.join(map(str, sorted(fixed, key=str)))}), "
            "so its rows are no observations; use another file, or export with dynamic_axes={'x': {0: 'n'}}"
        )
    return Signature(
        path=file,
        input=inputs[0].name,
        shape=taken[1:],
        outputs={name: sizes[1:] for name, sizes in given.items()},
        batch=next(iter(fixed), None),
        bytes=tuple(entry.name for entry in graph.output if entry.type.tensor_type.elem_type == BYTE),
    )


def _parse(file: Path) -> Any:
    library = require("onnx", INSTALL)
    try:
        kind = kind_of(check_regular(file))
        if kind is not None:
            raise FileError(file, kind, "Export the model with torch.onnx.export.")
        model = library.load(str(file), load_external_data=False)
    except OSError as error:
        raise FileError(file, f"cannot be read: {error.strerror or error}", "Check the path.") from error
    except FileError:
        raise
    except Exception as error:  # protobuf and onnx raise errors of their own for damaged files
        raise FileError(file, "is no ONNX file, or is damaged", AGAIN) from error
    if not model.graph.node or not model.graph.output:
        raise FileError(file, "is no ONNX file, or holds no network", AGAIN)
    return model


def _parts(message: Any, kind: str) -> Iterator[Any]:
    """Every message of one kind, wherever it hides: in branches, in functions, in sparse tensors, in attributes."""
    if message.DESCRIPTOR.name == kind:
        yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in [value] if hasattr(value, "ListFields") else value:
                yield from _parts(inner, kind)


def _check_outside_weights(model: Any, file: Path) -> None:
    """Weights may lie in files beside this one, and nowhere else."""
    folder = file.resolve().parent
    outside = (tensor for tensor in _parts(model, "TensorProto") if tensor.data_location)
    # A tensor may name several places, and which of them counts is the reader's choice: all are looked at.
    for name in sorted(
        {entry.value for tensor in outside for entry in tensor.external_data if entry.key == "location"}
    ):
        weights = folder / name
        if Path(name).is_absolute() or "\\" in name or ".." in Path(name).parts or weights.resolve().parent != folder:
            raise FileError(file, f"asks for weights outside its folder ({name})", "It may be hostile; do not use it.")
        if not weights.is_file():
            raise FileError(weights, f"is missing; {file.name} keeps weights there", "Put both into one folder.")
        check_regular(weights)


def _sizes(entry: Any, what: str, file: Path, kinds: tuple[int, ...]) -> tuple[int | None, ...]:
    """Sizes of a tensor, the first that of the batch; ``None`` where a size is open."""
    kind = entry.type.tensor_type
    if not entry.type.HasField("tensor_type") or kind.elem_type not in kinds:
        named = (
            require("onnx", INSTALL).TensorProto.DataType.Name(kind.elem_type).lower()
            if kind.elem_type
            else "no tensor"
        )
        raise ContractError(
            f"{what} in {file.name} is {named}, expected a float32 tensor; use a float32 copy of the model if "
            "there is one, or export it after model.float()"
        )
    sizes = [size.dim_value if size.HasField("dim_value") and size.dim_value > 0 else None for size in kind.shape.dim]
    if not sizes:
        raise ContractError(
            f"{what} in {file.name} has no batch: it is one number; name other outputs, or another file"
        )
    return tuple(sizes)
