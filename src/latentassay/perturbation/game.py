"""The alternating training of a manipulation network and of the decoders of two ensembles (a minimax game).

What a step does follows from the step and what is in ``state``: batches and noise are functions of the seed and
the number of the batch alone.
"""

import copy
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from latentassay.core.autoencoder import eval_mode
from latentassay.core.errors import TrainingError
from latentassay.core.guard import decode_batch
from latentassay.perturbation.network import Manipulation, fold
from latentassay.training.sampler import Sampler
from latentassay.training.source import Source

LOOKED_AT = 16
"""Batches on which losses are taken before anything is changed."""

SIDES = ("entangled", "disentangled")
"""Prefixes of the decoders' tensors in ``state``."""

Loss = Literal["likelihood", "squared"]


class Rules(NamedTuple):
    """Options of the alternating training.

    Attributes:
        eps: greatest change of a value.
        batch_size: rows in a batch.
        lr: rate of both Adams (β₁ = 0.9, β₂ = 0.999, ε = 1e-7).
        decoder_steps: steps of the decoders before each of the manipulation, each on a batch of its own.
        samples: latent samples of every row.
        seed: fixes batches and noise.
        loss: "likelihood", the models' own −log p(x'|z), or "squared".
    """

    eps: float
    batch_size: int
    lr: float
    decoder_steps: int
    samples: int
    seed: int
    loss: Loss = "likelihood"


