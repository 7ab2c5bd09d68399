"""How long curves of latents are, in every metric that a model and what is known beside it define."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.autoencoder import Decoder, eval_mode
from latentassay.geometry.decoders import MeanAndStd, decode_rows, decodes_std, reference
from latentassay.geometry.density import density_of
from latentassay.geometry.fisher_rao import distances
from latentassay.geometry.spherical import angles
from latentassay.responses.response import respond
from latentassay.sampling import decode

Lengths = dict[str, Float[Tensor, " n"]]


def plain_lengths(z: Tensor, std: Tensor | None, codes: Any) -> Lengths:
    """Return the lengths of curves that need no model.

    Args:
        z: curves ``(n, k, *latent_shape)``.
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
        found["fisher-rao"] = distances(first, last).view(len(z), -1).sum(1)
    if codes is not None:
        found["density"] = density_of(codes, tuple(z.shape[2:])).pieces()(z.double()).sqrt().sum(1)
    return found


def decoded_lengths(model: Decoder, z: Tensor, every: int, batch_size: int) -> tuple[Tensor, Lengths]:
    """Decode curves ``(n, k, *latent_shape)`` one by one; return one decoding of ``every`` so many, and lengths.

    The length in the pullback metric is that of the decoding, and the response length is ``∫ ‖R(z) − z‖² ds`` by the
    trapezoidal rule, where the model encodes, too.
    """
    xs, pullback, response = [], [], []
    # Curve by curve: of many at once, the decodings of all their points would have to be held.
    for curve in z:
        x = decode(model, curve, batch_size=batch_size)
        xs.append(x[::every])
        pullback.append(_length(_decode_mean_and_std(model, curve, batch_size) if decodes_std(model) else x))
        if hasattr(model, "encode"):
            response.append(path_costs(curve, response_costs(model, curve, batch_size)).sum().cpu())
    lengths = {"pullback": torch.stack(pullback)}
    return torch.stack(xs), lengths | ({"response": torch.stack(response)} if response else {})


def response_costs(model: Any, curve: Tensor, batch_size: int) -> Float[Tensor, " k"]:
    """Return ‖R(z) − z‖² along one curve ``(k, *latent_shape)``."""
    moved = respond(model, curve, batch_size=batch_size) - curve
    return moved.flatten(1).double().square().sum(1)


def path_costs(curve: Tensor, costs: Float[Tensor, " k"]) -> Float[Tensor, " pieces"]:
    """Return ``∫ cost ds`` over every piece of one curve ``(k, *latent_shape)``, by the trapezoidal rule."""
    steps: Tensor = (curve[1:] - curve[:-1]).flatten(1).double().norm(dim=1)
    return steps * 0.5 * (costs[1:] + costs[:-1])


def _length(x: Tensor) -> Tensor:
    total: Tensor = (x[1:] - x[:-1]).flatten(1).double().norm(dim=1).sum()
    return total


def _decode_mean_and_std(model: Any, curve: Tensor, batch_size: int) -> Tensor:
    both = MeanAndStd(model)
    with eval_mode(both):
        weight = reference(both, curve)
        return torch.cat([decode_rows(both, part.to(weight)).cpu() for part in torch.split(curve, batch_size)])
