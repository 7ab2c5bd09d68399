"""Models of one architecture trained as one: weights stacked, and a step of all of them through ``torch.vmap``."""

import copy
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from latentassay import objectives
from latentassay.core.errors import InputError
from latentassay.core.observations import as_float
from latentassay.core.text import printable
from latentassay.training.log import Row
from latentassay.training.sampler import Sampler
from latentassay.training.vmap_layers import replace_layers

CHUNK = 50
"""Most steps that one graph holds."""

AHEAD = 4
"""Chunks that wait on a GPU, so that it never waits for the host."""

Weights = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Training:
    """The arguments of one of many trainings, as ``fit`` takes them.

    Attributes:
        model: what ``models.build`` made, without buffers and with nothing frozen; trained in place.
        objective: ``AE``, ``VAE``, ``BetaVAE`` or ``Renyi``.
        data: as ``fit`` takes it; trainings on the same object share its memory.
        steps: optimiser steps.
        batch_size: observations in a step.
        lr: learning rate of Adam.
        seed: fixes the batches, which are those of ``fit``.
        precision: ``"float32"``, or ``"tf32"`` to let a GPU round what matrices multiply to 10 bits.
        out: folder of the run, where it is kept.
        snapshots: steps whose weights are kept besides.
    """

    model: Any
    objective: Any
    data: Any
    steps: int
    batch_size: int = 128
    lr: Any = 1e-3
    seed: int = 0
    precision: str = "float32"
    out: Path | None = None
    snapshots: tuple[int, ...] = ()


def weight_of(objective: Any) -> float | None:
    """Return the weight of an objective's KL; ``None`` for autoencoders, whose codes have none.

    Raises:
        InputError: another objective.

    >>> weight_of(objectives.BetaVAE(4.0)), weight_of(objectives.AE())
    (4.0, None)
    """
    if isinstance(objective, objectives.AE):
        return None
    if isinstance(objective, objectives.VAE):
        return 1.0
    if isinstance(objective, objectives.BetaVAE):
        return float(objective.beta)
    raise InputError(f"only AE, VAE, BetaVAE and Renyi train side by side, got {objective!r}; use fit for others")


def kind_of(objective: Any) -> str:
    """Say what objectives of one trainer have in common: all but the weight of a KL in closed form.

    Raises:
        InputError: an objective that models are not trained by side by side.

    >>> kind_of(objectives.BetaVAE(4.0, kl="sigma")), kind_of(objectives.Renyi(0.5))
    ('KL sigma', 'Renyi(alpha=0.5, samples=10)')
    """
    if isinstance(objective, objectives.Renyi):
        return repr(objective)
    return "AE" if weight_of(objective) is None else f"KL {objective.kl}"


