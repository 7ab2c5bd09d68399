"""How often an assay accuses with one seed of what it does not with another: nine models, default settings.

Run: ``python bench/flips.py [NAME …]``. A pair of seeds differs where the keys and subjects of one's warnings and
problems are neither accused nor unsure with the other: the finding unsure, or the subject among those in doubt. The
same keys alone are counted beside, since which of many units just reaches a bound is a smaller matter.
"""

import sys
from collections.abc import Callable
from itertools import combinations
from typing import Any, NamedTuple

import torch
from record import record
from sklearn.decomposition import NMF, PCA

import latentassay as la
from latentassay.core.levels import GRAVE

SEEDS = 5

Case = tuple[la.Autoencoder, Any]


def _digits(name: str, beta: float, latents: int = 10) -> Case:
    train, _, test = la.data.load("digits").split(0)
    model = la.models.build(name, x_shape=train.x_shape, latents=latents, seed=0)
    objective = la.objectives.BetaVAE(beta=beta) if beta else la.objectives.AE()
    la.fit(model, objective, train, steps=1500, batch_size=64, lr=1e-3, seed=0)
    return model, test


def _sklearn(estimator: Any) -> Case:
    train, _, test = la.data.load("digits").split(0)
    x, unseen = (data.batch(range(len(data))).flatten(1) for data in (train, test))
    return la.from_sklearn(estimator.fit(x.numpy())), unseen


def _optimum() -> Case:
    """The exact optimum of data that are latents and noise of variance 0.3."""
    generator, a = torch.Generator().manual_seed(0), 1 / 1.3
    x = torch.randn(2000, 6, generator=generator) + 0.3**0.5 * torch.randn(2000, 6, generator=generator)

    def encode(v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return a * v, torch.full_like(v, (0.3 * a) ** 0.5)

    return la.from_torch(encode, lambda z: z, latent_shape=(6,), prior="normal", output="mean_std"), x


def _turned() -> Case:
    """Two of sixteen units that the encoder reads turned by 45°."""
    x, turn = torch.randn(2000, 16, generator=torch.Generator().manual_seed(0)), torch.eye(16)
    turn[:2, :2] = torch.tensor([[1.0, -1.0], [1.0, 1.0]]) / 2**0.5

    def encode(v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return v @ turn.T, torch.full_like(v, 0.05)

    return la.from_torch(encode, lambda z: z, latent_shape=(16,), prior="normal", output="mean_std"), x


def _shapes() -> Case:
    from latentassay.data.demo import demo_data

    train, _, test = demo_data().split(0)
    model = la.models.build("vae-conv-small", x_shape=train.x_shape, latents=10, seed=0)
    la.fit(model, la.objectives.BetaVAE(beta=8.0), train, steps=200, batch_size=32, lr=2e-3, seed=0)
    return model, test


CASES: dict[str, Callable[[], Case]] = {
    "autoencoder": lambda: _digits("ae-mlp", 0.0),
    "VAE": lambda: _digits("vae-mlp", 1.0),
    "4-VAE": lambda: _digits("vae-mlp", 4.0),
    "overcomplete autoencoder": lambda: _digits("ae-mlp", 0.0, latents=80),
    "PCA": lambda: _sklearn(PCA(10)),
    "NMF": lambda: _sklearn(NMF(10, max_iter=600, init="nndsvda")),
    "exact optimum": _optimum,
    "turned pair": _turned,
    "convolutional VAE": _shapes,
}


class Said(NamedTuple):
    """Accusations of a report and its doubts: keys with whom they are about, ``""`` where about the whole model."""

    accused: set[tuple[str, str]]
    doubtful: set[tuple[str, str]]
    unsure: set[str]


def read(result: la.Assay) -> Said:
    """Return what is accused of whom, of whom it may be true, too, and what is unsure altogether."""
    grave = [finding for finding in result.findings if finding.level in GRAVE]
    return Said(
        accused={(f.key, subject) for f in grave for subject in (*f.subjects, "")},
        doubtful={(f.key, subject) for f in grave for subject in f.doubtful},
        unsure={f.key for f in result.findings if f.level == "unsure"},
    )


def lacks(one: Said, other: Said, *, keys_only: bool) -> bool:
    """Whether the other neither makes nor doubts an accusation of the first."""
    missing = one.accused - other.accused - other.doubtful
    return any(key not in other.unsure and not (keys_only and subject) for key, subject in missing)


def differs(one: Said, other: Said, *, keys_only: bool) -> bool:
    return lacks(one, other, keys_only=keys_only) or lacks(other, one, keys_only=keys_only)


def count(name: str) -> dict[str, Any]:
    model, data = CASES[name]()
    found = [read(la.assay(model, data, seed=seed)) for seed in range(SEEDS)]
    pairs = list(combinations(found, 2))
    return {
        "pairs": len(pairs),
        "differ": sum(differs(*pair, keys_only=False) for pair in pairs),
        "differ in keys": sum(differs(*pair, keys_only=True) for pair in pairs),
        "accused": sorted({key for said in found for key, _ in said.accused}),
        "unsure at most": max(len(said.unsure) for said in found),
    }


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    record(
        "flips",
        {
            "what": "pairs of seeds of which one accuses of what the other does not",
            "seeds": SEEDS,
            "cases": {name: count(name) for name in names or CASES},
        },
    )


if __name__ == "__main__":
    main(sys.argv[1:])
