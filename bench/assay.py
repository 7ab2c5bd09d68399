"""A whole assay against the decode and encode passes that it makes, for three kinds of model, on one thread.

Run: ``python bench/assay.py [NAME …]``. TAEF2 needs its weights in ``LATENTASSAY_SHARED_DATA/taef2``; it is left out,
and named, where they are missing.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from passes import compare
from record import record

import latentassay as la
from latentassay.core.observations import as_observations

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("LATENTASSAY_SHARED_DATA", ROOT.parent / "shared" / "data"))
TARGET = 1.3


def digits() -> tuple[la.Autoencoder, Any, dict[str, Any]]:
    """An MLP with ten latents on handwritten digits, asked about all of them, also those it was trained on."""
    data = la.data.load("digits")
    model = la.models.build("vae-mlp", x_shape=data.x_shape, latents=10, seed=0)
    la.fit(model, la.objectives.BetaVAE(beta=1.0), data, steps=1500, batch_size=64, lr=1e-3, seed=0)
    return model, data, {}


def demo() -> tuple[la.Autoencoder, Any, dict[str, Any]]:
    """The model, the data and the options of ``latentassay demo``, trained for a third of its steps."""
    from latentassay.data.demo import demo_data

    train, _, test = demo_data().split(0)
    model = la.models.build("vae-conv-small", x_shape=train.x_shape, latents=10, seed=0)
    la.fit(model, la.objectives.BetaVAE(beta=8.0), train, steps=300, batch_size=32, lr=2e-3, seed=0)
    return model, test, {"samples": 512}


def taef2() -> tuple[la.Autoencoder, Any, dict[str, Any]]:
    """A pretrained image autoencoder on crops of a photograph."""
    import skimage.data

    sys.path.insert(0, str(ROOT))
    from tests.oracles import taef2 as module

    net = module.load(SHARED / "taef2" / "weights.safetensors")
    model = la.wrap((net.encoder, net.decoder), latent_shape=(32, 8, 8))
    picture = torch.from_numpy(skimage.data.astronaut().copy()).permute(2, 0, 1)
    tiles = picture.unfold(1, 64, 64).unfold(2, 64, 64).flatten(1, 2).transpose(0, 1)
    return model, tiles.float() / 255, {"samples": 48, "budget": 90.0}


CASES: dict[str, tuple[Callable[[], tuple[la.Autoencoder, Any, dict[str, Any]]], int]] = {
    "digits": (digits, 3),
    "demo": (demo, 1),
    "taef2": (taef2, 1),
}


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    report: dict[str, Any] = {
        "what": "processor seconds of a whole assay over those of its passes alone, one thread",
        "target": TARGET,
        "cases": {},
    }
    for name in names or CASES:
        make, rounds = CASES[name]
        if name == "taef2" and not (SHARED / "taef2").exists():
            report["cases"][name] = f"no weights in {SHARED}"
            continue
        model, data, options = make()
        x = as_observations(data).batch(torch.arange(32))
        report["cases"][name] = compare(model, x, lambda: la.assay(model, data, **options), rounds)  # noqa: B023
    record("assay", report)


if __name__ == "__main__":
    main(sys.argv[1:])