class VmapTrainer:
    """Trains models of one architecture as one; they differ only in seed, data, length and weight of the KL.

    A step computes the objective of every model at once through ``vmap`` and moves all weights by one Adam, which
    treats every weight by itself: to each model it is its own training. On a GPU steps are replayed from a graph on a
    stream of their own, their batches chosen by row numbers that the host sends ahead.

    Args:
        members: the trainings.
        data: distinct data sets as they are stored, ``(n, *x_shape)`` each on the device.
        slots: which of them each training takes.
        log_every: steps between rows of the history.
        graph: whether a GPU replays steps from a CUDA graph instead of being sent each kernel by the host.
    """

    def __init__(
        self, members: Sequence[Training], data: Sequence[Tensor], slots: Sequence[int], *, log_every: int, graph: bool
    ):
        first, self.device = members[0], data[0].device
        self.members, self.step, self._log_every = tuple(members), 0, log_every
        self._chunk = next(size for size in range(min(CHUNK, log_every), 0, -1) if log_every % size == 0)
        self._milestones = sorted({step for each in members for step in (*each.snapshots, each.steps)})
        self._data, n = torch.stack(list(data)), len(data[0])
        self._slots = torch.tensor(slots, device=self.device)[:, None]
        seeds = sorted({each.seed for each in members})
        self._samplers = [Sampler(n, first.batch_size * self._chunk, seed) for seed in seeds]
        self._order = torch.tensor([seeds.index(each.seed) for each in members], device=self.device)
        self._fast = first.precision == "tf32" and self.device.type == "cuda"
        self._open_weights(first)
        self._rows = torch.zeros((self._chunk, len(seeds), first.batch_size), dtype=torch.long, device=self.device)
        self._sums, self._names, self._since = torch.zeros(0), list[str](), 0
        self._history: list[tuple[int, Tensor]] = []
        self._kept: dict[tuple[int, int], Weights] = {}
        self._graph: Any = None
        self._wants_graph = graph and self.device.type == "cuda"
        self._stream: Any = None
        if self.device.type == "cuda":
            self._stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
            self._stream.wait_stream(torch.cuda.current_stream(self.device))
        self._queued: deque[Any] = deque()  # an event for each chunk that the device has not finished

    def _open_weights(self, first: Training) -> None:
        """Stack weights, weights of KLs and the noise of all members."""
        stacked, _ = stack_module_state([each.model for each in self.members])
        self._weights = {
            name: value.detach().to(self.device, torch.float32).requires_grad_() for name, value in stacked.items()
        }
        objective, self._betas = first.objective, None
        if isinstance(objective, objectives.VAE | objectives.BetaVAE):
            betas = [weight_of(each.objective) or 0.0 for each in self.members]
            self._betas = torch.tensor(betas, device=self.device)
            objective = objectives.BetaVAE(1.0, kl=objective.kl)
        self._loss_parts = _LossParts(replace_layers(copy.deepcopy(first.model).to("meta")).train(), objective)
        mixed = np.random.SeedSequence([each.seed for each in self.members]).generate_state(1, np.uint64)
        self._noise = Generator(self.device).manual_seed(int(mixed[0] >> np.uint64(1)))
        self._adam = torch.optim.Adam(
            self._weights.values(), lr=first.lr, fused=True, capturable=self.device.type == "cuda"
        )

    @property
    def label(self) -> str:
        """What is trained, in a few words."""
        spec, n = self.members[0].model.spec, len(self.members)
        return f"{n} {spec['name']} {tuple(spec['x_shape'])}, {spec['latents']} latents"

    @property
    def steps(self) -> int:
        """The steps of the longest training."""
        return self._milestones[-1]

    def is_ready(self) -> bool:
        """Whether the device has room in its queue for another chunk."""
        while self._queued and self._queued[0].query():
            self._queued.popleft()
        return len(self._queued) < AHEAD

    def advance(self) -> int:
        """Take steps up to the end of a chunk or to the end of a training; return how many.

        On a GPU this only queues them. A chunk that a training ends in is taken step by step, since a graph is replayed
        whole.
        """
        start, (chunk, place) = self.step, divmod(self.step, self._chunk)
        end = min((chunk + 1) * self._chunk, next(step for step in self._milestones if step > start))
        with self._on_stream():
            self._send(chunk)
            if end - start == self._chunk and self._is_captured():
                self._graph.replay()
            else:
                for k in range(place, place + end - start):
                    self._take(k)
            self.step, self._since = end, self._since + end - start
            if end % self._log_every == 0 or end in self._milestones:
                self._close_row()
            for member, each in enumerate(self.members):
                if end in (*each.snapshots, each.steps):
                    self._keep(member)
            if self._stream is not None:
                self._queued.append(self._stream.record_event())
        return end - start

    def stop(self) -> None:
        """Wait for the device, and keep the weights of trainings that are not at their end."""
        with self._on_stream():
            if self._since:
                self._close_row()
            for member, each in enumerate(self.members):
                if self.step < each.steps:
                    self._keep(member)
        if self._stream is not None:
            self._stream.synchronize()
        self._graph = None

    def weights(self, member: int, step: int) -> Weights:
        """Return the weights that a training had after a step that was kept, on the CPU."""
        return {name: value.cpu() for name, value in self._kept[member, step].items()}

    def histories(self) -> list[list[Row]]:
        """Return the rows of every training up to its own end."""
        if not self._history:
            return [[] for _ in self.members]
        steps = [step for step, _ in self._history]
        table = torch.stack([means for _, means in self._history]).cpu().double()  # (rows, names, members)
        return [
            [
                {"step": step, **dict(zip(self._names, values, strict=True))}
                for step, values in zip(steps, table[:, :, member].tolist(), strict=True)
                if step <= each.steps
            ]
            for member, each in enumerate(self.members)
        ]

    def _take(self, k: int) -> None:
        """One step of all models, on the rows sent for place ``k`` of the chunk."""
        x = as_float(self._data[self._slots, self._rows[k][self._order]])
        with _allow_tf32(self._fast):
            parts = vmap(self._parts, randomness="different")(self._weights, x)
            loss = parts.pop("loss")
            total = loss if self._betas is None else parts["nll"] + self._betas * parts["kl"]
            # Not .backward(): its accumulation nodes run on the stream on which a weight was first used, which is not
            # the one that is captured, and a capture may not wait for another stream.
            gradients = torch.autograd.grad(total.sum(), list(self._weights.values()))
        for weight, gradient in zip(self._weights.values(), gradients, strict=True):
            if (
                not self._names
            ):  # in the first step: a product's gradient comes transposed, so its weight is laid out so
                weight.data = torch.empty_like(gradient).copy_(weight)
            # Fused Adam reads weight and gradient in the order of memory and ignores strides, which must be the same.
            weight.grad = gradient if gradient.stride() == weight.stride() else torch.empty_like(weight).copy_(gradient)
        self._adam.step()
        losses = torch.stack([total, *parts.values()]).detach()
        if not self._names:
            self._names, self._sums = ["loss", *parts], torch.zeros_like(losses)
        self._sums += losses

    def _parts(self, weights: Weights, x: Tensor) -> dict[str, Tensor]:
        named = {f"model.{name}": value for name, value in weights.items()}
        parts: dict[str, Tensor] = functional_call(self._loss_parts, named, (x, self._noise))
        return parts

    def _send(self, chunk: int) -> None:
        """Send the row numbers of a chunk."""
        # Pinned, so that the copy is asynchronous; into the same buffer, which is where a graph reads.
        rows = torch.stack([sampler.rows(chunk) for sampler in self._samplers])
        rows = rows.view(len(self._samplers), self._chunk, -1).transpose(0, 1).contiguous()
        self._rows.copy_(rows.pin_memory() if self._stream is not None else rows, non_blocking=True)

    def _is_captured(self) -> bool:
        """Whether there is a graph to replay; it is captured once.

        Not before a chunk has been taken step by step: libraries pick their kernels and reserve workspace in first
        calls, which a capture forbids. The noise generator is registered, so that every replay draws anew.
        ``thread_local``: what other threads ask of the device meanwhile is no error of this capture.
        """
        if self._wants_graph and self._graph is None and self.step:
            graph = torch.cuda.CUDAGraph()
            graph.register_generator_state(self._noise)
            try:
                with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
                    for k in range(self._chunk):
                        self._take(k)
                self._graph = graph
            except RuntimeError as error:
                self._wants_graph = False
                warnings.warn(printable(f"{self.label}: trains without a graph, slowly ({error})"), stacklevel=4)
        return self._graph is not None

    def _close_row(self) -> None:
        self._history.append((self.step, self._sums / self._since))
        self._sums.zero_()
        self._since = 0

    def _keep(self, member: int) -> None:
        weights = {name: value[member].detach().clone() for name, value in self._weights.items()}
        self._kept[member, self.step] = weights

    def _on_stream(self) -> Any:
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)


class _LossParts(nn.Module):
    """A model and its objective as one module, since ``functional_call`` swaps the weights of a module."""

    def __init__(self, model: nn.Module, objective: Any):
        super().__init__()
        self.model, self._objective = model, objective

    def forward(self, x: Tensor, generator: Generator) -> dict[str, Tensor]:
        """Return the loss, and its parts, unweighted."""
        loss = self._objective(self.model, x, generator)
        return {"loss": loss.total, **loss.parts}


@contextmanager
def _allow_tf32(wanted: bool) -> Iterator[None]:
    """Let products round to TF32 meanwhile."""
    before = torch.get_float32_matmul_precision()
    if wanted:
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        if wanted:
            torch.set_float32_matmul_precision(before)
