"""What a change of each unit does, measured by finite differences and by nothing of the package."""

import torch


def response(model, size=1e-2, at=0.3):
    """How much each unit (row) moves each code (column), and how far it moves what is decoded, by unit."""
    units = model.latent_shape[0]
    z = torch.full((1, units), at)
    base = model.decode(z)
    moved = model.decode(z + size * torch.eye(units))
    codes = model.encode(moved).mean - model.encode(base).mean
    return codes / size, (moved - base).flatten(1).norm(dim=1) / size


def units_of(found):
    """Numbers of the units that a plant is about."""
    return sorted({int(label) for one in found.truth for label in one.subjects})
