"""A pair of ONNX files behind the door: two networks that onnxruntime runs, and differences for derivatives."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from latentassay.adapters._adapter import require
from latentassay.adapters._answers import Output, as_posterior
from latentassay.adapters._onnx_files import INSTALL, Signature
from latentassay.adapters._pictures import HOUSE_RANGE, PixelRange, expect_latents
from latentassay.core.errors import ContractError, InputError, first_line
from latentassay.core.posteriors import Posterior, Prior

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
        *,
        unit_bytes: bool = False,
    ):
        self._encoder, self._decoder, self._output, self._pixels = encoder, decoder, output, pixels
        self.x_shape, self.latent_shape = shapes
        self._unit_bytes = unit_bytes and bool(decoder.signature.bytes)
        self.prior, self.value_range = prior, None if pixels is None else HOUSE_RANGE
        self.adapter = f"ONNX pair {encoder.signature.path.name}, {decoder.signature.path.name}"
        notes = "; ".join(["what the encoder's file gives", *_notes(encoder, decoder)])
        self.space = f"native latents ({notes})"

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
        decoded = decoded / 255 if self._unit_bytes else decoded
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
        values = np.ascontiguousarray(self._permute(x.detach().cpu().float(), (0, 2, 3, 1)).numpy())
        if self.signature.batch is None:
            answers = self._run_batch(values)
        else:
            chunks = [self._run_batch(chunk) for chunk in _padded_chunks(values, self.signature.batch)]
            answers = [np.concatenate(parts)[: len(values)] for parts in zip(*chunks, strict=True)]
        return tuple(self._permute(torch.from_numpy(answer), (0, 3, 1, 2)).to(x) for answer in answers)

    def _run_batch(self, values: np.ndarray) -> list[np.ndarray]:
        try:
            answers: list[np.ndarray] = self._session.run(list(self._outputs), {self.signature.input: values})
        except Exception as error:  # onnxruntime's errors share no base but this one
            raise ContractError(
                f"{self.signature.path.name} fails on {tuple(values.shape)}: {first_line(error)}"
            ) from error
        return answers

    def _permute(self, x: Tensor, order: tuple[int, ...]) -> Tensor:
        return x.permute(order) if self._last and x.ndim == 4 else x


def _padded_chunks(values: np.ndarray, size: int) -> list[np.ndarray]:
    """Cut rows into chunks of a fixed size; the last is filled with zeros, whose answers are dropped."""
    rows = max(1, -(-len(values) // size)) * size
    filled = np.concatenate([values, np.zeros((rows - len(values), *values.shape[1:]), values.dtype)])
    return [filled[start : start + size] for start in range(0, rows, size)]


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


def _session(signature: Signature) -> Any:
    onnxruntime = require("onnxruntime", INSTALL)
    options = onnxruntime.SessionOptions()
    # As many threads as torch takes, which waits meanwhile; without spinning they do not slow down what comes next.
    options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(signature.path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base but this one
        raise ContractError(f"onnxruntime cannot run {signature.path.name}: {first_line(error)}") from error


def _notes(encoder: "Network", decoder: "Network") -> list[str]:
    """What was done to run files as they are, for the user to read."""
    fixed = [network.signature for network in (encoder, decoder) if network.signature.batch is not None]
    notes = [f"{each.path.name} takes {each.batch} at a time: rows are passed so" for each in fixed]
    if decoder.signature.bytes:
        notes.append("decodings are bytes, taken as numbers from 0 to 255; unit_bytes=True divides them by 255")
    return notes


def _sizes(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))
