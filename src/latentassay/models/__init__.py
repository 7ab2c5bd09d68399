"""Models by name: ``build``."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import torch

from latentassay.errors import InputError
from latentassay.math.likelihoods import LIKELIHOODS, Likelihood, as_likelihood
from latentassay.models.vae import VAE
from latentassay.nn.coders import Coders, conv_coders, mlp_coders, small_conv_coders
from latentassay.nn.heads import DIAGONAL, FULL, POINT, Head

__all__ = ["NAMES", "VAE", "build"]

_MODELS: dict[str, tuple[Head, Callable[..., Coders]]] = {
    "ae-mlp": (POINT, mlp_coders),
    "vae-mlp": (DIAGONAL, mlp_coders),
    "vae-full-mlp": (FULL, mlp_coders),
    "ae-conv": (POINT, conv_coders),
    "vae-conv": (DIAGONAL, conv_coders),
    "ae-conv-small": (POINT, small_conv_coders),
    "vae-conv-small": (DIAGONAL, small_conv_coders),
}
NAMES = tuple(_MODELS)
"""Every name that ``build`` knows."""


def build(
    name: str,
    *,
    x_shape: Any,
    latents: Any = 10,
    likelihood: Any = "bernoulli",
    seed: Any = 0,
    **options: Any,
) -> VAE:
    """Build an untrained model.

    Args:
        name: one of ``NAMES``. ``ae-`` codes are points, ``vae-`` diagonal Gaussians, ``vae-full-`` Gaussians with
            full covariance. ``mlp`` takes any shape, ``conv`` is LR's network for square images of side 8, 16, 32 …,
            ``conv-small`` a quick one for sides such as 28, 32, 64.
        x_shape: shape of one observation, channels first for images.
        latents: number of latents d.
        likelihood: ``"bernoulli"`` (data in [0, 1]), ``"gaussian"`` (standard deviation 1), ``"squared"``, a
            ``Likelihood``, or a mapping such as ``{"name": "gaussian", "std": 0.1}``.
        seed: fixes the initial weights; the global random state is neither used nor changed.
        options: ``hidden`` (layer widths) and ``activation`` (``"elu"``, ``"relu"``, ``"silu"`` or ``"tanh"``) for
            ``mlp`` models.

    Raises:
        InputError: an unknown name or option, or a shape that the network cannot take.

    >>> model = build("vae-mlp", x_shape=(3,), latents=2, likelihood="squared", hidden=(32, 32, 32, 32))
    >>> model.decode(torch.zeros(5, 2)).shape
    torch.Size([5, 3])
    """
    if name not in _MODELS:
        raise InputError(f"no model is called {name!r}; known are {', '.join(NAMES)}")
    head, coders = _MODELS[name]
    shape, observed = _checked_shape(x_shape), as_likelihood(likelihood)
    if not isinstance(latents, int) or latents < 1:
        raise InputError(f"latents must be a positive integer, got {latents!r}")
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be an integer from 0 on, got {seed!r}")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed every GPU, too
        networks = _made(name, coders, shape, latents, head.width(latents), options)
    spec = _spec(name, shape, latents, observed, seed, options)
    return VAE(networks, head, observed, x_shape=shape, latents=latents, spec=spec)


def _made(name: str, coders: Callable[..., Coders], *arguments: Any) -> Coders:
    *positional, options = arguments
    allowed = {"hidden", "activation"} if coders is mlp_coders else set()
    if unknown := set(options) - allowed:
        raise InputError(f"{name} takes no option {', '.join(sorted(unknown))}; it knows {sorted(allowed) or 'none'}")
    return coders(*positional, **options)


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
    plain = {key: value if isinstance(value, str) else list(value) for key, value in options.items()}
    return {"name": name, "x_shape": list(shape), "latents": latents, "likelihood": observed, "seed": seed, **plain}
