"""Controls: uniform noise as large as the changes, and the same data set made again from its manifest."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from latentassay.core.checks import check_seed
from latentassay.core.errors import FileError, InputError
from latentassay.data import FactorData
from latentassay.data.perturbed import load_perturbed
from latentassay.data.perturbed_manifest import ParentData, PerturbationPlan, PerturbationTraining, read_manifest
from latentassay.perturbation import folder as kept
from latentassay.perturbation.dataset import perturb, to_stored, versions
from latentassay.perturbation.network import reflect
from latentassay.perturbation.source import check_eps, ensembles_of, parent_of, row_blocks


def uniform_noise(data: Any, *, out: str | Path, eps: Any = 0.1, seed: int = 0) -> FactorData:
    """Move every value by noise of its own: ``x' = reflect(x + u)``, u uniform in [−ε, ε] for every value of every row.

    The control of ``perturb``: as large, without structure. Written, rounded and loaded in the same way. The text does
    not say how noise is kept in [0, 1]; here it is folded back as the manipulation is. So the mean of black pixels
    rises by ε / 2.

    Args:
        data: a ``FactorData`` with values in [0, 1], or bytes.
        out: the folder of the result; empty, or one of this very noise.
        eps: greatest change of a value.
        seed: fixes the noise of every row.

    Raises:
        InputError: ε outside (0, 1); no factors; values outside [0, 1]; a folder that holds something else.
        FileError: the folder is damaged or cannot be written.

    Source: "VAEs and principal components", 4.3.3.

    >>> import tempfile
    >>> from latentassay import data
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     uniform_noise(data.load("digits").take(np.arange(9)), out=folder).store.notes
    ('digits with every value moved by uniform noise, by 0.1 at most, seed 0',)
    """
    eps = check_eps(eps)
    check_seed(seed)
    folder, parent = Path(out).expanduser(), parent_of(data)
    plan = PerturbationPlan(kind="noise", eps=eps, seed=seed, parent=parent, training=None, versions=versions())
    manifest = kept.begin(folder, plan)
    if not manifest.is_done:
        kept.finish(folder, manifest, data.factors, _noisy(data, plan), None)
    return load_perturbed(folder)


def remake(
    path: str | Path,
    data: Any,
    *,
    out: str | Path,
    entangled: Sequence[Any] = (),
    disentangled: Sequence[Any] = (),
) -> FactorData:
    """Make a perturbed data set again from its manifest, and check that every byte is the same.

    Args:
        path: the folder of the data set; only its manifest is read.
        data: its parent.
        out: another folder for the result.
        entangled: the models it was trained with, in the same order; none for noise.
        disentangled: likewise.

    Raises:
        InputError: another parent, or other models, than the manifest names; whatever ``perturb`` refuses.
        FileError: the manifest is damaged or not finished, or the result differs, as it may with other versions or on
            another machine.
    """
    manifest = read_manifest(Path(path))
    plan, training, parent = manifest.plan, manifest.plan.training, parent_of(data)
    _refuse_other_parent(plan.parent, parent)
    where: dict[str, Any] = {"out": out, "eps": plan.eps, "seed": plan.seed}
    if training is None:
        result = uniform_noise(data, **where)
    else:
        _refuse_other_models(training, ensembles_of(entangled, disentangled, parent.x_shape))
        options = training.model_dump(exclude={"entangled", "disentangled", "threads"})
        result = perturb(data, entangled=entangled, disentangled=disentangled, **where, **options)
    if result.store.manifest.files != manifest.files:  # type: ignore[attr-defined]
        versions_then = ", ".join(f"{name} {version}" for name, version in plan.versions.items())
        cause = f"its bytes differ from those of {path}, which was made with {versions_then}"
        raise FileError(Path(out), cause, "Make it with these versions and on the same kind of machine.")
    return result


def _refuse_other_parent(wanted: ParentData, found: ParentData) -> None:
    if found != wanted:
        raise InputError(
            f"the manifest is of {wanted.name} (sha256 {wanted.sha256[:8]}…), got {found.name} "
            f"({found.sha256[:8]}…); load the data set it was made from"
        )


def _refuse_other_models(training: PerturbationTraining, sums: tuple[list[str], list[str]]) -> None:
    if sums != (training.entangled, training.disentangled):
        entangled, disentangled = (
            ", ".join(each[:8] for each in side) for side in (training.entangled, training.disentangled)
        )
        raise InputError(
            "the models are not those of the manifest, or in another order; it names the sha256 of their weights: "
            f"{entangled} as entangled, {disentangled} as disentangled"
        )


def _noisy(data: FactorData, plan: PerturbationPlan) -> Iterator[np.ndarray]:
    for number, rows in enumerate(row_blocks(len(data))):
        x = data.batch(rows)
        noise = np.random.default_rng((plan.seed, number)).uniform(-plan.eps, plan.eps, tuple(x.shape))
        yield to_stored(data, rows, reflect(x + torch.from_numpy(noise.astype(np.float32))).numpy(), plan.eps)
