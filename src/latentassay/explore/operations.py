"""Which ATen operation is which of the interpreter's: one table, ``TABLE``."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from latentassay.explore.graph import Builder, Convert, unknown
from latentassay.explore.movement import add_movement
from latentassay.explore.resampling import add_resampling
from latentassay.explore.tracing import Call


def _convolution(build: Builder, call: Call) -> None:
    a = call.arguments
    if build.varies(a["weight"]):
        raise unknown(call, "with a kernel that depends on the input")
    sides = len(a["stride"])
    if sides not in (1, 2):
        raise unknown(call, f"in {sides} dimensions")
    stride, padding, dilation, extra = (_pair(a[name], fill) for name, fill in _SIDES)
    weight = a["weight"] if sides == 2 else a["weight"].unsqueeze(2)
    inputs = [a["input"], weight, *([a["bias"]] if a["bias"] is not None else [])]
    kernel = list(weight.shape[2:])
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": a["groups"], "kernel": kernel}
    if a["transposed"]:
        build.add(call, "conv_transpose", *inputs, **options, extra=extra)
    else:
        build.add(call, "conv", *inputs, **options)


_SIDES = (("stride", 1), ("padding", 0), ("dilation", 1), ("output_padding", 0))


def _pair(values: Sequence[int], fill: int) -> list[int]:
    """Sizes along rows and columns; a sequence is a picture of one row."""
    return [fill] * (2 - len(values)) + [int(value) for value in values]


def _addmm(build: Builder, call: Call) -> None:
    a = call.arguments
    if a["beta"] != 1 or a["alpha"] != 1:
        raise unknown(call, "with a factor")
    build.add(call, "matmul", a["mat1"], a["mat2"], a["self"])


def _matmul(build: Builder, call: Call) -> None:
    a = call.arguments
    build.add(call, "matmul", a["self"], a["mat2"])


def _linear(build: Builder, call: Call) -> None:
    a = call.arguments
    build.add(call, "matmul", a["input"], a["weight"].t(), *([a["bias"]] if a["bias"] is not None else []))


def _group_norm(build: Builder, call: Call) -> None:
    a = call.arguments
    _normalise(build, call, a["input"], groups=a["group"], places=a["HxW"])


def _layer_norm(build: Builder, call: Call) -> None:
    a = call.arguments
    size = math.prod(a["normalized_shape"])
    _normalise(build, call, a["input"], groups=a["input"].numel() // size, places=1)


def _normalise(build: Builder, call: Call, x: Tensor, *, groups: int, places: int) -> None:
    """Normalise so many groups of neighbouring numbers, then scale and shift by channels of so many places each."""
    a = call.arguments
    channels = x.numel() // places if call.name == "native_group_norm" else math.prod(a["normalized_shape"])
    weight = torch.ones(channels) if a["weight"] is None else a["weight"].reshape(-1)
    bias = torch.zeros(channels) if a["bias"] is None else a["bias"].reshape(-1)
    build.add(call, "normalise", x, weight, bias, groups=groups, places=places, eps=a["eps"])


def _batch_norm(build: Builder, call: Call) -> None:
    a = call.arguments
    mean, variance = (a.get(name) for name in ("running_mean", "running_var"))
    if a.get("training") or mean is None or variance is None:
        raise unknown(call, "with statistics of the batch; put the model in eval mode")
    scale = (variance.double() + a["eps"]).rsqrt() * (1 if a["weight"] is None else a["weight"].double())
    shift = (0 if a["bias"] is None else a["bias"].double()) - mean.double() * scale
    build.add(call, "affine", a["input"], scale.float(), shift.float(), places=math.prod(a["input"].shape[2:]))


def _unary(name: str, *options: str) -> Convert:
    def convert(build: Builder, call: Call) -> None:
        a = call.arguments
        build.add(call, "unary", a["self"], kind=name, **{key: _number(call, a[key]) for key in options})

    return convert


def _number(call: Call, value: Any) -> Any:
    if isinstance(value, Tensor):
        raise unknown(call, "with a tensor in the place of a number")
    return value if not isinstance(value, bool) else int(value)


def _elu(build: Builder, call: Call) -> None:
    a = call.arguments
    build.add(call, "unary", a["self"], kind="elu", alpha=a["alpha"], scale=a["scale"], input_scale=a["input_scale"])


def _celu(build: Builder, call: Call) -> None:
    alpha = float(call.arguments["alpha"])
    build.add(call, "unary", call.subject, kind="elu", alpha=alpha, scale=1, input_scale=1 / alpha)


def _clamp(build: Builder, call: Call) -> None:
    a = call.arguments
    low, high = a.get("min", a.get("min_val")), a.get("max", a.get("max_val"))
    build.add(call, "unary", a["self"], kind="clamp", low=_number(call, low), high=_number(call, high))


def _pow(build: Builder, call: Call) -> None:
    a = call.arguments
    if not isinstance(a["self"], Tensor) or isinstance(a["exponent"], Tensor):
        raise unknown(call, "with an exponent that is a tensor")
    build.add(call, "unary", a["self"], kind="pow", exponent=float(a["exponent"]))


def _binary(name: str) -> Convert:
    def convert(build: Builder, call: Call) -> None:
        a = call.arguments
        if a.get("rounding_mode"):
            raise unknown(call, "with rounding")
        factor = float(a.get("alpha") or 1)
        first, second = (_as_tensor(a[key]) for key in ("self", "other"))
        build.add(call, "binary", first, second, kind=name, factor=factor)

    return convert


def _as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else torch.tensor([float(value)])


def _prelu(build: Builder, call: Call) -> None:
    a = call.arguments
    build.add(call, "binary", a["self"], a["weight"], kind="prelu", factor=1.0)


def _concatenate(build: Builder, call: Call) -> None:
    a = call.arguments
    parts = [part for part in a["tensors"] if part.numel()]
    axis = a["dim"] % parts[0].ndim
    build.add(call, "concatenate", *parts, axis=axis, sizes=[part.shape[axis] for part in parts])


def _stack(build: Builder, call: Call) -> None:
    a = call.arguments
    axis = a["dim"] % (a["tensors"][0].ndim + 1)
    build.add(call, "concatenate", *a["tensors"], axis=axis, sizes=[1] * len(a["tensors"]))


def _reduce(name: str) -> Convert:
    def convert(build: Builder, call: Call) -> None:
        a = call.arguments
        x, axes = a["self"], a.get("dim")
        axes = range(x.ndim) if axes is None or axes == [] else axes if isinstance(axes, list) else [axes]
        build.add(call, "reduce", x, kind=name, axes=sorted(axis % x.ndim for axis in axes))

    return convert


def _softmax(build: Builder, call: Call) -> None:
    a = call.arguments
    if a["dim"] % a["self"].ndim != a["self"].ndim - 1:
        raise unknown(call, "along another dimension than the last")
    build.add(call, "softmax", a["self"])


def _pool(name: str) -> Convert:
    def convert(build: Builder, call: Call) -> None:
        a = call.arguments
        kernel = _pair(a["kernel_size"], 1)
        stride = _pair(a["stride"], 1) if a["stride"] else kernel
        build.add(
            call,
            "pool",
            a["self"],
            kind=name,
            kernel=kernel,
            stride=stride,
            padding=_pair(a["padding"], 0),
            dilation=_pair(a.get("dilation", [1]), 1),
            counts_padding=bool(a.get("count_include_pad")),
            divisor=a.get("divisor_override") or 0,
        )

    return convert


def _alias(build: Builder, call: Call) -> None:
    build.alias(call, call.subject)


def _to_type(build: Builder, call: Call) -> None:
    kind = call.arguments.get("dtype")
    if kind is not None and not kind.is_floating_point:
        raise unknown(call, "to integers")
    _alias(build, call)


UNARY = "abs cos erf exp hardsigmoid hardswish log log1p mish neg reciprocal relu rsqrt sigmoid silu sin sqrt tanh"
"""Functions of single numbers without options, which the interpreter knows by the same names."""

MOVEMENT = (
    "view reshape _unsafe_view unsqueeze squeeze permute transpose t slice select split split_with_sizes unbind expand "
    "as_strided flip roll repeat diagonal constant_pad_nd reflection_pad1d reflection_pad2d replication_pad1d "
    "replication_pad2d upsample_nearest1d upsample_nearest2d _upsample_nearest_exact2d pixel_shuffle pixel_unshuffle"
)
"""Operations that only move numbers."""

RESAMPLING = "upsample_linear1d upsample_bilinear2d _upsample_bilinear2d_aa upsample_bicubic2d _adaptive_avg_pool2d"
"""Operations that mix rows and columns linearly."""

TABLE: dict[str, Convert] = {
    **{name: _unary(name) for name in UNARY.split()},
    **dict.fromkeys(MOVEMENT.split(), add_movement),
    **dict.fromkeys(RESAMPLING.split(), add_resampling),
    **{name: _binary(name) for name in ("add", "sub", "mul", "div", "maximum", "minimum")},
    **dict.fromkeys(("clone", "contiguous", "detach", "alias", "lift_fresh"), _alias),
    **dict.fromkeys(("clamp", "clamp_min", "hardtanh"), _clamp),
    **dict.fromkeys(("bmm", "mm"), _matmul),
    **dict.fromkeys(("cudnn_batch_norm", "native_batch_norm", "_native_batch_norm_legit_no_training"), _batch_norm),
    "_prelu_kernel": _prelu,
    "_softmax": _softmax,
    "_to_copy": _to_type,
    "addmm": _addmm,
    "avg_pool2d": _pool("mean"),
    "cat": _concatenate,
    "celu": _celu,
    "convolution": _convolution,
    "elu": _elu,
    "gelu": _unary("gelu", "approximate"),
    "leaky_relu": _unary("leaky_relu", "negative_slope"),
    "linear": _linear,
    "log_sigmoid_forward": _unary("log_sigmoid"),
    "max_pool2d_with_indices": _pool("max"),
    "mean": _reduce("mean"),
    "native_group_norm": _group_norm,
    "native_layer_norm": _layer_norm,
    "pow": _pow,
    "softplus": _unary("softplus", "beta", "threshold"),
    "stack": _stack,
    "sum": _reduce("sum"),
}
"""Name of an ATen operation → what puts its nodes into a graph."""
