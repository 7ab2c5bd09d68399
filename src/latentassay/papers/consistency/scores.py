"""What is measured of the models of IC: consistency, sparsity, independence, and the quality of their pictures."""

import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from latentassay.core.autoencoder import HasCauses
from latentassay.features import embed
from latentassay.metrics import independence
from latentassay.metrics.quality.frechet import frechet_distance
from latentassay.metrics.quality.kernel import kernel_distance
from latentassay.metrics.quality.samples import FewRowsWarning
from latentassay.papers.consistency.configurations import SCALES, GridConfiguration, GridScale, load_digits, train
from latentassay.papers.digits import grey_digits
from latentassay.papers.experiment import pick_scale
from latentassay.papers.runs import Scores, Settings, has_scores, measure_once
from latentassay.responses import equivariance, invariance, self_consistency
from latentassay.sampling import decode, draw, encode, uniform
from latentassay.training import Classifier, train_classifier

SAMPLERS = ("posterior", "hybrid", "uniform", "prior")
"""Ways to draw latents; the last of VAEs alone."""

KINDS = ("reconstructions", "samples", "traversals")
"""Pictures that are compared with test rows."""

PAPER = "paper’s scale"
"""Behind the names of scores that are distances, divided as the paper divides them."""

AUTHORS = "authors’ average"
"""Behind those that are averaged as the authors' code does besides: INV off the diagonal, SCN within [0, 1]."""

INV = "INV"
"""Invariance, mean over pairs of units that are not collapsed."""

INV_ALL = "INV, all entries"
"""Invariance, mean over all pairs."""

COLLAPSED = "collapsed units"
"""Number of units that do not answer to interventions."""

EQV = "EQV"
"""Equivariance of the causal block."""

FIGURE_28 = "SCN, prior of VAEs, posterior of others"
"""Self-consistency of what figure 28 samples."""

SPARSE = "sparsity"
"""Share of possible edges whose gate is below ½."""

MMD = "dependence of latents (MMD² × 1000)"
"""Between posterior samples and the same with every unit shuffled."""

P_VALUE = "p of independence"
"""Of the hypothesis that the units are independent."""

ERROR = "squared error per pixel × 1000"
"""Of reconstructions."""


def measure_all(configuration: GridConfiguration) -> None:
    """Train a model and measure it; everything is kept in its folder."""
    measure_consistency(configuration)
    measure_pictures(configuration)


def is_measured(configuration: GridConfiguration) -> bool:
    """Whether the folder of a model holds everything that ``measure_all`` leaves there."""
    return has_scores(configuration.run_folder, ("consistency", "quality"))


def all_scores(configuration: GridConfiguration) -> Scores:
    """Return every score of a model, measured before or now."""
    return measure_consistency(configuration) | measure_pictures(configuration)


def choose_base(configuration: GridConfiguration) -> str:
    """Return whence latents are drawn that stand for the model's own: its prior, or codes without one (IC A.4.3)."""
    return "prior" if configuration.family == "vae" else "posterior"


def measure_consistency(configuration: GridConfiguration) -> Scores:
    """Return INV with its matrix, EQV, SCN under every sampler, sparsity, and the dependence between latents."""
    run, scale = train(configuration), pick_scale(SCALES, configuration.scale)

    def measure() -> Scores:
        test, model = load_digits(configuration).test, run.model
        z = {
            how: draw(model, test, scale.rows, how=how, generator=_make_generator(configuration, how))
            for how in _list_samplers(configuration)
        }
        scores = _measure_invariance(configuration, model, z, scale)
        for how, latents in z.items():
            scores |= {f"SCN, {how}": self_consistency(model, latents).score_all}
            scores |= {f"SCN, {how}, {PAPER}": self_consistency(model, latents, scale="paper").score_all}
            clamped = self_consistency(model, latents, scale="paper", clamp=(0, 1))
            scores |= {f"SCN, {how}, {AUTHORS}": clamped.score_all}
        scores[FIGURE_28] = scores[f"SCN, {choose_base(configuration)}"]
        generator = _make_generator(configuration, "codes")
        codes = draw(model, test, min(1000, len(test)), how="posterior", generator=generator)
        found = independence(codes, generator=_make_generator(configuration, "independence"))
        return scores | {MMD: 1000 * found.value, P_VALUE: found.p_value}

    settings: Settings = {"rows": scale.rows, "values": scale.values, "base": choose_base(configuration)}
    return measure_once(run.path, "consistency", settings, measure)


