"""``perturb``: a data set with the same factors whose values are moved by ε at most, against disentangled VAEs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from latentassay._version import __version__
from latentassay.core.checks import check_counts, check_positive, check_seed
from latentassay.core.errors import FileError, InputError
from latentassay.core.locks import sole_writer
from latentassay.core.progress import bar
from latentassay.data import FactorData
from latentassay.data.perturbed import load_perturbed
from latentassay.data.perturbed_folder import FIX, MANIFEST
from latentassay.data.perturbed_manifest import PerturbationPlan, PerturbationTraining, PerturbedManifest, read_manifest
from latentassay.perturbation import folder as kept
from latentassay.perturbation.game import Game, Rules, perturb_rows
from latentassay.perturbation.network import Manipulation, choose_kind, scale_factors
from latentassay.perturbation.rounding import round_to_bytes, round_to_floats
from latentassay.perturbation.source import check_eps, ensembles_of, parent_of, row_blocks
from latentassay.training.interrupt import catch_interrupt
from latentassay.training.source import open_source
from latentassay.training.trainer import pick_device


def perturb(
    data: Any,
    *,
    entangled: Sequence[Any],
    disentangled: Sequence[Any],
    out: str | Path,
    eps: Any = 0.1,
    steps: int = 10_000,
    batch_size: int = 64,
    lr: float | int = 1e-4,
    decoder_steps: int = 3,
    samples: int = 5,
    loss: Any = "likelihood",
    network: str = "auto",
    seed: int = 0,
    device: Any = "auto",
    checkpoint_every: int = 200,
    progress: bool = True,
) -> FactorData:
    """Move every value of a data set by ε at most, so that entangled VAEs rebuild it better than disentangled ones.

    ``x' = reflect(x + ε m_ψ(w))``, w the generating factors, which stay as they are. The manipulation m descends
    ``L_ent − L_dis``, and the decoders of both sides their own L, the loss of rebuilding x', with z from encoders that
    are frozen and see the unchanged x (``Game``). What is written is a data set like any other, in ``out``:
    ``load_perturbed(out)`` and ``data.load(out)`` read it again. Values are kept as the parent's are, as bytes or
    float32, rounded so that ``‖x' − x‖∞ ≤ ε`` and ``0 ≤ x' ≤ 1`` hold for what is read back.

    It may be stopped at any moment: the same call goes on, and ends with the same bytes, on the same kind of device
    and with the same versions (both are refused otherwise; the number of threads is kept). Models and data are not
    changed. A finished folder is read, not made again.

    Args:
        data: a ``FactorData`` with values in [0, 1], or bytes.
        entangled: VAEs of one latent shape whose alignment the new data shall suit; four in the text.
        disentangled: those whose alignment they shall not suit, see ``most_and_least``.
        out: the folder of the result; empty, or one of this very perturbation.
        eps: greatest change of a value; the text's are 0.1 for dSprites and 0.175 for 3D Shapes.
        steps: steps of the manipulation; the text does not say how many.
        batch_size: rows in a batch.
        lr: rate of Adam for the manipulation and for the decoders (β₁ = 0.9, β₂ = 0.999, ε = 1e-7).
        decoder_steps: steps of the decoders before each of the manipulation.
        samples: latent samples of every row.
        loss: L, ``"likelihood"`` for the models' own −log p(x'|z), the reconstruction loss of the text, or
            ``"squared"``, as its figure 4.2 has it. Through the sigmoid of a Bernoulli decoder that has learned black,
            squares have next to no gradient: decoders follow late, and the manipulation gains by brightening all
            pictures alike.
        network: the manipulation's decoder, one of ``network.KINDS``; ``"auto"`` takes one that fits.
        seed: fixes the network's first weights, batches and noise.
        device: ``"auto"`` takes a GPU that torch can use; only on the CPU are results the same bit for bit.
        checkpoint_every: steps between checkpoints.
        progress: show a bar when someone looks.

    Raises:
        InputError: ε outside (0, 1); no factors; values outside [0, 1]; a side without models, a model that is there
            twice, or models of another x_shape or of several latent shapes; a count that is not positive; a folder that
            holds another perturbation or other files.
        ContractError: models that are no VAEs of torch.
        TrainingError: losses or weights became NaN or infinite.
        FileError: the folder is damaged or cannot be written.
        KeyboardInterrupt: Ctrl-C came; what was done is kept.

    Source: "VAEs and principal components", chapter 4, above all 4.2.4, 4.3.1 and figure 4.2.

    >>> import tempfile
    >>> from latentassay import data, models
    >>> digits = data.load("digits").take(np.arange(20))
    >>> a, b = (models.build("vae-mlp", x_shape=(1, 8, 8), latents=2, hidden=(8,), seed=s) for s in (0, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     moved = perturb(digits, entangled=[a], disentangled=[b], out=folder, steps=2, batch_size=8)
    ...     moved.name, float((moved.batch([0, 1]) - digits.batch([0, 1])).abs().max()) <= 0.1
    ('digits, perturbed', True)
    """
    eps, kind = check_eps(eps), pick_device(device).type
    check_counts(
        steps=steps,
        batch_size=batch_size,
        decoder_steps=decoder_steps,
        samples=samples,
        checkpoint_every=checkpoint_every,
    )
    check_positive(lr=lr)
    check_seed(seed)
    if loss not in ("likelihood", "squared"):
        raise InputError(f"loss must be 'likelihood' or 'squared', got {loss!r}")
    folder, parent = Path(out).expanduser(), parent_of(data)
    sums = ensembles_of(entangled, disentangled, parent.x_shape)
    training = PerturbationTraining(
        steps=steps,
        batch_size=batch_size,
        lr=float(lr),
        decoder_steps=decoder_steps,
        samples=samples,
        loss=loss,
        network=choose_kind(parent.x_shape) if network == "auto" else network,
        device=kind,
        threads=_threads(folder),
        entangled=sums[0],
        disentangled=sums[1],
    )
    plan = PerturbationPlan(
        kind="manipulation", eps=eps, seed=seed, parent=parent, training=training, versions=versions()
    )
    mover = Manipulation(len(parent.factor_names), parent.x_shape, training.network, seed=seed)
    manifest = kept.begin(folder, plan)
    if not manifest.is_done:
        # Sums over pixels depend on how they are split among threads, and with them every byte of the result.
        with sole_writer(folder, "Wait for it or end it, or choose another out=."), _with_threads(training.threads):
            game = _game(data, plan, mover, entangled, disentangled)
            manifest = _train(game, folder, manifest, checkpoint_every, visible=progress)
            _write(data, game, folder, manifest)
    return load_perturbed(folder)


def _write(data: FactorData, game: Game, folder: Path, manifest: PerturbedManifest) -> None:
    learned = game.network.state_dict() | {"losses": torch.stack(game.losses), "before": game.before}
    kept.finish(folder, manifest, data.factors, _perturbed_blocks(data, manifest.plan, game.network), learned)


def _game(data: FactorData, plan: PerturbationPlan, mover: Manipulation, entangled: Any, disentangled: Any) -> Game:
    training, where = _training(plan), torch.device(_training(plan).device)
    rules = Rules(eps=plan.eps, seed=plan.seed, **training.model_dump(include=set(Rules._fields)))
    draws = training.steps * (training.decoder_steps + 1) * training.batch_size
    source = open_source(data, mover, where, draws=draws)
    factors = scale_factors(data.factors, data.factor_sizes)
    return Game(mover, entangled, disentangled, source, factors, rules=rules, device=where)


def _train(game: Game, folder: Path, manifest: PerturbedManifest, every: int, *, visible: bool) -> PerturbedManifest:
    """Take the steps that are left, and keep the state."""
    if manifest.state is None:
        game.measure_before()
    else:
        _restore(game, folder, manifest)
    steps = _training(manifest.plan).steps
    with (
        catch_interrupt() as interrupt_came,
        bar(steps, "perturbing", unit="step", start=game.step, visible=visible) as line,
    ):
        while game.step < steps:
            game.take_step()
            line.update()
            stop = interrupt_came()
            if stop or game.step % every == 0 or game.step == steps:
                game.check_finite()
                manifest = kept.keep_state(folder, manifest, game.state(), game.step)
                now = dict(zip(("entangled", "disentangled"), game.losses[-1].tolist(), strict=True))
                line.update(0, **{name: f"{value:.4g}" for name, value in now.items()})
            if stop:
                raise KeyboardInterrupt
    return manifest


def _restore(game: Game, folder: Path, manifest: PerturbedManifest) -> None:
    step = manifest.state.step if manifest.state else 0
    try:
        game.restore(kept.read_state(folder, manifest), step)
    except (KeyError, RuntimeError) as error:
        raise FileError(folder, f"its state of step {step} is not that of these networks ({error})", FIX) from error


def _perturbed_blocks(data: FactorData, plan: PerturbationPlan, network: Manipulation) -> Iterator[np.ndarray]:
    """Render the perturbed rows block by block, as they are stored."""
    where, factors = torch.device(_training(plan).device), scale_factors(data.factors, data.factor_sizes)
    for rows in row_blocks(len(data)):
        wanted = perturb_rows(network, data.batch(rows), factors[rows], plan.eps, where)
        yield to_stored(data, rows, wanted, plan.eps)


def to_stored(data: FactorData, rows: np.ndarray, wanted: np.ndarray, eps: float) -> np.ndarray:
    """Return wanted values of some rows as they are stored, within ε of the parent's."""
    if data.store.dtype == np.uint8:
        return round_to_bytes(data.raw(rows).numpy(), wanted, eps)
    return round_to_floats(data.batch(rows).numpy(), wanted, eps)


class ManipulationRun(NamedTuple):
    """The network that ``perturb`` trained, and its losses.

    Attributes:
        network: the manipulation, in evaluation mode.
        losses: of the entangled and of the disentangled side, as every step met them, ``(steps, 2)``.
        before: the same on the unchanged data, before any step, ``(2,)``: mean over 16 batches.
    """

    network: Manipulation
    losses: Tensor
    before: Tensor


def manipulation(path: str | Path) -> ManipulationRun:
    """Return the manipulation network of a perturbed data set, and the losses of its training.

    Args:
        path: the folder that ``perturb`` wrote.

    Raises:
        FileError: no such folder, a damaged one, or one that is not finished.
        InputError: the data set was made with noise, which has no network.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    if manifest.plan.training is None:
        raise InputError(f"{folder} holds noise, which no network made; give the folder of a perturb()")
    if not manifest.is_done:
        raise FileError(folder, "the data set is not finished", "Call perturb again with the same arguments.")
    tensors = kept.read_network(folder, manifest)
    parent = manifest.plan.parent
    network = Manipulation(
        len(parent.factor_names), parent.x_shape, manifest.plan.training.network, seed=manifest.plan.seed
    )
    losses, before = tensors.pop("losses"), tensors.pop("before")
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise FileError(folder, f"its network is another ({error})", FIX) from error
    return ManipulationRun(network.eval(), losses, before)


def versions() -> dict[str, str]:
    """Versions that results depend on."""
    return {"latentassay": __version__, "torch": torch.__version__, "numpy": np.__version__}


def _training(plan: PerturbationPlan) -> PerturbationTraining:
    if plan.training is None:
        raise InputError("noise is not trained; call uniform_noise")
    return plan.training


def _threads(folder: Path) -> int:
    """Return on how many threads training runs: as it was begun, since sums depend on it."""
    if (folder / MANIFEST).exists() and (training := read_manifest(folder).plan.training) is not None:
        return training.threads
    return torch.get_num_threads()


@contextmanager
def _with_threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
