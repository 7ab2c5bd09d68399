"""Models by name: ``build``."""

from collections.abc import Mapping
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

import torch

from latentassay.core.errors import InputError
from latentassay.models.causal import XAutoencoder
from latentassay.models.features import Features, features
from latentassay.models.grid import grid
from latentassay.models.recipe import About, Recipe, about
from latentassay.models.structural import structural
from latentassay.models.vae import VAE
from latentassay.nn.coders import conv_coders, mlp_coders, small_conv_coders
from latentassay.nn.heads import DIAGONAL, FULL, POINT, Head
from latentassay.nn.xblock import XBlock
from latentassay.stats.likelihoods import LIKELIHOODS, Likelihood, as_likelihood

__all__ = ["NAMES", "VAE", "About", "Features", "XAutoencoder", "build", "describe", "features"]

_MLP = ("hidden", "activation", "decoder_hidden", "decoder_activation")
_OWN = "general purpose"
_LR = "latent responses"


def _dense(head: Head, unit: int | None = None) -> Recipe:
    about = "dense, causal block" if unit else "dense layers"
    return Recipe(head, mlp_coders, unit=unit, options=_MLP, about=about, origin=_OWN)


_SMALL = "quick convolutions"
_CONV = "convolutions"
_MODELS: dict[str, Recipe] = {
    "ae-mlp": _dense(POINT),
    "vae-mlp": _dense(DIAGONAL),
    "vae-full-mlp": _dense(FULL),
    "xae-mlp": _dense(POINT, unit=1),
    "xvae-mlp": _dense(DIAGONAL, unit=1),
    "ae-conv-small": Recipe(POINT, small_conv_coders, about=_SMALL, origin=_OWN),
    "vae-conv-small": Recipe(DIAGONAL, small_conv_coders, about=_SMALL, origin=_OWN),
    "ae-conv": Recipe(POINT, conv_coders, about=_CONV, origin=_LR),
    "vae-conv": Recipe(DIAGONAL, conv_coders, about=_CONV, origin=_LR),
    **structural(),
    **grid(),
}
NAMES = tuple(_MODELS)
"""Every name that ``build`` knows."""


def build(
    name: str,
    *,
    x_shape: Any,
    latents: Any = None,
    likelihood: Any = "bernoulli",
    seed: Any = 0,
    **options: Any,
) -> VAE | XAutoencoder:
    """Build an untrained model.

    Args:
        name: one of ``NAMES``. ``ae-`` codes are points, ``vae-`` diagonal Gaussians, ``vae-full-`` Gaussians with
            full covariance. ``mlp`` takes any shape, ``conv`` is LR's network for square images of side 8, 16, 32 …,
            ``conv-small`` a quick one for sides such as 28, 32, 64. ``ae-s``, ``xvae-standard``, ``xcsae-i-s4`` … are
            IC's (``models.grid``): ``x`` puts an ``XBlock`` before the decoder, ``sae`` lets latents in one by one.
            The networks of ``xc…-i``, ``xc…-e`` and ``avae`` are those of ``x…`` and ``vae``; what tells them apart is
            their objective (``objectives.published``). ``ae-hourglass``, ``vae-hourglass``, ``sae-12``, ``adaae-12``,
            ``vlae-12`` … are SA's (``models.structural``), for vectors and square images of sides such as 16, 28, 32,
            64, 128; the number is that of variables, which ``variables`` of the model lists.
        x_shape: shape of one observation, channels first for images.
        latents: number of latents d (of noises, where there is an XBlock); 10, or what the name's size says, where
            left out.
        likelihood: ``"bernoulli"`` (data in [0, 1]), ``"gaussian"`` (standard deviation 1), ``"squared"``, a
            ``Likelihood``, or a mapping such as ``{"name": "gaussian", "std": 0.1}``.
        seed: fixes the initial weights; the global random state is neither used nor changed.
        options: ``hidden`` (layer widths) and ``activation`` (``"elu"``, ``"mish"``, ``"relu"``, ``"silu"`` or
            ``"tanh"``) for ``mlp`` models, and ``decoder_hidden`` and ``decoder_activation`` where the decoder's are
            other than the encoder's, mirrored. ``filters`` (channels) and ``depth`` (blocks each side) for SA's, and
            ``hidden`` for the layers that let latents into ``sae-`` and ``adaae-`` decoders. ``models.describe`` lists
            what a name takes.

    Raises:
        InputError: an unknown name or option, or a shape that the network cannot take.

    >>> model = build("vae-mlp", x_shape=(3,), latents=2, likelihood="squared", hidden=(32, 32, 32, 32))
    >>> model.decode(torch.zeros(5, 2)).shape
    torch.Size([5, 3])
    """
    recipe = _recipe(name)
    shape, observed = _checked_shape(x_shape), as_likelihood(likelihood)
    latents = recipe.latents if latents is None else latents
    if not isinstance(latents, int) or latents < 1:
        raise InputError(f"latents must be a positive integer, got {latents!r}")
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be an integer from 0 on, got {seed!r}")
    if unknown := set(options) - set(recipe.options):
        raise InputError(
            f"{name} takes no option {', '.join(sorted(unknown))}; it knows {', '.join(recipe.options) or 'none'}"
        )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed every GPU, too
        networks = recipe.coders(shape, latents * (recipe.unit or 1), recipe.head.width(latents), **options)
        block = XBlock(latents, recipe.unit) if recipe.unit else None
    spec = _spec(name, shape, latents, observed, seed, options)
    body = VAE(networks, recipe.head, observed, x_shape=shape, latents=latents, spec=None if block else spec)
    return body if block is None else XAutoencoder(body, block, spec=spec)


def describe(name: str) -> About:
    """Say what a name stands for: networks, codes, number of latents, and options with their defaults.

    Raises:
        InputError: an unknown name.

    >>> describe("sae-12").options
    {'filters': 64, 'depth': 12, 'hidden': (64,)}
    """
    return about(name, _recipe(name))


def _recipe(name: str) -> Recipe:
    if name not in _MODELS:
        near = get_close_matches(name, NAMES, 5, 0.5) or NAMES[:9]
        raise InputError(f"no model is called {name!r}; did you mean {', '.join(near)}?")
    return _MODELS[name]


def _checked_shape(x_shape: Any) -> tuple[int, ...]:
    try:
        shape = tuple(int(size) for size in x_shape)
    except (TypeError, ValueError):
        shape = ()
    if not shape or min(shape) < 1:
        raise InputError(f"x_shape must be positive integers such as (1, 32, 32), got {x_shape!r}")
    return shape


def _spec(
    name: str, shape: tuple[int, ...], latents: int, likelihood: Likelihood, seed: int, options: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the arguments of ``build`` as plain JSON, or nothing where a likelihood of the user's has no name."""
    named = {kind: key for key, kind in LIKELIHOODS.items()}.get(type(likelihood))
    if named is None:
        return None
    observed = {"name": named, **asdict(likelihood)}  # type: ignore[call-overload]
    plain = {key: value if isinstance(value, str | int) else list(value) for key, value in options.items()}
    return {"name": name, "x_shape": list(shape), "latents": latents, "likelihood": observed, "seed": seed, **plain}
