"""The models of chapter 4: what they are trained on, how, and at which scale."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from latentassay import models, objectives
from latentassay.core.progress import track
from latentassay.data import FactorData
from latentassay.data.dsprites import NAMES, SIZES, dsprites
from latentassay.data.formats import resize
from latentassay.data.pairs import laplace_walks
from latentassay.data.perturbed import PerturbedStore
from latentassay.data.rendered import cache_store
from latentassay.models.features import Features
from latentassay.papers.pool import each
from latentassay.papers.responses.helix import one_thread
from latentassay.papers.results import pick
from latentassay.papers.runs import Plan, trained
from latentassay.perturbation import load_perturbed, most_and_least, perturb, uniform_noise
from latentassay.training import fit, load_run
from latentassay.training.checkpoint import MANIFEST, read_manifest

Set = Literal["original", "modified", "noise"]
SETS: tuple[Set, ...] = ("original", "modified", "noise")
EPS = 0.1
WORTH_A_PROCESS = 1000
"""Steps."""

LATENTS = 5
"""As many as there are factors that vary, as in the text."""


class Scale(NamedTuple):
    """How much is trained.

    Attributes:
        side: side of the pictures, which are drawn with 64 and scaled down.
        every: of every factor, one value in so many is kept.
        model: a name that ``models.build`` knows, and ``hidden`` its layers.
        weight: what the text's weights of KL terms are multiplied by, for pictures of fewer pixels.
        steps: of every model.
        lr: rate of Adam for every model.
        pool: seeds of the β-VAE on the original data, of which ``ends`` are taken from either end.
        moves: steps of the manipulation, with batches of ``rows`` and the rate ``rate``.
        seeds: of every model on every data set, from 0 on.
        methods: which are trained.
    """

    side: int
    every: tuple[int, ...]
    model: str
    hidden: tuple[int, ...]
    weight: float
    steps: int
    lr: float
    pool: int
    ends: int
    moves: int
    rows: int
    rate: float
    seeds: int
    methods: tuple[str, ...]


SCALES = {
    "smoke": Scale(
        16, (1, 1, 2, 10, 8, 8), "vae-mlp", (64,), 0.125, 60, 1e-3, 2, 1, 20, 16, 1e-3, 1, ("β-VAE", "TC-VAE", "PCL")
    ),
    "laptop": Scale(
        16,
        (1, 1, 1, 4, 2, 2),
        "vae-mlp",
        (256, 256),
        0.125,
        6000,
        1e-3,
        8,
        2,
        1500,
        32,
        1e-4,
        3,
        ("β-VAE", "TC-VAE", "PCL"),
    ),
    "paper": Scale(
        64,
        (1, 1, 1, 1, 1, 1),
        "vae-conv-small",
        (),
        1.0,
        300_000,
        1e-4,
        10,
        4,
        100_000,
        64,
        1e-4,
        10,
        ("AE", "β-VAE", "TC-VAE", "PCL"),
    ),
}


class Cell(NamedTuple):
    """One model: what it is, on which data, and the folder in which all are kept."""

    scale: str
    folder: Path
    method: str
    data: Set
    seed: int

    @property
    def home(self) -> Path:
        """The folder of its run."""
        return _place(self.scale, self.folder) / f"{self.method}-{self.data}-seed{self.seed}"


def cells(scale: str, folder: Path, seeds: int) -> list[Cell]:
    """Return every cell of the table, the first seed of all before the second of any."""
    return [
        Cell(scale, folder, method, data, seed)
        for seed in range(seeds)
        for method in pick(SCALES, scale).methods
        for data in SETS
    ]


def pool(scale: str, folder: Path) -> list[Cell]:
    """Return the β-VAEs among which the ends are sought."""
    return [Cell(scale, folder, "β-VAE", "original", seed) for seed in range(pick(SCALES, scale).pool)]


def prepared(scale: str, folder: Path) -> dict[Set, FactorData]:
    """Return the three data sets; the pool is trained and the manipulation made, if they are not there."""
    place = _place(scale, folder)
    original(scale, folder)
    train_all(pool(scale, folder))
    chosen = pick(SCALES, scale)
    with one_thread():
        found = most_and_least(
            [train(cell) for cell in pool(scale, folder)], original(scale, folder), count=chosen.ends
        )
        modified = perturb(
            original(scale, folder),
            entangled=found.entangled,
            disentangled=found.disentangled,
            eps=EPS,
            out=place / "modified",
            steps=chosen.moves,
            batch_size=chosen.rows,
            lr=chosen.rate,
            device=device_of(scale),
        )
    return {
        "original": original(scale, folder),
        "modified": modified,
        "noise": uniform_noise(original(scale, folder), eps=EPS, out=place / "noise"),
    }


def data_of(cell: Cell) -> FactorData:
    """Return the data of a cell, which must be there."""
    if cell.data == "original":
        return original(cell.scale, cell.folder)
    return load_perturbed(_place(cell.scale, cell.folder) / cell.data)


def device_of(scale: str) -> str:
    """Where a scale's models train: networks this small gain nothing from a GPU below scale paper."""
    return "auto" if scale == "paper" else "cpu"


