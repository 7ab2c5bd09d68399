"""Encoder and decoder as two ONNX files, run by onnxruntime; derivatives are finite differences."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from latentassay.adapters.images import HOUSE_RANGE, PixelRange, as_pixel_range, as_prior, expect_latents
from latentassay.adapters.onnx_files import Signature, read_signature
from latentassay.adapters.torch_pair import as_posterior
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import Posterior, Prior

Output = Literal["mean", "mean_logvar", "mean_std"]
Layout = Literal["nchw", "nhwc"]

STEP = 5e-3
"""Step of central differences, beside the size of what is changed: about the cube root of float32's precision."""


class OnnxModel:
    """A pair of ONNX files behind the door; made by ``from_onnx``.

    Torch can differentiate it in forward mode, with central differences inside, and not in reverse mode.

    Attributes:
        adapter: framework and files.
        space: in which latent space it works, in one clause.
        value_range: what it takes and returns, or ``None`` where values pass as they are.
        x_shape: the observations it was made for, or ``None`` where the file leaves their size open.
        derivatives: how they come about, in words.
    """

    torch_modules = ()
    derivatives = "central finite differences"

    def __init__(
        self,
        encoder: "Network",
        decoder: "Network",
        shapes: tuple[tuple[int, ...] | None, tuple[int, ...]],
        prior: Prior | None,
        output: Output,
        pixels: PixelRange | None,
    ):
        self._encoder, self._decoder, self._output, self._pixels = encoder, decoder, output, pixels
        self.x_shape, self.latent_shape = shapes
        self.prior, self.value_range = prior, None if pixels is None else HOUSE_RANGE
        self.adapter = f"ONNX pair {encoder.signature.path.name}, {decoder.signature.path.name}"
        self.space = "native latents (what the encoder's file gives)"

    def encode(self, x: Tensor) -> Posterior:
        """Return the encoder's answer as a posterior."""
        self._expect_x(x)
        answers = self._encoder(x if self._pixels is None else self._pixels.inside(x))
        if tuple(answers[0].shape[1:]) != self.latent_shape:
            raise ContractError(
                f"the decoder takes latents {self.latent_shape}, but the encoder gave {tuple(answers[0].shape[1:])}; "
                "are these two halves of one model? say which output with outputs=(name,), or latent_shape="
            )
        return as_posterior(answers[0] if self._output == "mean" else answers, self._output)

    def decode(self, z: Tensor) -> Tensor:
        """Return the decoder's answer, in [0, 1] where a range was stated."""
        expect_latents(z, self.latent_shape)
        (decoded,) = self._decoder(z)
        return decoded if self._pixels is None else self._pixels.outside(decoded)

    def _expect_x(self, x: Tensor) -> None:
        if self.x_shape is not None and tuple(x.shape[1:]) != self.x_shape:
            last = self.x_shape[0] == x.shape[-1] and x.ndim == 4
            hint = "; they seem to have their channels last: x.permute(0, 3, 1, 2)" if last else ""
            raise InputError(f"this model takes observations (n, {_sizes(self.x_shape)}), got {tuple(x.shape)}{hint}")


