"""One optimiser step, and the state from which training can be resumed exactly."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Generator, Tensor, nn

from latentassay.core.autoencoder import device_and_dtype, eval_mode
from latentassay.core.errors import InputError
from latentassay.objectives.auxiliary_networks import WithAuxiliary, with_auxiliary
from latentassay.training.schedules import Schedule
from latentassay.training.source import Source

OPTIMIZER = "optimizer/"
"""Prefix of Adam's moments in a checkpoint, before the parameter's name."""

NETWORKS = "objective/"
"""Prefix of the networks that the objective brings along."""

NOISE = "rng/noise"
"""State of the generator that objectives draw from."""

GLOBAL = "rng/global"
"""State of torch's global generator on the CPU, which dropout draws from."""

ACCELERATOR = "rng/accelerator"
"""State of the global generator of a GPU."""

VALIDATION_ROWS = 4096
"""Most held-out rows that are scored, evenly spaced."""

Losses = dict[str, Tensor]
Parameters = dict[str, nn.Parameter]


class Trainer:
    """A model, the networks of its objective, their Adam optimiser and noise; ``step`` counts the steps done."""

    def __init__(
        self,
        model: nn.Module,
        objective: Any,
        *,
        lr: float | int | Schedule,
        seed: int,
        device: torch.device,
        half: bool,
        layout: torch.memory_format,
    ):
        self.model, self.step = model, 0
        self._schedule: Schedule = lr if callable(lr) else lambda step: float(lr)
        self._seed, self._device, self._layout, self._dtype = seed, device, layout, device_and_dtype(model).dtype
        own = {name: value for name, value in model.named_parameters() if value.requires_grad}
        if not own:
            raise InputError("the model has no parameters to train; were they frozen with requires_grad=False?")
        auxiliary = with_auxiliary(objective, model)
        self._objective, self._networks = auxiliary.loss, auxiliary.networks
        theirs = {NETWORKS + name: value for name, value in auxiliary.networks.named_parameters()}
        self._parameters = own | theirs
        self._optimizer = torch.optim.Adam(_groups(own, theirs, auxiliary), lr=self.lr, fused=True)
        self._noise = Generator(device).manual_seed(seed)
        self._autocast: AbstractContextManager[Any] = (
            torch.autocast(device.type, torch.bfloat16) if half else nullcontext()
        )

    @property
    def lr(self) -> float:
        """Learning rate of the next step.

        Raises:
            InputError: a schedule gave something else than a number from 0 on.
        """
        rate = self._schedule(self.step)
        if not isinstance(rate, int | float) or not 0 <= rate < float("inf"):
            raise InputError(f"the schedule must give a number from 0 on, got {rate!r} at step {self.step}")
        return rate

    def learn(self, x: Tensor) -> Losses:
        """Take one step on a batch; the losses stay on the device, so that nothing waits for them."""
        with self._autocast:
            loss = self._objective(self.model, self._as_input(x), self._noise)
        for group in self._optimizer.param_groups:
            group["lr"] = self.lr * group["rate"] if group["own_lr"] is None else group["own_lr"]
        for parameter in self._parameters.values():  # as zero_grad does, without its checks
            parameter.grad = None
        loss.total.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self.step += 1
        return {"loss": loss.total.detach(), **{name: part.detach() for name, part in loss.parts.items()}}

    def score(self, source: Source, batch_size: int) -> dict[str, float]:
        """Return the mean losses on held-out data, in evaluation mode and always with the same noise."""
        rows = torch.linspace(0, source.n - 1, min(source.n, VALIDATION_ROWS), dtype=torch.float64).long()
        # The same noise each time, so that scores of two steps differ by what was learned.
        noise, sums = Generator(self._device).manual_seed(self._seed), torch.zeros(())
        names: list[str] = []
        with eval_mode(self.model), eval_mode(self._networks), self._autocast:
            for block in rows.tensor_split(math.ceil(len(rows) / batch_size)):  # of even sizes, none left with one row
                loss = self._objective(self.model, self._as_input(source.batch(block)), noise)
                names = ["loss", *loss.parts]
                sums = sums + len(block) * torch.stack([loss.total, *loss.parts.values()]).cpu().double()
        return {f"validation_{name}": value for name, value in zip(names, (sums / len(rows)).tolist(), strict=True)}

    def _as_input(self, x: Tensor) -> Tensor:
        return x.to(self._dtype, memory_format=self._layout) if x.ndim == 4 else x.to(self._dtype)

    def is_finite(self) -> bool:
        """Whether every weight is still a number."""
        return all(bool(torch.isfinite(value).all()) for value in self._parameters.values())

    def state(self) -> dict[str, Tensor]:
        """Return the objective's networks, optimiser and random state as named tensors."""
        tensors = {NETWORKS + name: tensor for name, tensor in self._networks.state_dict().items()}
        tensors |= {NOISE: self._noise.get_state(), GLOBAL: torch.get_rng_state()}
        if self._device.type != "cpu":
            tensors[ACCELERATOR] = torch.get_device_module(self._device).get_rng_state()
        for name, parameter in self._parameters.items():
            for key, value in self._optimizer.state[parameter].items():
                tensors[f"{OPTIMIZER}{name}/{key}"] = value
        return tensors

    def restore(self, tensors: dict[str, Tensor], step: int) -> None:
        """Restore what ``state`` returned after ``step`` steps; random state only on the same kind of device.

        Raises:
            KeyError, RuntimeError, TypeError: the tensors are not those of this model and optimiser.
        """
        self.step = step
        theirs = {name.removeprefix(NETWORKS): value for name, value in tensors.items() if name.startswith(NETWORKS)}
        self._networks.load_state_dict(theirs)
        for name, parameter in self._parameters.items():
            prefix = f"{OPTIMIZER}{name}/"
            if any(key.startswith(prefix) for key in tensors):  # a parameter that was never used has no state
                self._optimizer.state[parameter] = _adam_state(parameter, tensors, prefix)
        torch.set_rng_state(tensors[GLOBAL])
        if tensors[NOISE].shape != self._noise.get_state().shape:  # it was written on another kind of device
            self._noise.manual_seed(self._seed + step)
            return
        self._noise.set_state(tensors[NOISE])
        if self._device.type != "cpu":
            torch.get_device_module(self._device).set_rng_state(tensors[ACCELERATOR])


