"""What is asked of the models of IC: how consistent they are, how sparse, how independent, how good their pictures."""

import warnings
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
from latentassay.papers.consistency.runs import SCALES, Cell, Digits, Scale, digits, train
from latentassay.papers.results import pick
from latentassay.papers.runs import Scores, Settings, measured
from latentassay.responses import Invariance, equivariance, invariance, self_consistency
from latentassay.sampling import decode, draw, encode, uniform
from latentassay.training import Classifier, train_classifier

SAMPLERS = ("posterior", "hybrid", "uniform", "prior")
INV, INV_ALL, COLLAPSED, EQV = "INV", "INV, all entries", "collapsed units", "EQV"
PAPER = "paper’s scale"
SPARSE, MMD, P_VALUE = "sparsity", "dependence of latents (MMD² × 1000)", "p of independence"
ERROR = "squared error per pixel × 1000"
KINDS = ("reconstructions", "samples", "traversals")


def measure(cell: Cell) -> None:
    """Train the model of a cell and measure it; everything is kept in its folder."""
    consistency(cell)
    pictures(cell)


def is_measured(cell: Cell) -> bool:
    """Whether the folder of a cell holds everything that ``measure`` leaves there."""
    return all((cell.home / f"{name}.json").exists() for name in ("consistency", "quality"))


def base(cell: Cell) -> str:
    """From where latents are drawn that stand for the model's own: its prior, or codes where it has none (IC A.4.3)."""
    return "prior" if cell.family == "vae" else "posterior"


def consistency(cell: Cell) -> Scores:
    """Return INV with its matrix, EQV, SCN under every sampler, sparsity, and the dependence between latents."""
    run, scale = train(cell), pick(SCALES, cell.scale)

    def ask() -> Scores:
        test, model = digits(scale.data, cell.data).test, run.model
        z = {how: draw(model, test, scale.rows, how=how, generator=_seeded(cell, how)) for how in _samplers(cell)}
        scores = _invariance(cell, model, z, scale)
        for how, latents in z.items():
            scores |= {f"SCN, {how}": self_consistency(model, latents).score_all}
            scores |= {f"SCN, {how}, {PAPER}": self_consistency(model, latents, scale="paper").score_all}
        codes = draw(model, test, min(1000, len(test)), how="posterior", generator=_seeded(cell, "codes"))
        found = independence(codes, generator=_seeded(cell, "independence"))
        return scores | {MMD: 1000 * found.value, P_VALUE: found.p_value}

    settings: Settings = {"rows": scale.rows, "values": scale.values, "base": base(cell)}
    return measured(run.path, "consistency", settings, ask)


def _samplers(cell: Cell) -> tuple[str, ...]:
    return SAMPLERS if cell.family == "vae" else SAMPLERS[:3]


def _invariance(cell: Cell, model: Any, z: dict[str, Tensor], scale: Scale) -> Scores:
    latents, donors = z[base(cell)], z["posterior"]
    found = invariance(model, latents, values=scale.values, donors=donors, generator=_seeded(cell, "invariance"))
    scores = {INV_ALL: found.score_all, COLLAPSED: float(len(found.collapsed))} | _in_papers_scale(found)
    if found.score is not None:
        scores[INV] = found.score
    scores |= {f"INV {m},{i}": float(value) for (m, i), value in np.ndenumerate(found.matrix.numpy())}
    if isinstance(model, HasCauses):
        scores |= _causes(model, latents, donors, scale, _seeded(cell, "equivariance"))
    return scores


def _causes(model: Any, latents: Tensor, donors: Tensor, scale: Scale, generator: Generator) -> Scores:
    equal = equivariance(model, latents, values=scale.values, donors=donors, generator=generator)
    gates = model.adjacency()
    possible = gates[torch.triu(torch.ones_like(gates, dtype=torch.bool), 1)]
    sparsity = {SPARSE: float((possible < 0.5).double().mean())}
    return sparsity if equal.score is None else {**sparsity, EQV: equal.score}


def _in_papers_scale(found: Invariance) -> Scores:
    """INV in the paper's scale, mean of all entries off the diagonal: e / σ_i where ours is e σ_m² / σ_i²."""
    sigma, off = found.sigma, ~torch.eye(len(found.sigma), dtype=torch.bool)
    error = (1 - found.matrix) * sigma[None, :] / sigma[:, None].square().clamp(min=1e-12)
    return {f"{INV}, {PAPER}": float(1 - error[off].mean())}


def pictures(cell: Cell) -> Scores:
    """Return the error of reconstructions, and how far they, samples and traversals are from test rows (figure 5a)."""
    run, scale = train(cell), pick(SCALES, cell.scale)

    def ask() -> Scores:
        both, model = digits(scale.data, cell.data), run.model
        judge = _judge(scale.data, cell.data)
        rows = np.random.default_rng(0).permutation(len(both.test))
        real, x = rows[: scale.images], both.test.batch(rows[-scale.images :])
        made = _made(cell, model, both, x, scale.images)
        scores = {ERROR: 1000 * float((made["reconstructions"] - x).square().mean())}
        features = embed(both.test, judge, rows=real)
        for kind, images in made.items():
            theirs = embed(images, judge)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FewRowsWarning)  # at scale smoke alone
                scores[f"FD, {kind}"] = frechet_distance(features, theirs).score
            scores[f"KID × 1000, {kind}"] = 1000 * kernel_distance(features, theirs, generator=cell.seed).score
        return scores

    return measured(run.path, "quality", {"images": scale.images, "features": "classifier of digits"}, ask)


def _made(cell: Cell, model: Any, both: Digits, x: Tensor, n: int) -> dict[str, Tensor]:
    codes = draw(model, x, n, how="posterior", generator=_seeded(cell, "posterior"))
    sampled = draw(model, x, n, how="prior" if cell.family == "vae" else "hybrid", generator=_seeded(cell, "samples"))
    latents = {"reconstructions": encode(model, x).mean, "samples": sampled, "traversals": _traversed(cell, codes)}
    return {kind: decode(model, z) for kind, z in latents.items()}


def _traversed(cell: Cell, codes: Tensor) -> Tensor:
    """Codes of which one unit each was moved to somewhere between its extremes."""
    generator = _seeded(cell, "traversals")
    moved = uniform(codes, len(codes), generator=generator)
    unit = torch.randint(codes.shape[1], (len(codes), 1), generator=generator)
    return codes.scatter(1, unit, moved.gather(1, unit))


@cache
def _judge(name: str, folder: Path | None) -> Classifier:
    return train_classifier(digits(name, folder).train, steps=600, seed=0, device="cpu")


def _seeded(cell: Cell, question: str) -> Generator:
    letters = sum(ord(letter) * 31**k for k, letter in enumerate(question))
    return Generator().manual_seed((cell.seed + letters) % 2**31)