class Network:
    """One ONNX file as a function of tensors.

    Attributes:
        signature: what it takes and gives.
    """

    def __init__(self, signature: Signature, outputs: tuple[str, ...], layout: Layout):
        self.signature, self._outputs, self._last = signature, outputs, layout == "nhwc"
        self._session = _session(signature)

    def __call__(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the chosen outputs, on the device and in the float type of ``x``."""
        if torch.is_inference_mode_enabled():  # nothing can be differentiated, and the detour costs a per cent or two
            return self._run(x)
        return tuple(_Differences.apply(x, self._run))  # type: ignore[no-untyped-call]

    def _run(self, x: Tensor) -> tuple[Tensor, ...]:
        values = np.ascontiguousarray(self._turned(x.detach().cpu().float(), (0, 2, 3, 1)).numpy())
        try:
            answers = self._session.run(list(self._outputs), {self.signature.taken: values})
        except Exception as error:  # onnxruntime's errors share no base but this one
            reason = str(error).strip().splitlines()[0]
            raise ContractError(f"{self.signature.path.name} fails on {tuple(values.shape)}: {reason}") from error
        return tuple(self._turned(torch.from_numpy(answer), (0, 3, 1, 2)).to(x) for answer in answers)

    def _turned(self, x: Tensor, order: tuple[int, ...]) -> Tensor:
        return x.permute(order) if self._last and x.ndim == 4 else x


class _Differences(torch.autograd.Function):
    """Outputs of a network, whose directional derivative is ``(f(x + h v) − f(x − h v)) / 2h``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, run: Callable[[Tensor], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        ctx.save_for_forward(x)
        ctx.run = run
        return run(x)

    @staticmethod
    def jvp(ctx: Any, direction: Tensor, _: Any) -> tuple[Tensor, ...]:
        (x,) = ctx.saved_tensors
        rows = direction.flatten(1).abs().amax(1).view(-1, *[1] * (x.ndim - 1))
        size = x.detach().flatten(1).abs().amax(1).clamp(min=1).view_as(rows)
        h = STEP * size / rows.clamp(min=torch.finfo(x.dtype).tiny ** 0.5)
        ahead, behind = ctx.run(x + h * direction), ctx.run(x - h * direction)
        return tuple((a - b) / (2 * h.view(-1, *[1] * (a.ndim - 1))) for a, b in zip(ahead, behind, strict=True))

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        raise ContractError(
            "an ONNX model has no gradients in reverse mode; lengths and straight ways need none: "
            'la.interpolate(model, a, b, metric="euclidean")'
        )


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
) -> OnnxModel:
    """Bring an encoder and a decoder that were exported to ONNX behind the door.

    Shapes are read from the files. Export with a dynamic batch: ``dynamic_axes={"x": {0: "n"}}`` of
    ``torch.onnx.export``. Nothing in the files is code; weights beside them must lie in the same folder.

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

    Raises:
        InputError: an argument is not of its kind, or onnx or onnxruntime is not installed.
        FileError: a file is missing, damaged or no ONNX, or asks for weights outside its folder.
        ContractError: a fixed batch, several inputs, float16, randomness inside, or outputs that do not fit.
    """
    if output not in ("mean", "mean_logvar", "mean_std"):
        raise InputError(f"output must be 'mean', 'mean_logvar' or 'mean_std', got {output!r}")
    if layout not in ("nchw", "nhwc"):
        raise InputError(f"layout must be 'nchw' or 'nhwc', got {layout!r}")
    down, up = read_signature(encoder, "encoder"), read_signature(decoder, "decoder")
    chosen = _chosen(down, 1 if output == "mean" else 2, outputs, output)
    z_shape = _known(latent_shape, up.shape, layout, "latent_shape")
    if z_shape is None:
        raise InputError(
            f"{up.path.name} leaves sizes of latents open {up.shape}; say latent_shape=(4, 8, 8), for example"
        )
    shape = _known(x_shape, down.shape, layout, "x_shape")
    pixels = None if value_range is None else as_pixel_range(value_range)
    return OnnxModel(
        Network(down, chosen, layout),
        Network(up, _chosen(up, 1, None, "mean"), layout),
        (shape, z_shape),
        as_prior(prior, z_shape),
        output,
        pixels,
    )


def _chosen(signature: Signature, wanted: int, names: Sequence[str] | None, output: str) -> tuple[str, ...]:
    given = tuple(signature.given)
    if names is None and len(given) == wanted:
        return given
    chosen = tuple(names or ())
    if len(chosen) != wanted or not set(chosen) <= set(given):
        raise ContractError(
            f"{signature.path.name} gives {', '.join(given)}, and output={output!r} needs {wanted} of them; "
            f"say which, in order: outputs=({', '.join(map(repr, given[:wanted]))},), or another output="
        )
    return chosen


def _known(stated: Any, found: tuple[int | None, ...], layout: Layout, what: str) -> tuple[int, ...] | None:
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


def _session(signature: Signature) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError('onnxruntime is not installed; pip install "latentassay[onnx]"') from error
    options = onnxruntime.SessionOptions()
    # As many threads as torch takes, which waits meanwhile; without spinning they do not slow down what comes next.
    options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(signature.path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base but this one
        reason = str(error).strip().splitlines()[0]
        raise ContractError(f"onnxruntime cannot run {signature.path.name}: {reason}") from error


def _sizes(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))