class Game:
    """Trains a manipulation network against the decoders of two ensembles, whose encoders stay as they are.

    One step is ``decoder_steps`` steps of all decoders, ``min_θ L`` with x' held fixed, and one of the manipulation,
    ``min_ψ L_ent − L_dis``, with ``x' = reflect(x + ε m_ψ(w))`` and L the loss of rebuilding x' from z drawn from the
    posteriors of the *unchanged* x: −log p(x'|z), or ``‖decode(z) − x'‖²``. Losses are summed over values and averaged
    over rows, samples and models. What is decoded does not depend on ψ, so the difference is linear in x' (for squares
    its gradient is ``2 (x̃_dis − x̃_ent)``): changes follow what the two sides rebuild differently, up to where ε ends.

    Args:
        network: the manipulation, trained in place.
        entangled: models that the changes shall suit; neither these nor ``disentangled`` are touched, copies are.
        disentangled: models that they shall not suit.
        source: where batches come from.
        factors: scaled factors of all rows, ``(n, m)``.
        rules: options.
        device: where it is trained.
    """

    def __init__(
        self,
        network: Manipulation,
        entangled: Sequence[Any],
        disentangled: Sequence[Any],
        source: Source,
        factors: Float[Tensor, "n m"],
        *,
        rules: Rules,
        device: torch.device,
    ):
        self.network, self.rules, self.step = network.to(device), rules, 0
        self.losses: list[Tensor] = []
        self.before = torch.zeros(2)
        self._source, self._factors, self._device = source, factors.to(device), device
        self._sides = tuple(tuple(_Member.of(model, device) for model in side) for side in (entangled, disentangled))
        self._batches = Sampler(source.n, rules.batch_size, rules.seed)
        self._named = {f"network/{name}": value for name, value in network.named_parameters()}
        for side, members in zip(SIDES, self._sides, strict=True):
            for number, member in enumerate(members):
                self._named |= {f"{side}/{number}/{name}": value for name, value in member.trained.items()}
        own = [value for name, value in self._named.items() if name.startswith("network/")]
        others = [value for name, value in self._named.items() if not name.startswith("network/")]
        self._mover, self._followers = (_adam(values, rules.lr) for values in (own, others))

    def take_step(self) -> None:
        """Take one step and append its losses, ``(2,)``: entangled, disentangled, as the manipulation met them."""
        first = self.step * (self.rules.decoder_steps + 1)
        for number in range(first, first + self.rules.decoder_steps):
            self._follow(number)
        self.losses.append(self._move(first + self.rules.decoder_steps))
        self.step += 1

    def check_finite(self) -> None:
        """Raise if training left the finite numbers.

        Raises:
            TrainingError: a loss or weight is NaN or infinite.
        """
        recent = torch.stack(self.losses[-100:]) if self.losses else torch.zeros(1)
        if not torch.isfinite(recent).all() or not all(torch.isfinite(p).all() for p in self._named.values()):
            raise TrainingError(
                f"losses or weights became NaN or infinite by step {self.step}; lower lr, and make the "
                "data set anew in another folder"
            )

    def state(self) -> dict[str, Tensor]:
        """Return weights, moments and losses: everything that the next step follows from."""
        tensors = {f"value/{name}": value for name, value in self._named.items()}
        for optimizer in (self._mover, self._followers):
            for name, parameter in self._named.items():
                for key, value in optimizer.state.get(parameter, {}).items():
                    tensors[f"adam/{name}/{key}"] = value
        return tensors | {"losses": torch.stack(self.losses), "before": self.before}

    def restore(self, tensors: dict[str, Tensor], step: int) -> None:
        """Take back what ``state`` returned after ``step`` steps.

        Raises:
            KeyError, RuntimeError: the tensors are not those of these networks.
        """
        with torch.no_grad():
            for name, parameter in self._named.items():
                parameter.copy_(tensors[f"value/{name}"])
                optimizer = self._mover if name.startswith("network/") else self._followers
                optimizer.state[parameter] = {
                    "step": tensors[f"adam/{name}/step"].clone(),
                    **{
                        key: torch.empty_like(parameter).copy_(tensors[f"adam/{name}/{key}"])
                        for key in ("exp_avg", "exp_avg_sq")
                    },
                }
        self.losses, self.before, self.step = list(tensors["losses"].clone()), tensors["before"].clone(), step

    def measure_before(self) -> None:
        """Keep as ``before`` what both sides lose on the unchanged data, to hold later losses against."""
        with torch.no_grad():
            batches = [self._batch(number) for number in range(LOOKED_AT)]
            found = [torch.stack(self._both(batch, batch.x)) for batch in batches]
        self.before = torch.stack(found).mean(0)

    def loss_of(self, number: int) -> Float[Tensor, "2"]:
        """Return both losses on a batch, and leave everything as it is."""
        with torch.no_grad():
            batch = self._batch(number)
            return torch.stack(self._both(batch, self._apply(batch)))

    def _follow(self, number: int) -> None:
        batch = self._batch(number)
        with torch.no_grad():
            target = self._apply(batch)
        self._followers.zero_grad(set_to_none=True)
        # Members share no parameter, so the sum of the means moves each as its own loss would.
        sum(self._both(batch, target)).backward()  # type: ignore[union-attr]
        self._followers.step()

    def _move(self, number: int) -> Tensor:
        batch = self._batch(number)
        changed = self._apply(batch)
        with torch.no_grad():
            outputs = self._outputs(batch)
        entangled, disentangled = self._compare(outputs, changed)
        self._mover.zero_grad(set_to_none=True)
        (entangled - disentangled).backward()  # type: ignore[no-untyped-call]
        self._mover.step()
        return torch.stack([entangled, disentangled]).detach()

    def _both(self, batch: "_Batch", target: Tensor) -> tuple[Tensor, ...]:
        return self._compare(self._outputs(batch), target)

    def _outputs(self, batch: "_Batch") -> list[list[Tensor]]:
        samples = self.rules.samples
        return [[member.output(batch.x, batch.noise, samples) for member in side] for side in self._sides]

    def _compare(self, outputs: list[list[Tensor]], target: Tensor) -> tuple[Tensor, ...]:
        wide, loss = target.repeat(self.rules.samples, *[1] * (target.ndim - 1)), self.rules.loss
        return tuple(
            torch.stack([member.loss(output, wide, loss) for member, output in zip(side, own, strict=True)]).mean()
            for side, own in zip(self._sides, outputs, strict=True)
        )

    def _batch(self, number: int) -> "_Batch":
        rows = self._batches.rows(number)
        # Noise of the seed and the number of the batch alone, so that a run goes on from its step.
        seed = int(np.random.SeedSequence((self.rules.seed, number)).generate_state(1, np.uint64)[0] >> np.uint64(1))
        noise = Generator(self._device).manual_seed(seed)
        return _Batch(self._source.batch(rows), self._factors[rows.to(self._device)], noise)

    def _apply(self, batch: "_Batch") -> Tensor:
        return manipulate(self.network, batch.x, batch.w, self.rules.eps)


