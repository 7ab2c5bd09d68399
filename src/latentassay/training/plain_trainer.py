"""One of many trainings by itself, for networks that gain nothing from being stacked."""

import copy

import torch
from torch import Tensor

from latentassay.core.observations import as_float
from latentassay.training.log import Row
from latentassay.training.sampler import Sampler
from latentassay.training.trainer import Losses, Trainer, averages
from latentassay.training.vmap_trainer import CHUNK, Training, Weights


class PlainTrainer:
    """Trains one model by the steps of ``fit``, with the interface of ``VmapTrainer``.

    On a CPU the time of a network with layers of hundreds goes into products of matrices, which take as long one by one
    as stacked, and stacked activations no longer fit into the cache: a step of eight costs a quarter more than eight
    steps. So each trains by itself, and several at a time on threads of their own (``many``).

    Args:
        training: what to train.
        data: its rows as they are stored, ``(n, *x_shape)``, on the device.
        log_every: steps between rows of the history.
    """

    def __init__(self, training: Training, data: Tensor, *, log_every: int):
        self.members, self.device, self._data, self._log_every = (training,), data.device, data, log_every
        self._trainer = Trainer(
            copy.deepcopy(training.model).to(data.device, torch.float32).train(),
            training.objective,
            lr=training.lr,
            seed=training.seed,
            device=data.device,
            half=False,
            layout=torch.contiguous_format,
        )
        self._sampler = Sampler(len(data), training.batch_size, training.seed)
        self._milestones = sorted({*training.snapshots, training.steps})
        self._pending, self._history = list[Losses](), list[Row]()
        self._kept: dict[int, Weights] = {}

    @property
    def label(self) -> str:
        """What is trained, in a few words."""
        spec = self.members[0].model.spec
        return f"{spec['name']} {tuple(spec['x_shape'])}, {spec['latents']} latents"

    @property
    def step(self) -> int:
        """Steps done."""
        return self._trainer.step

    @property
    def steps(self) -> int:
        """Steps to do."""
        return self._milestones[-1]

    def is_ready(self) -> bool:
        """Whether another chunk can be taken: on a CPU always."""
        return True

    def advance(self) -> int:
        """Take steps up to the end of a chunk, of a row of the history or of a training; return how many."""
        start = self.step
        ends = (start + CHUNK, start - start % self._log_every + self._log_every)
        end = min(*ends, next(step for step in self._milestones if step > start))
        for step in range(start, end):
            x = self._data[self._sampler.rows(step)]
            self._pending.append(self._trainer.learn(as_float(x)))
        if end % self._log_every == 0 or end in self._milestones:
            self._close_row()
        if end in self._milestones:
            self._keep()
        return end - start

    def stop(self) -> None:
        """Keep the weights of a training that is not at its end."""
        if self._pending:
            self._close_row()
        if self.step < self.steps:
            self._keep()

    def weights(self, member: int, step: int) -> Weights:
        """Return the weights that the training had after a step that was kept."""
        return self._kept[step]

    def histories(self) -> list[list[Row]]:
        """Return the rows of the training."""
        return [self._history]

    def _close_row(self) -> None:
        means, _ = averages(self._pending)
        self._history.append({"step": self.step, **means})
        self._pending.clear()

    def _keep(self) -> None:
        self._kept[self.step] = {
            name: value.detach().clone() for name, value in self._trainer.model.state_dict().items()
        }
