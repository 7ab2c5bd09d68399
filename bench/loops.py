"""Three ways to train the same networks: ``fit``, a loop as one writes it by hand, and pythae's trainer."""

import logging
import tempfile
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from turns import Step

from latentassay import models, objectives
from latentassay.data.factors import FactorData
from latentassay.training import fit
from latentassay.training.sampler import Sampler

BATCH_SIZE = 128
LR = 5e-4


class Mode(NamedTuple):
    """How the networks are run."""

    channels_last: bool = False
    compile: bool = False
    bf16: bool = False

    def __str__(self) -> str:
        return " + ".join(name for name, wanted in self._asdict().items() if wanted) or "eager"


class Task(NamedTuple):
    """What is trained, how, on what."""

    model: str
    x_shape: tuple[int, ...]
    mode: Mode
    steps: int
    images: Tensor
    device: torch.device

    def build(self) -> Any:
        return models.build(self.model, x_shape=self.x_shape)

    @property
    def variational(self) -> bool:
        return self.build().prior is not None


def random_images(n: int, x_shape: tuple[int, ...]) -> Tensor:
    return torch.randint(0, 256, (n, *x_shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def run_fit(task: Task, step: Step) -> float:
    """Train through ``fit`` with its defaults; return the last loss."""
    objective = objectives.VAE() if task.variational else objectives.AE()
    losses: list[Tensor] = [torch.zeros(())]

    def counted_loss(model: Any, x: Tensor, generator: torch.Generator) -> objectives.Loss:
        step()
        loss = objective(model, x, generator)
        losses[0] = loss.total.detach()
        return loss

    data = FactorData(task.images.numpy(), torch.zeros(len(task.images), 0, dtype=torch.long).numpy(), layout="chw")
    mode = task.mode
    fit(
        task.build(),
        counted_loss,
        data,
        steps=task.steps,
        batch_size=BATCH_SIZE,
        lr=LR,
        device=task.device,
        precision="bf16" if mode.bf16 else "float32",
        channels_last=mode.channels_last,
        compile=mode.compile,
        progress=False,
    )
    return losses[0].item()


def run_bare_loop(task: Task, step: Step) -> float:
    """Train the same networks on the same batches by hand: nothing is checked, logged or kept."""
    device, mode, model = task.device, task.mode, task.build()
    encoder, decoder = model.encoder.to(device).train(), model.decoder.to(device).train()
    if mode.channels_last:
        encoder.to(memory_format=torch.channels_last), decoder.to(memory_format=torch.channels_last)
    if mode.compile:
        encoder, decoder = torch.compile(encoder), torch.compile(decoder)
    return _descend(task, encoder, decoder, step).item()


def _descend(task: Task, encoder: nn.Module, decoder: nn.Module, step: Step) -> Tensor:
    device, mode, images = task.device, task.mode, task.images.to(task.device)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=LR, fused=True)
    noise, sampler = torch.Generator(device).manual_seed(0), Sampler(len(images), BATCH_SIZE, seed=0)
    variational, layout = task.variational, torch.channels_last if mode.channels_last else torch.contiguous_format
    for k in range(task.steps):
        step()
        x = images[sampler.rows(k).to(device, non_blocking=True)].float().div_(255)
        x = x.contiguous(memory_format=layout)
        with torch.autocast(device.type, torch.bfloat16, enabled=mode.bf16):
            codes, kl = encoder(x).float(), 0.0
            if variational:
                mean, logvar = codes.chunk(2, dim=1)
                codes = mean + (0.5 * logvar).exp() * torch.randn(mean.shape, generator=noise, device=device)
                kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum(1).mean()
            logits = decoder(codes).float()
        loss = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1).mean() + kl
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return loss.detach()


def run_pythae(task: Task, step: Step) -> float:
    """Train a VAE of the same networks by one epoch of pythae's trainer, as it is; return its last loss."""
    from pythae.data.datasets import BaseDataset
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.training_callbacks import TrainingCallback

    class Watch(TrainingCallback):
        def on_train_step_begin(self, *_: Any, **__: Any) -> None:  # of an epoch, in its words
            step()

        def on_train_step_end(self, *_: Any, **__: Any) -> None:  # of a batch
            left[0] -= 1
            if left[0]:
                step()

    left = [task.steps]
    logging.getLogger("pythae").setLevel(logging.ERROR)
    logging.disable(logging.INFO)
    n = task.steps * BATCH_SIZE
    images = task.images[torch.arange(n) % len(task.images)].float().div_(255)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = BaseTrainerConfig(
            output_dir=folder,
            per_device_train_batch_size=BATCH_SIZE,
            num_epochs=1,
            learning_rate=LR,
            no_cuda=True,
            seed=0,
        )
        trainer = BaseTrainer(pythae_vae(task), BaseDataset(images, torch.zeros(n)), None, config, [Watch()])
        trainer.prepare_training()
        trainer.callback_handler.callbacks = [
            each for each in trainer.callback_handler.callbacks if type(each) is Watch
        ]
        return float(trainer.train_step(1))


def pythae_vae(task: Task) -> Any:
    """The task's networks as pythae wants them: halves of the outputs by name, and means instead of logits."""
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self, net: nn.Module):
            super().__init__()
            self.net = net

        def forward(self, x: Tensor) -> Any:
            mean, logvar = self.net(x).chunk(2, dim=1)
            return ModelOutput(embedding=mean, log_covariance=logvar)

    class Decoder(BaseDecoder):
        def __init__(self, net: nn.Module):
            super().__init__()
            self.net = net

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=self.net(z).sigmoid())

    model = task.build()
    config = VAEConfig(input_dim=task.x_shape, latent_dim=model.latent_shape[0], reconstruction_loss="bce")
    return VAE(config, Encoder(model.encoder), Decoder(model.decoder))


LOOPS: dict[str, Callable[[Task, Step], float]] = {"fit": run_fit, "bare": run_bare_loop, "pythae": run_pythae}