def manipulate(
    network: nn.Module, x: Float[Tensor, "n *x_shape"], w: Float[Tensor, "n m"], eps: float
) -> Float[Tensor, "n *x_shape"]:
    """Return ``x' = reflect(x + ε m(w))``, in [0, 1] and within ε of x but for rounding."""
    changes: Tensor = network(w)
    return fold(x + eps * changes)


class _Batch(NamedTuple):
    x: Float[Tensor, "b *x_shape"]
    w: Float[Tensor, "b m"]
    noise: Generator


class _Member(NamedTuple):
    """One model of a side: an encoder that stays, and a copy whose decoder is trained."""

    encoder: Any
    decoder: Any
    trained: dict[str, nn.Parameter]

    @classmethod
    def of(cls, model: Any, device: torch.device) -> "_Member":
        # Two copies: the encoder stays what it was when the models were ranked, whatever the decoder becomes.
        encoder, decoder = (copy.deepcopy(model).to(device).float().eval() for _ in range(2))
        encoder.requires_grad_(False)
        return cls(encoder, decoder, _decoder_parameters(decoder, device))

    def output(self, x: Tensor, noise: Generator, samples: int) -> Tensor:
        """Decode so many samples of every row's posterior, ``(samples · b, *x_shape)``."""
        with torch.no_grad():
            posterior = self.encoder.encode(x)
            z = torch.cat([posterior.sample(noise) for _ in range(samples)])
        output: Tensor = self.decoder.decoder_output(z)
        return output

    def loss(self, output: Tensor, target: Tensor, kind: Loss) -> Tensor:
        """Mean over rows of the loss summed over values."""
        likelihood = self.decoder.likelihood
        if kind == "squared":
            squares: Tensor = (likelihood.mean(output) - target).square().flatten(1).sum(1).mean()
            return squares
        nll: Tensor = likelihood.nll(output, target).mean()
        return nll


def _decoder_parameters(model: Any, device: torch.device) -> dict[str, nn.Parameter]:
    """The parameters that decoding depends on; all others are frozen."""
    named = {name: value for name, value in model.named_parameters() if value.requires_grad}
    with eval_mode(model, gradients=True):
        total = decode_batch(model, torch.zeros(1, *model.latent_shape, device=device)).sum()
        found = torch.autograd.grad(total, list(named.values()), allow_unused=True)
    reached = {name: value for (name, value), own in zip(named.items(), found, strict=True) if own is not None}
    for name, value in model.named_parameters():
        value.requires_grad_(name in reached)
    return reached


def _adam(parameters: list[nn.Parameter], lr: float) -> torch.optim.Adam:
    return torch.optim.Adam(parameters, lr=lr, betas=(0.9, 0.999), eps=1e-7)


def perturb_rows(
    network: nn.Module, x: Float[Tensor, "n *x_shape"], w: Float[Tensor, "n m"], eps: float, device: torch.device
) -> np.ndarray:
    """Return changed rows as float32 on the CPU, for storing."""
    with torch.no_grad():
        found: np.ndarray = manipulate(network, x.to(device), w.to(device), eps).cpu().numpy()
    return found
