"""What is measured of the models of SA: disentanglement, quality of samples, and the order of their variables."""

import warnings
from functools import cache
from typing import Any

import numpy as np
from torch import Generator, nn

from latentassay.core.errors import InputError
from latentassay.data import FactorData
from latentassay.evaluation.fidelity import fidelity
from latentassay.features import DEFAULT, EfficientNetLite0
from latentassay.metrics import score
from latentassay.metrics.quality.samples import FewRowsWarning
from latentassay.papers.experiment import pick_scale
from latentassay.papers.runs import Scores, Settings, has_scores, measure_once
from latentassay.papers.structure.configurations import SCALES, ArchitectureConfiguration, draw_shapes, train
from latentassay.responses import Hierarchy, hierarchy
from latentassay.sampling import draw, encode
from latentassay.training.trainer import pick_device

DCI = "DCI"
"""Disentanglement of DCI."""

MIG = "MIG"
"""Mutual information gap."""

IRS = "IRS"
"""Interventional robustness score."""

MOD = "Mod"
"""Modularity."""

EXP = "Exp"
"""Explicitness."""

COLUMNS = {
    "dci": DCI,
    "mig": MIG,
    "irs": IRS,
    "modularity": MOD,
    "explicitness": EXP,
    "completeness": "DCI-c",
    "informativeness": "DCI-i",
    "sap": "SAP",
    "factor_vae": "FactorVAE",
    "beta_vae": "β-VAE",
}
"""Name of a score in ``metrics.score`` → column; the first five are the paper's."""

METRIC_NAMES = [name for name in COLUMNS if name not in ("completeness", "informativeness")]
"""What ``metrics.score`` computes; DCI brings the two others."""

LINEAR = "earlier is less linear"
"""Rank correlation of a variable's place with how linear what it changes is."""

CONTEXT = "earlier depends on others"
"""Rank correlation of its place with how little its effect depends on the others."""

PLACES = "earlier reaches farther"
"""Rank correlation of its place with how little of the picture it reaches."""

ACTIVE = "active variables"
"""Number of variables that anything answers to."""

ORDER = (LINEAR, CONTEXT, PLACES, ACTIVE)
"""Columns of the order of variables."""

BCE = "BCE"
"""Cross entropy of reconstructions, nats for each picture."""

MSE = "MSE × 1000"
"""Squared error of reconstructions, mean over values."""

KINDS = ("reconstruction", "hybrid", "prior", "real")
"""Pictures that are compared with unseen ones."""


def measure_all(configuration: ArchitectureConfiguration) -> None:
    """Train a model and measure it; everything is kept in its folder."""
    measure_disentanglement(configuration)
    measure_order(configuration)
    measure_pictures(configuration)


def is_measured(configuration: ArchitectureConfiguration) -> bool:
    """Whether the folder of a model holds everything that ``measure_all`` leaves there."""
    return has_scores(configuration.run_folder, ("disentanglement", "order", "quality"))


def list_variables(configuration: ArchitectureConfiguration) -> tuple[tuple[int, ...], ...]:
    """Return what is drawn as one in hybrids: the segments of structural and ladder models, else single latents."""
    groups: tuple[tuple[int, ...], ...] = train(configuration).model.variables
    return groups


def measure_disentanglement(configuration: ArchitectureConfiguration) -> Scores:
    """Return every score of posterior means of unseen rows, latent by latent (SA table 1)."""
    run, chosen = train(configuration), pick_scale(SCALES, configuration.scale)

    def measure() -> Scores:
        test = take_unseen(configuration, chosen.codes)
        means = encode(run.model, test).mean.double().numpy()
        metrics: dict[str, dict[str, Any]] = {name: {} for name in METRIC_NAMES}
        metrics |= {name: {"bias": "kept"} for name in ("mig", "irs", "sap")}  # as published
        metrics["dci"] = {"predictor": chosen.predictor}
        panel = score(means, test.factors, metrics=metrics, seed=configuration.seed)
        return {COLUMNS[found.name.partition("[")[0]]: found.value for found in panel}

    settings: Settings = {"codes": chosen.codes, "predictor": chosen.predictor}
    return measure_once(run.path, "disentanglement", settings, measure)


def measure_order(configuration: ArchitectureConfiguration) -> Scores:
    """Return how far the variables of one model are ordered, and the parts that this is read off (SA 4.1)."""
    run, chosen = train(configuration), pick_scale(SCALES, configuration.scale)

    def measure() -> Scores:
        found = measure_hierarchy(configuration)
        ordered = {LINEAR: found.score, CONTEXT: found.context.score, PLACES: found.extent.score}
        scores: Scores = {name: value for name, value in ordered.items() if value is not None}
        for unit in found.active:
            each = {"linear": found.linear, "context free": found.context_free, "places": found.places}
            scores |= {f"{name} {unit}": float(values[unit]) for name, values in each.items()}
            scores[f"size {unit}"] = float(found.size[unit])
        return scores | {ACTIVE: float(len(found.active))}

    return measure_once(run.path, "order", {"hybrids": chosen.hybrids}, measure)


def measure_hierarchy(configuration: ArchitectureConfiguration) -> Hierarchy:
    """Return the hierarchy of one model, from hybrids of codes of unseen pictures."""
    generator, chosen = Generator().manual_seed(configuration.seed), pick_scale(SCALES, configuration.scale)
    model, units = train(configuration).model, list_variables(configuration)
    rows = take_unseen(configuration, chosen.codes)
    z = draw(model, rows, chosen.hybrids, how="hybrid", units=units, generator=generator)
    return hierarchy(model, z, units=units, generator=generator)


def measure_pictures(configuration: ArchitectureConfiguration) -> Scores:
    """Return errors of reconstructions, and how far they, hybrids and prior samples are from unseen pictures."""
    run, chosen = train(configuration), pick_scale(SCALES, configuration.scale)

    def measure() -> Scores:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FewRowsWarning)  # at scale smoke alone
            found = fidelity(
                run.model,
                draw_shapes(configuration.scale, configuration.folder).test,
                n=chosen.images,
                kinds=KINDS,
                stored=draw_shapes(configuration.scale, configuration.folder).train,
                extractor=_load_extractor(),
                resamples=0,
                generator=Generator().manual_seed(0),
            )
        if found.bce is None:
            raise InputError("the cross entropy of pictures was not measured")
        scores: Scores = {BCE: found.bce, MSE: 1000 * found.mse}
        for kind, distances in found.distances.items():
            scores |= {name_frechet(kind): distances.frechet.score, name_kernel(kind): 1000 * distances.kernel.score}
        return scores

    return measure_once(run.path, "quality", {"images": chosen.images, "features": DEFAULT}, measure)


def name_frechet(kind: str) -> str:
    """Return the name of a Fréchet distance."""
    return f"FD, {kind}"


def name_kernel(kind: str) -> str:
    """Return the name of a kernel distance."""
    return f"KID × 1000, {kind}"


@cache
def _load_extractor() -> nn.Module:
    """Return the extractor of features, on a GPU where there is one."""
    return EfficientNetLite0().to(pick_device("auto"))


def take_unseen(configuration: ArchitectureConfiguration, rows: int) -> FactorData:
    """Return the same unseen pictures for every model."""
    test = draw_shapes(configuration.scale, configuration.folder).test
    return test.take(np.sort(np.random.default_rng(0).permutation(len(test))[:rows]))
