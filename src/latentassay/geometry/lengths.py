"""How long curves of latents are, in every metric that a model and what is known beside it define."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.autoencoder import Decoder, eval_mode
from latentassay.geometry.density import density_of
from latentassay.geometry.fisher_rao import apart
from latentassay.geometry.pullback import WithStd, embedded, place, states_std
from latentassay.geometry.spherical import angles
from latentassay.responses.response import respond
from latentassay.sampling import decode

Lengths = dict[str, Float[Tensor, " n"]]


def plain_lengths(z: Tensor, std: Tensor | None, codes: Tensor | None) -> Lengths:
    """Lengths of curves ``(n, k, *latent_shape)`` that need no model.

    Args:
        std: standard deviations along the curves, which has a Fisher–Rao length then.
        codes: latents of data, which have a density.
    """
    flat = z.flatten(2).double()
    found = {"euclidean": (flat[:, 1:] - flat[:, :-1]).norm(dim=2).sum(1)}
    if bool((flat.norm(dim=2) > 0).all()):
        found["spherical"] = angles(flat[:, 1:], flat[:, :-1]).sum(1)
    if std is not None:
        wide = std.flatten(2).double()
        ends = ((part[:, at].flatten(0, 1) for part in (flat, wide)) for at in (slice(None, -1), slice(1, None)))
        first, last = ((mean, spread) for mean, spread in ends)
        found["fisher-rao"] = apart(first, last).view(len(z), -1).sum(1)
    if codes is not None:
        found["density"] = density_of(codes, tuple(z.shape[2:])).pieces()(z.double()).sqrt().sum(1)
    return found


def decoded_lengths(model: Decoder, z: Tensor, every: int, batch_size: int) -> tuple[Tensor, Lengths]:
    """Decode curves ``(n, k, *latent_shape)`` one by one; return every so-manieth decoding, and lengths.

    The length in the pullback metric is that of the decoding, and the response length is ``∫ ‖R(z) − z‖² ds`` by the
    trapezoidal rule, where the model encodes, too.
    """
    xs, pullback, response = [], [], []
    for curve in z:
        x = decode(model, curve, batch_size=batch_size)
        xs.append(x[::every])
        pullback.append(_length(x if not states_std(model) else _with_std(model, curve, batch_size)))
        if hasattr(model, "encode"):
            response.append(_response_errors(model, curve, batch_size))
    lengths = {"pullback": torch.stack(pullback)}
    return torch.stack(xs), lengths | ({"response": torch.stack(response)} if response else {})


def response_costs(model: Any, curve: Tensor, batch_size: int) -> Float[Tensor, " k"]:
    """‖R(z) − z‖² along one curve ``(k, *latent_shape)``."""
    moved = respond(model, curve, batch_size=batch_size) - curve
    return moved.flatten(1).double().square().sum(1)


def _response_errors(model: Any, curve: Tensor, batch_size: int) -> Tensor:
    cost = response_costs(model, curve, batch_size)
    steps = (curve[1:] - curve[:-1]).flatten(1).double().norm(dim=1)
    total: Tensor = (steps * 0.5 * (cost[1:] + cost[:-1])).sum()
    return total.cpu()


def _length(x: Tensor) -> Tensor:
    total: Tensor = (x[1:] - x[:-1]).flatten(1).double().norm(dim=1).sum()
    return total


def _with_std(model: Any, curve: Tensor, batch_size: int) -> Tensor:
    both, z = WithStd(model), torch.split(curve, batch_size)
    with eval_mode(both):
        return torch.cat([embedded(both, part.to(place(both, part))).cpu() for part in z])
