"""The models of chapter 4: which data set each is trained on, by which method, and for how long."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from latentassay import models, objectives
from latentassay.core.progress import track
from latentassay.data import FactorData
from latentassay.data.pairs import laplace_walks
from latentassay.data.perturbed import PerturbedStore
from latentassay.models.features import Features
from latentassay.papers import pool
from latentassay.papers.experiment import Options, pick_scale
from latentassay.papers.grids import run_folder
from latentassay.papers.pool import one_torch_thread
from latentassay.papers.runs import TrainingPlan, train_or_load
from latentassay.papers.thesis.perturbed.originals import draw_sprites
from latentassay.papers.thesis.perturbed.scales import SCALES, PerturbedScale, choose_device
from latentassay.perturbation import load_perturbed
from latentassay.training import fit, load_run
from latentassay.training.checkpoint import MANIFEST, read_manifest

Variant = Literal["original", "modified", "noise"]
"""dSprites as they are, moved by the manipulation, and moved by noise as large."""

VARIANTS: tuple[Variant, ...] = ("original", "modified", "noise")

WORTH_A_PROCESS = 1000
"""Steps from which on a training is worth a process of its own."""

LATENTS = 5
"""As many as there are factors that vary, as in the text."""


class PerturbedConfiguration(NamedTuple):
    """One model.

    Attributes:
        scale: how much is trained.
        folder: where data sets and all runs are kept.
        method: what it is trained by: AE, β-VAE, TC-VAE or PCL.
        data: which variant of dSprites it is trained on.
        seed: fixes weights, batches and noise.
    """

    scale: str
    folder: Path
    method: str
    data: Variant
    seed: int

    @property
    def run_folder(self) -> Path:
        """The folder of its run."""
        return run_folder(self.folder, self.scale, f"{self.method}-{self.data}-seed{self.seed}")


def list_configurations(options: Options) -> list[PerturbedConfiguration]:
    """Return every model of the table, the first seed of all before the second of any.

    Raises:
        InputError: an unknown scale, or no seeds.
    """
    chosen = pick_scale(SCALES, options.scale)
    return [
        PerturbedConfiguration(options.scale, options.folder, method, data, seed)
        for seed in range(options.count_seeds(chosen.seeds))
        for method in chosen.methods
        for data in VARIANTS
    ]


def list_pool(scale: str, folder: Path) -> list[PerturbedConfiguration]:
    """Return the β-VAEs among which the most and the least disentangled are sought."""
    seeds = range(pick_scale(SCALES, scale).pool)
    return [PerturbedConfiguration(scale, folder, "β-VAE", "original", seed) for seed in seeds]


def load_data(configuration: PerturbedConfiguration) -> FactorData:
    """Return the data that a model is trained on, which must be there."""
    if configuration.data == "original":
        return draw_sprites(configuration.scale, configuration.folder)
    return load_perturbed(configuration.run_folder.parent / configuration.data)


def train(configuration: PerturbedConfiguration) -> Any:
    """Train a model, or take it from its folder."""
    scale = pick_scale(SCALES, configuration.scale)
    if configuration.method == "PCL":
        return _train_features(configuration, scale)
    data = load_data(configuration)
    plan = TrainingPlan(
        data=_identify(data),
        model=scale.model.replace("vae", "ae") if configuration.method == "AE" else scale.model,
        hidden=scale.hidden,
        latents=LATENTS,
        trains=objectives.spec(_build_objective(configuration.method, scale, len(data))),
        steps=scale.steps,
        batch_size=64,
        lr=scale.lr,
        seed=configuration.seed,
    )
    return train_or_load(plan, configuration.run_folder, lambda: data, device=choose_device(configuration.scale)).model


def train_missing(configurations: Sequence[PerturbedConfiguration]) -> None:
    """Train what is not trained yet, a process for each; in this one where a process costs more than a training."""
    missing = [one for one in configurations if not is_trained(one)]
    if missing and pick_scale(SCALES, missing[0].scale).steps >= WORTH_A_PROCESS:
        pool.run_each(train, missing, "models")
        return
    with one_torch_thread():
        for one in track(missing, "models"):
            train(one)


def is_trained(configuration: PerturbedConfiguration) -> bool:
    """Whether nothing is left to train."""
    folder, steps = configuration.run_folder, pick_scale(SCALES, configuration.scale).steps
    return (folder / MANIFEST).exists() and read_manifest(folder).step >= steps


def _build_objective(method: str, scale: PerturbedScale, n: int) -> Any:
    """Return the objective with table 4.1's weights, all KL terms times ``scale.weight``."""
    builders: dict[str, Callable[[], Any]] = {
        "AE": objectives.AE,
        "β-VAE": lambda: objectives.BetaVAE(8 * scale.weight),
        "TC-VAE": lambda: objectives.BetaTCVAE(6 * scale.weight, n, alpha=scale.weight, gamma=scale.weight),
    }
    return builders[method]()


def _train_features(configuration: PerturbedConfiguration, scale: PerturbedScale) -> Any:
    data = load_data(configuration)
    options = {"hidden": scale.hidden} if scale.hidden else {}
    body = models.build(
        scale.model.replace("vae", "ae"), x_shape=data.x_shape, latents=LATENTS, seed=configuration.seed, **options
    )
    model = Features(body.encoder, x_shape=data.x_shape, latents=LATENTS)  # type: ignore[arg-type]
    if is_trained(configuration):
        return load_run(configuration.run_folder, model=model).model
    walks = laplace_walks(data, len(data), fixed=("shape",), generator=configuration.seed)
    run = fit(
        model,
        objectives.PCL(),
        walks,
        steps=scale.steps,
        batch_size=64,
        lr=scale.lr,
        seed=configuration.seed,
        out=configuration.run_folder,
        resume=True,
        device=choose_device(configuration.scale),
    )
    if run.interrupted:
        raise KeyboardInterrupt
    return model.eval()


def _identify(data: FactorData) -> str:
    """Return a name of a data set that no other one has."""
    if isinstance(data.store, PerturbedStore):
        return f"{data.name}, sha256 {data.store.manifest.files['images.npy'].sha256}"
    return data.name
