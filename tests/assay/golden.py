"""Three small models and data, drawn from fixed seeds: what an assay says of them must not change by itself.

``python tests/assay/golden.py`` prints what an assay says of them now, as JSON.
"""

import hashlib
import json
import sys

import numpy as np
import torch

import latentassay as la
from latentassay.assay.evidence import pack


def _weights(*shape: int, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32)) / shape[0] ** 0.5


def vectors():
    """A Gaussian encoder of twelve numbers into six latents, two of them turned into each other, one dead."""
    inwards, outwards = _weights(12, 6, seed=1), _weights(6, 12, seed=2)
    outwards[5] = 0

    def encode(x):
        return torch.tanh(x @ inwards) * 1.5, torch.full((len(x), 6), -2.5)

    def decode(z):
        turned = torch.cat([z[:, :1] + z[:, 1:2], z[:, :1] - z[:, 1:2], z[:, 2:]], 1)
        return torch.tanh(turned @ outwards)

    rng = np.random.default_rng(3)
    factors = rng.integers(0, 4, (400, 3))
    x = np.tanh(factors @ rng.normal(size=(3, 12)) / 2 + 0.1 * rng.normal(size=(400, 12))).astype(np.float32)
    model = la.from_torch(encode, decode, latent_shape=(6,), output="mean_logvar", prior="normal")
    return model, la.data.FactorData(x, factors, ("a", "b", "c"), (4, 4, 4))


def pictures():
    """A deterministic coder of pictures of 16 × 16 into three channels of 4 × 4, which mixes its channels."""
    inwards, outwards = _weights(48, 3, seed=4), _weights(3, 48, seed=5)

    def encode(x):
        patches = x.unfold(2, 4, 4).unfold(3, 4, 4).permute(0, 2, 3, 1, 4, 5).flatten(3)
        return (patches @ inwards).permute(0, 3, 1, 2)

    def decode(z):
        patches = torch.tanh(z.permute(0, 2, 3, 1) @ outwards)
        n = len(z)
        return patches.view(n, 4, 4, 3, 4, 4).permute(0, 3, 1, 4, 2, 5).reshape(n, 3, 16, 16)

    coarse = torch.from_numpy(np.random.default_rng(6).normal(size=(96, 3, 8, 8)).astype(np.float32))
    x = torch.nn.functional.interpolate(coarse, scale_factor=2, mode="bilinear")
    return la.from_torch(encode, decode, latent_shape=(3, 4, 4)), x


class Chain:
    """Four noises, each a cause that hears the one before it; the encoder undoes what the decoder does, nearly."""

    latent_shape, prior = (4,), None

    def __init__(self):
        self.parents = torch.diag(torch.tensor([0.8, 0.0, 0.6]), 1)
        self.outwards = torch.linalg.qr(_weights(12, 4, seed=7)).Q.T

    def encode(self, x):
        causes = torch.atanh((x @ self.outwards.T).clamp(-0.99, 0.99))
        return la.Point(causes - causes @ self.parents)

    def decode(self, z):
        return self.decode_causes(self.causes(z))

    def causes(self, z, given=None):
        columns = []
        for unit in range(4):
            heard = sum((columns[k] * self.parents[k, unit] for k in range(unit)), torch.zeros(len(z)))
            columns.append((given or {}).get(unit, (z[:, unit] + torch.sin(heard))[:, None])[:, 0])
        return torch.stack(columns, 1)[..., None]

    def decode_causes(self, causes):
        return torch.tanh(causes[..., 0]) @ self.outwards

    def adjacency(self):
        return self.parents.ne(0).float()


def causes():
    """A model with an explicit causal block, and data that it could have made."""
    z = torch.from_numpy(np.random.default_rng(8).normal(size=(200, 4)).astype(np.float32))
    return Chain(), Chain().decode(z) + 0.01 * torch.sin(37 * z).repeat(1, 3)


MODELS = {"vectors": vectors, "pictures": pictures, "causes": causes}


def said(name: str) -> dict:
    """Every score with its interval, every finding's key and level, and a digest of every array."""
    model, data = MODELS[name]()
    result = la.assay(model, data, samples=96, grid=21, groups=12, budget=1e5, precision=None, seed=0)
    return {
        "scores": {key: [score.value, score.low, score.high, score.n] for key, score in result.scores.items()},
        "findings": [[finding.key, finding.level] for finding in result.findings],
        "arrays": {
            f"{section.key}/{name}": digest(array)
            for section in result.sections
            if section.evidence is not None
            for name, array in sorted(pack(section.evidence)[0].items())
        },
    }


def digest(array) -> str:
    array = np.ascontiguousarray(array)
    return hashlib.sha256(f"{array.dtype} {array.shape}".encode() + array.tobytes()).hexdigest()[:16]


if __name__ == "__main__":
    json.dump({name: said(name) for name in MODELS}, sys.stdout, indent=1)
