"""Geodesics of the metric that a decoder pulls back to the latents: curves are as long as their decodings."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from latentassay.core.arrays import Array, in_kind_of
from latentassay.core.autoencoder import eval_mode
from latentassay.geometry.curves import BATCH, CONTROLS, ITERATIONS, Geodesics, Pieces, Search, find_geodesics
from latentassay.geometry.decoders import decode_rows, latent_pairs, owner, reference


def pullback_geodesic(
    decode: Callable[[Tensor], Any],
    a: Array,
    b: Array,
    *,
    steps: int = 20,
    controls: int = CONTROLS,
    iterations: int = ITERATIONS,
    batch_size: int = BATCH,
) -> Geodesics:
    """Find the shortest curve from every a to its b in the metric JᵀJ, J the derivative of the decoder.

    A curve is as long as its decoding, so no Jacobian is needed: a cubic spline is bent until its energy
    ``E = T Σ ‖D(z_{t+1}) − D(z_t)‖²`` over T = 32 pieces is least. The search goes downhill from the straight line,
    so a detour that begins uphill is not found; where it finds nothing shorter, the straight line is returned.

    Args:
        decode: latents ``(n, *latent_shape)`` to decodings; or to a pair ``(mean, std)``, where the decoder states how
            sure it is, whose metric is ``JᵀJ`` of both, one after the other. It is called with tensors.
        a: latents ``(n, *latent_shape)``, a tensor or an array; the result has the same kind.
        b: likewise; rows are paired.
        steps: points that are returned, both ends among them, evenly spaced by length of the decoding.
        controls: inner points of the spline.
        iterations: most steps of the search; it ends early when three in a row gain less than 0.01 % of the energy.
        batch_size: latents decoded at once.

    Raises:
        InputError: shapes that differ, NaN or infinite values, or too small a number.
        ContractError: torch cannot differentiate ``decode`` (numpy inside, ``no_grad``, ``detach``).

    Sources: Arvanitidis, Hansen & Hauberg, Latent space oddity, 2018 (metric of mean and standard deviation); Shao,
    Kumar & Fletcher, The Riemannian geometry of deep generative models, 2018 (discrete energy).

    >>> circle = lambda t: torch.cat([t.cos(), t.sin()], 1)
    >>> pullback_geodesic(circle, torch.zeros(1, 1), torch.full((1, 1), torch.pi)).length.round(decimals=2)
    tensor([3.1400], dtype=torch.float64)
    """
    first, last = latent_pairs(a, b)
    search = Search(steps=steps, controls=controls, iterations=iterations, batch_size=batch_size)
    with eval_mode(owner(decode), gradients=True):
        pieces = pieces_by_decoding(decode, first)
        return in_kind_of(find_geodesics(first, last, pieces, "pullback metric of the decoder", search), a, b)


def pieces_by_decoding(decode: Callable[[Tensor], Any], z: Tensor) -> Pieces:
    """Return the function that measures every piece of curves by the squared change of its decoding.

    Args:
        decode: latents to decodings, or to pairs ``(mean, std)``.
        z: latents such as those of the curves, for a decoder without weights.
    """
    weight = reference(decode, z)

    # Pieces are chords, and chords cut corners: the energy is a little below the integral, by the square of their size.
    def measure(curves: Tensor) -> Tensor:
        x = decode_rows(decode, curves.flatten(0, 1).to(weight)).view(*curves.shape[:2], -1)
        return (x[:, 1:] - x[:, :-1]).square().sum(2).to(curves.device)

    return measure