def _list_samplers(configuration: GridConfiguration) -> tuple[str, ...]:
    return SAMPLERS if configuration.family == "vae" else SAMPLERS[:3]


def _measure_invariance(configuration: GridConfiguration, model: Any, z: dict[str, Tensor], scale: GridScale) -> Scores:
    def ask(score: Callable[..., Any], question: str, **options: str) -> Any:
        generator = _make_generator(configuration, question)
        return score(model, latents, values=scale.values, donors=z["posterior"], generator=generator, **options)

    latents = z[choose_base(configuration)]
    found, printed, averaged = (
        ask(invariance, "invariance", **options)
        for options in ({}, {"scale": "paper"}, {"scale": "paper", "entries": "off-diagonal"})
    )
    scores = {INV_ALL: found.score_all, COLLAPSED: float(len(found.collapsed))}
    scores |= {f"{INV}, {PAPER}": printed.score_all, f"{INV}, {AUTHORS}": averaged.score_all}
    if found.score is not None:
        scores[INV] = found.score
    scores |= {f"INV {m},{i}": float(value) for (m, i), value in np.ndenumerate(found.matrix.numpy())}
    if isinstance(model, HasCauses):
        scores |= _read_gates(model)
        scores[f"{EQV}, {PAPER}"] = ask(equivariance, "equivariance", scale="paper").score_all
        if (equal := ask(equivariance, "equivariance")).score is not None:
            scores[EQV] = equal.score
    return scores


def _read_gates(model: HasCauses) -> Scores:
    gates = model.adjacency()
    possible = gates[torch.triu(torch.ones_like(gates, dtype=torch.bool), 1)]
    return {SPARSE: float((possible < 0.5).double().mean())}


def measure_pictures(configuration: GridConfiguration) -> Scores:
    """Return the error of reconstructions, and how far they, samples and traversals are from test rows (figure 5a)."""
    run, scale = train(configuration), pick_scale(SCALES, configuration.scale)

    def measure() -> Scores:
        digits, model = load_digits(configuration), run.model
        classifier = _train_extractor(scale.data, configuration.files)
        rows = np.random.default_rng(0).permutation(len(digits.test))
        real, x = rows[: scale.images], digits.test.batch(rows[-scale.images :])
        pictures = _decode_kinds(configuration, model, x)
        scores = {ERROR: 1000 * float((pictures["reconstructions"] - x).square().mean())}
        features = embed(digits.test, classifier, rows=real)
        for kind, images in pictures.items():
            theirs = embed(images, classifier)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FewRowsWarning)  # at scale smoke alone
                scores[f"FD, {kind}"] = frechet_distance(features, theirs).score
            distance = kernel_distance(features, theirs, generator=configuration.seed)
            scores[f"KID × 1000, {kind}"] = 1000 * distance.score
        return scores

    settings: Settings = {"images": scale.images, "features": "classifier of digits"}
    return measure_once(run.path, "quality", settings, measure)


def _decode_kinds(configuration: GridConfiguration, model: Any, x: Tensor) -> dict[str, Tensor]:
    """Return pictures of every kind, as many as there are rows in ``x``."""
    how, n = "prior" if configuration.family == "vae" else "hybrid", len(x)
    codes = draw(model, x, n, how="posterior", generator=_make_generator(configuration, "posterior"))
    sampled = draw(model, x, n, how=how, generator=_make_generator(configuration, "samples"))
    traversed = _move_one_unit(configuration, codes)
    latents = {"reconstructions": encode(model, x).mean, "samples": sampled, "traversals": traversed}
    return {kind: decode(model, z) for kind, z in latents.items()}


def _move_one_unit(configuration: GridConfiguration, codes: Tensor) -> Tensor:
    """Return codes of which one unit each was moved to somewhere between its extremes."""
    generator = _make_generator(configuration, "traversals")
    moved = uniform(codes, len(codes), generator=generator)
    unit = torch.randint(codes.shape[1], (len(codes), 1), generator=generator)
    return codes.scatter(1, unit, moved.gather(1, unit))


@cache
def _train_extractor(name: str, folder: Path | None) -> Classifier:
    """Return the classifier whose features Fréchet and kernel distances compare."""
    return train_classifier(grey_digits(name, folder).train, steps=600, seed=0, device="cpu")


def _make_generator(configuration: GridConfiguration, question: str) -> Generator:
    """Return a generator of its own for each question to a model, so that no answer depends on the others' draws."""
    letters = sum(ord(letter) * 31**k for k, letter in enumerate(question))
    return Generator().manual_seed((configuration.seed + letters) % 2**31)