def train(cell: Cell) -> Any:
    """Train the model of a cell, or take it from its folder."""
    scale = pick(SCALES, cell.scale)
    if cell.method == "PCL":
        return _features(cell, scale)
    data = data_of(cell)
    plan = Plan(
        data=_told(data),
        model=scale.model.replace("vae", "ae") if cell.method == "AE" else scale.model,
        hidden=scale.hidden,
        latents=LATENTS,
        trains=objectives.spec(_objective(cell.method, scale, len(data))),
        steps=scale.steps,
        batch_size=64,
        lr=scale.lr,
        seed=cell.seed,
    )
    return trained(plan, cell.home, lambda: data, device=device_of(cell.scale)).model


def train_all(wanted: Sequence[Cell]) -> None:
    """Train what is not trained yet, a process for each; where a process costs more than a training, in this one."""
    missing = [cell for cell in wanted if not is_trained(cell)]
    if missing and pick(SCALES, missing[0].scale).steps >= WORTH_A_PROCESS:
        each(train, missing, "models")
        return
    with one_thread():
        for cell in track(missing, "models"):
            train(cell)


def is_trained(cell: Cell) -> bool:
    """Whether nothing is left to train."""
    return (cell.home / MANIFEST).exists() and read_manifest(cell.home).step >= pick(SCALES, cell.scale).steps


def _objective(method: str, scale: Scale, n: int) -> Any:
    """Table 4.1's weights, all KL terms times ``scale.weight``."""
    made: dict[str, Callable[[], Any]] = {
        "AE": objectives.AE,
        "β-VAE": lambda: objectives.BetaVAE(8 * scale.weight),
        "TC-VAE": lambda: objectives.BetaTCVAE(6 * scale.weight, n, alpha=scale.weight, gamma=scale.weight),
    }
    return made[method]()


def _features(cell: Cell, scale: Scale) -> Any:
    data = data_of(cell)
    options = {"hidden": scale.hidden} if scale.hidden else {}
    body = models.build(
        scale.model.replace("vae", "ae"), x_shape=data.x_shape, latents=LATENTS, seed=cell.seed, **options
    )
    model = Features(body.encoder, x_shape=data.x_shape, latents=LATENTS)  # type: ignore[arg-type]
    if is_trained(cell):
        return load_run(cell.home, model=model).model
    walks = laplace_walks(data, len(data), fixed=("shape",), generator=cell.seed)
    run = fit(
        model,
        objectives.PCL(),
        walks,
        steps=scale.steps,
        batch_size=64,
        lr=scale.lr,
        seed=cell.seed,
        out=cell.home,
        resume=True,
        device=device_of(cell.scale),
    )
    if run.interrupted:
        raise KeyboardInterrupt
    return model.eval()


def _told(data: FactorData) -> str:
    """Name a data set so that another one is told from it."""
    if isinstance(data.store, PerturbedStore):
        return f"{data.name}, sha256 {data.store.manifest.files['images.npy'].sha256}"
    return data.name


def _place(scale: str, folder: Path) -> Path:
    return folder / "runs" / scale


class _Scaled:
    """Pictures of dSprites, scaled down as they are asked for."""

    dtype = np.dtype(np.uint8)

    def __init__(self, rows: np.ndarray, side: int):
        self._full, self._rows, self._side = dsprites(), rows, side
        self.shape: tuple[int, ...] = (len(rows), side, side)

    def __getitem__(self, rows: Any, /) -> np.ndarray:
        pictures = np.asarray(self._full.store[self._rows[rows]])
        return pictures if self._side == 64 else resize(pictures, self._side)


@cache
def original(scale: str, folder: Path) -> FactorData:
    """Return dSprites on a grid of so many values and pixels, drawn once into ``folder``."""
    chosen = pick(SCALES, scale)
    kept = [np.arange(0, size, every) for size, every in zip(SIZES, chosen.every, strict=True)]
    codes = np.stack(np.meshgrid(*kept, indexing="ij"), -1).reshape(-1, len(SIZES))
    factors = np.indices([len(values) for values in kept]).reshape(len(SIZES), -1).T[:, 1:]
    rows = np.asarray(np.ravel_multi_index(tuple(codes.T), SIZES))
    pictures = cache_store(_Scaled(rows, chosen.side), _place(scale, folder) / f"dsprites-{chosen.side}.npy")
    return FactorData(pictures, factors, NAMES[1:], layout="hw", name=f"dsprites {chosen.side}×{chosen.side}")
