"""The response R(z): what a latent becomes when it is decoded and encoded again (LR 4, equations 2 and 3)."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from latentassay.core.arrays import Array, like
from latentassay.core.autoencoder import Autoencoder, Decoder, KeepsActivations, eval_mode
from latentassay.core.errors import InputError
from latentassay.core.guard import decode_batch, encode_batch, encode_means
from latentassay.core.observations import finite
from latentassay.core.randomness import as_generator
from latentassay.core.units import Units
from latentassay.sampling import BATCH_SIZE, as_latents, beside, blocks


def respond(
    model: Autoencoder,
    z: Array,
    *,
    steps: int = 1,
    sample: bool = False,
    generator: Generator | int = 0,
    batch_size: int = BATCH_SIZE,
) -> Array:
    """Return R(z) = E(D(z)): posterior mean of the re-encoded mean decoding.

    Args:
        model: any autoencoder.
        z: latents ``(n, *latent_shape)``.
        steps: how often to respond; repeated responses approach the learned manifold.
        sample: draw from q(z'|D(z)) instead of taking its mean (LR equation 3).
        generator: draws these samples.

    Returns:
        Responses shaped like ``z``, of its kind and on its device.

    Raises:
        InputError: latents of another shape, NaN in or out, ``steps`` below 1.
    """
    if steps < 1:
        raise InputError(f"steps must be at least 1, got {steps}")
    latents = as_latents(model, z)
    out = torch.empty_like(latents)
    with eval_mode(model, latents) as (device, dtype):
        local = beside(as_generator(generator), device) if sample else None
        for block in blocks(len(latents), batch_size, "responses"):
            answer = latents[block].to(device, dtype)
            for _ in range(steps):
                answer = respond_once(model, answer, local)
            out[block] = answer
    return like(finite(out, "responses"), z)


def respond_once(model: Autoencoder, z: Tensor, generator: Generator | None = None) -> Tensor:
    """Decode and encode a batch on the model's device once; sampled where a generator is given."""
    q = encode_batch(model, decode_batch(model, z))
    return q.mean if generator is None else q.sample(generator)


def prepare_decodings(model: Decoder, units: Units, z: Tensor) -> tuple[Tensor, Callable[[int, Tensor], Tensor]]:
    """Return D(z) and a function ``(unit, values) → D(replace(z, unit, values))``, all of one batch on one device.

    A decoder that keeps its activations (``KeepsActivations``) is only asked for what the unit can have changed.
    """
    if not isinstance(model, KeepsActivations):
        return decode_batch(model, z), lambda unit, values: decode_batch(model, units.replace(z, unit, values))
    x, kept = model.decode_keeping(z)
    return x, lambda unit, values: model.decode_again(units.replace(z, unit, values), kept, units.groups[unit])


def prepare_responses(model: Autoencoder, units: Units, z: Tensor) -> tuple[Tensor, Callable[[int, Tensor], Tensor]]:
    """Return R(z) and a function ``(unit, values) → R(replace(z, unit, values))``, as ``prepare_decodings`` does."""
    x, decode_changed = prepare_decodings(model, units, z)
    return encode_means(model, x).mean, lambda unit, values: encode_means(model, decode_changed(unit, values)).mean
