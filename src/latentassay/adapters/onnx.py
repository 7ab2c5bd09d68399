"""Encoder and decoder as two ONNX files, run by onnxruntime; derivatives are finite differences."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentassay.adapters._adapter import Adapter, Example, call
from latentassay.adapters._paths import as_path
from latentassay.core.errors import ContractError, InputError

if TYPE_CHECKING:
    from latentassay.adapters._onnx_files import Signature
    from latentassay.adapters._onnx_model import OnnxModel


def from_onnx(
    encoder: Any,
    decoder: Any,
    *,
    output: Any = "mean",
    outputs: Sequence[str] | None = None,
    prior: Any = None,
    value_range: Any = None,
    latent_shape: Any = None,
    x_shape: Any = None,
    layout: Any = "nchw",
    unit_bytes: bool = False,
) -> "OnnxModel":
    """Bring an encoder and a decoder that were exported to ONNX behind the door.

    Shapes are read from the files. A file whose batch is fixed is run in chunks of that size, the last one filled up;
    ``dynamic_axes={"x": {0: "n"}}`` of ``torch.onnx.export`` makes it faster.
    Nothing in the files is code; weights beside them must lie in the same folder.

    Args:
        encoder: path of the file from observations to codes.
        decoder: path of the file from codes to the mean observation.
        output: what the encoder gives: ``"mean"`` (the code), ``"mean_logvar"`` (μ and log σ²) or ``"mean_std"``.
        outputs: names of the encoder's outputs to use, in this order; needed where it has more of them.
        prior: ``"normal"`` for N(0, I), another ``Prior``, or ``None``.
        value_range: the values that the model itself was trained on, such as (−1, 1); pictures then go in and come out
            in [0, 1]. Where left out, values pass as they are.
        latent_shape: shape of one latent, where the files leave sizes open.
        x_shape: shape of one observation, likewise.
        layout: ``"nhwc"`` where pictures and spatial latents in the files have their channels last; outside, they come
            first.
        unit_bytes: where the decoder gives bytes, divide them by 255, for data in [0, 1]; ``.space`` says if it does.

    Raises:
        InputError: an argument is not of its kind, or onnx or onnxruntime is not installed.
        FileError: a file is missing, damaged or no ONNX, or asks for weights outside its folder.
        ContractError: several inputs, float16, randomness inside, or outputs that do not fit.
    """
    from latentassay.adapters._onnx_files import read_signature
    from latentassay.adapters._onnx_model import Network, OnnxModel
    from latentassay.adapters._pictures import as_pixel_range, as_prior

    if output not in ("mean", "mean_logvar", "mean_std"):
        raise InputError(f"output must be 'mean', 'mean_logvar' or 'mean_std', got {output!r}")
    if layout not in ("nchw", "nhwc"):
        raise InputError(f"layout must be 'nchw' or 'nhwc', got {layout!r}")
    down, up = read_signature(encoder, "encoder"), read_signature(decoder, "decoder")
    chosen = _choose(down, 1 if output == "mean" else 2, outputs, output)
    z_shape = _shape(latent_shape, up.shape, layout, "latent_shape")
    if z_shape is None:
        raise InputError(
            f"{up.path.name} leaves sizes of latents open {up.shape}; say latent_shape=(4, 8, 8), for example"
        )
    shape = _shape(x_shape, down.shape, layout, "x_shape")
    pixels = None if value_range is None else as_pixel_range(value_range)
    return OnnxModel(
        Network(down, chosen, layout),
        Network(up, _choose(up, 1, None, "mean"), layout),
        (shape, z_shape),
        as_prior(prior, z_shape),
        output,
        pixels,
        unit_bytes=unit_bytes,
    )


def _choose(signature: "Signature", wanted: int, names: Sequence[str] | None, output: str) -> tuple[str, ...]:
    known = tuple(signature.outputs)
    if names is None and len(known) == wanted:
        return known
    chosen = tuple(names or ())
    if len(chosen) != wanted or not set(chosen) <= set(known):
        raise ContractError(
            f"{signature.path.name} gives {', '.join(known)}, and output={output!r} needs {wanted} of them; "
            f"say which, in order: outputs=({', '.join(map(repr, known[:wanted]))},){_other_output(len(known), wanted)}"
        )
    return chosen


def _other_output(known: int, wanted: int) -> str:
    """Say what two outputs of a variational encoder are called, to a person who asked for one."""
    if (known, wanted) != (2, 1):
        return ", or another output="
    return (
        "; or, where they are mean and log-variance, output='mean_logvar' (--model-option output=mean_logvar), "
        "mean and deviation, 'mean_std'"
    )


def _shape(stated: Any, found: tuple[int | None, ...], layout: str, what: str) -> tuple[int, ...] | None:
    """What was stated, if the file agrees, or what the file says, channels first; ``None`` where it is left open."""
    if len(found) == 3 and layout == "nhwc":
        found = (found[2], *found[:2])
    if (
        len(found) == 3
        and layout == "nchw"
        and found[2] in (1, 3)
        and found[0] not in (1, 3, None)
        and what == "x_shape"
    ):
        raise ContractError(f"the encoder takes pictures {found} with their channels last; say layout='nhwc'")
    if stated is not None:
        shape = tuple(int(size) for size in ([stated] if isinstance(stated, int) else stated))
        fits = len(shape) == len(found) and all(b in (None, a) for a, b in zip(shape, found, strict=True))
        if not fits:
            raise InputError(f"{what} is {shape}, but the file says {found} (None is open)")
        return shape
    return None if None in found else tuple(size for size in found if size is not None)


def _takes(model: Any) -> tuple[Any, ...] | None:
    pair = isinstance(model, tuple | list) and len(model) == 2
    return tuple(model) if pair and all(as_path(part) for part in model) else None


def _open(pair: str, *, trust: bool, **options: Any) -> "OnnxModel":
    paths = [Path(part).expanduser() for part in pair.split(",")]
    if len(paths) != 2:
        raise InputError(f"an ONNX pair is named onnx:ENCODER.onnx,DECODER.onnx, got {len(paths)} files in {pair!r}")
    opened: OnnxModel = call(from_onnx, *paths, **options)
    return opened


def _example() -> Example:
    import tempfile

    import onnx
    import onnxruntime  # noqa: F401  # which runs what onnx makes
    import torch

    folder = Path(tempfile.mkdtemp())
    for name, operator in (("encoder.onnx", "Tanh"), ("decoder.onnx", "Sin")):
        ends = [onnx.helper.make_tensor_value_info(end, onnx.TensorProto.FLOAT, ["n", 5]) for end in "xy"]
        graph = onnx.helper.make_graph([onnx.helper.make_node(operator, ["x"], ["y"])], "net", ends[:1], ends[1:])
        onnx.save(
            onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), folder / name
        )
    return Example((folder / "encoder.onnx", folder / "decoder.onnx"), {}, torch.rand(6, 5))


ADAPTER = Adapter(
    name="onnx",
    takes=_takes,
    usage='la.wrap(("encoder.onnx", "decoder.onnx"))',
    wraps=from_onnx,
    opens=_open,
    form="ENCODER.onnx,DECODER.onnx",
    holds="two networks that torch.onnx.export wrote",
    example=_example,
)