def _groups(own: Parameters, theirs: Parameters, auxiliary: WithAuxiliary) -> list[dict[str, Any]]:
    """Parameter groups of Adam, the model's and the objective's; ``rate`` and ``own_lr`` are what ``learn`` reads."""
    groups: list[dict[str, Any]] = [
        {"params": list(own.values()), "rate": 1.0, "own_lr": None, "betas": auxiliary.model_betas},
        {"params": list(theirs.values()), "rate": auxiliary.rate, "own_lr": auxiliary.lr, "betas": auxiliary.betas},
    ]
    return [group for group in groups if group["params"]]


def _adam_state(parameter: Tensor, tensors: Losses, prefix: str) -> dict[str, Tensor]:
    # Moments take the parameter's memory format, as the optimiser would have made them.
    moments = {key: torch.empty_like(parameter).copy_(tensors[prefix + key]) for key in ("exp_avg", "exp_avg_sq")}
    return {"step": tensors[prefix + "step"].to(parameter.device), **moments}


def averages(pending: list[Losses]) -> tuple[dict[str, float], int | None]:
    """Return the mean of every loss over some steps, and the place of the first step that was not finite."""
    names = list(pending[0])
    table = torch.stack([torch.stack([losses[name] for name in names]) for losses in pending]).cpu().double()
    bad = (~torch.isfinite(table)).any(1).nonzero()
    means = dict(zip(names, table.mean(0).tolist(), strict=True))
    return means, int(bad[0]) if len(bad) else None


def pick_device(device: Any) -> torch.device:
    """Turn ``"auto"`` or a name into a device that works here.

    Raises:
        InputError: the device is unknown, or torch cannot use it on this machine.
    """
    name = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    try:
        found = torch.device(name)
        torch.empty(0, device=found)  # a name that torch knows may still be of a device that is not there
    except (RuntimeError, TypeError, AssertionError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"device must be 'auto' or one that works here such as 'cpu', got {device!r} ({reason})"
        ) from error
    return found


@contextmanager
def training_mode(model: nn.Module, device: torch.device, seed: int) -> Iterator[None]:
    """Keep a model in training mode with gradients and a seeded global random state; leave all as it was found."""
    modes = [(module, module.training) for module in model.modules()]
    accelerators = [] if device.type == "cpu" else [device]
    kind = "cuda" if device.type == "cpu" else device.type
    with (
        torch.cuda.device(device) if device.type == "cuda" else nullcontext(),
        torch.random.fork_rng(accelerators, device_type=kind),
        torch.inference_mode(False),
        torch.enable_grad(),
    ):
        try:
            torch.default_generator.manual_seed(seed)
            if accelerators:
                torch.get_device_module(device).manual_seed(seed)
            model.train()
            yield
        finally:
            for module, training in modes:
                module.training = training


@contextmanager
def compile_networks(model: nn.Module, wanted: bool) -> Iterator[None]:
    """Run a model's networks through ``torch.compile`` meanwhile; afterwards they are as they were.

    Shapes are fixed, since batches are; so the models of one process neither share nor exhaust what torch compiles
    for one piece of code.
    """
    # Not model.compile(): it replaces the way into the whole model, whose encode and decode are not forward, and there
    # is no public way back.
    parts: list[Any] = list(_networks(model)) if wanted else []
    for part in parts:
        part._compiled_call_impl = torch.compile(_traceable(part), dynamic=False)
    try:
        yield
    finally:
        for part in parts:
            part._compiled_call_impl = None


def _networks(model: nn.Module) -> Iterator[nn.Module]:
    """The submodules that are called, not only asked for what they hold."""
    for part in model.children():
        if type(part).forward is nn.Module.forward:
            yield from _networks(part)
        else:
            yield part


def _traceable(part: Any) -> Any:
    """Return a function that calls a module; torch skips frames of its own files, such as that of ``Sequential``."""
    return _with_own_code(lambda *args, **kwargs: part._call_impl(*args, **kwargs))


def _with_own_code(function: Any) -> Any:
    """Give a function a code object of its own: torch limits how often it compiles one, and all parts share this."""
    function.__code__ = function.__code__.replace()
    return function
