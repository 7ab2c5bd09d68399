"""``build`` and ``describe``: models by the names that the files of this folder give them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from latentassay.core.checks import check_counts, check_seed
from latentassay.core.errors import InputError
from latentassay.core.randomness import seeded
from latentassay.models.catalog import find_model
from latentassay.models.causal import XAutoencoder
from latentassay.models.family import About, about
from latentassay.models.vae import VAE
from latentassay.nn.xblock import XBlock
from latentassay.stats.likelihoods import LIKELIHOODS, Likelihood, as_likelihood


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
            full covariance; each file of this folder says what its names stand for, ``models.describe`` what one does.
        x_shape: shape of one observation, channels first for images. ``mlp`` takes any, others square images of the
            sides that their refusals name.
        latents: number of latents d (of noises, where there is an XBlock); what the name says where left out.
        likelihood: ``"bernoulli"`` (data in [0, 1]), ``"gaussian"`` (standard deviation 1), ``"squared"``, a
            ``Likelihood``, or a mapping such as ``{"name": "gaussian", "std": 0.1}``.
        seed: fixes the initial weights; the global random state is neither used nor changed.
        options: of the networks. ``hidden`` (layer widths) and ``activation`` (``"elu"``, ``"mish"``, ``"relu"``,
            ``"silu"`` or ``"tanh"``) for ``mlp`` models, and ``decoder_hidden`` and ``decoder_activation`` where the
            decoder's are other than the encoder's, mirrored. ``filters`` (channels) and ``depth`` (blocks each side)
            for those of ``models.structure``, and ``hidden`` for the layers that let latents into ``sae-`` and
            ``adaae-`` decoders. ``gates``, options of ``nn.XBlock`` by name, for models with a causal block, such as
            ``nn.xblock.AUTHORS``. ``models.describe`` lists what a name takes.

    Raises:
        InputError: an unknown name or option, or a shape that the network cannot take.
        FileError: two files of this folder describe a model of one name.

    >>> model = build("vae-mlp", x_shape=(3,), latents=2, likelihood="squared", hidden=(32, 32, 32, 32))
    >>> model.decode(torch.zeros(5, 2)).shape
    torch.Size([5, 3])
    """
    recipe = find_model(name).recipe
    shape, observed = _check_shape(x_shape), as_likelihood(likelihood)
    latents = recipe.latents if latents is None else latents
    check_counts(latents=latents)
    check_seed(seed)
    known = (*recipe.options, *(["gates"] if recipe.unit else []))
    if unknown := set(options) - set(known):
        raise InputError(f"{name} takes no option {', '.join(sorted(unknown))}; it knows {', '.join(known) or 'none'}")
    gates, inside = _check_gates(options.get("gates", {})), {k: v for k, v in options.items() if k != "gates"}
    with seeded(seed):
        networks = recipe.coders(shape, latents * (recipe.unit or 1), recipe.head.width(latents), **inside)
        block = XBlock(latents, recipe.unit, **gates) if recipe.unit else None
    # The whole model says how it was built; a body inside an XAutoencoder could not be rebuilt as itself.
    # Defaults are kept, too: a run that is saved outlives a change of them.
    spec = _spec(
        observed, name=name, x_shape=list(shape), latents=latents, seed=seed, **{**describe(name).options, **options}
    )
    body = VAE(networks, recipe.head, observed, x_shape=shape, latents=latents, spec=None if block else spec)
    return body if block is None else XAutoencoder(body, block, spec=spec)


def describe(name: str) -> About:
    """Describe what a name stands for: networks, codes, number of latents, options with defaults, and objective.

    Raises:
        InputError: an unknown name.

    >>> describe("sae-12").options
    {'filters': 64, 'depth': 12, 'hidden': (32, 32, 32)}
    """
    known = find_model(name)
    return about(name, known.origin, known.recipe)


def _check_gates(gates: Any) -> dict[str, Any]:
    known = ("hidden", "temperature", "noise", "start", "spread")
    if not isinstance(gates, Mapping) or set(gates) - set(known):
        raise InputError(f"gates must be options of an XBlock by name, among {', '.join(known)}, got {gates!r}")
    return dict(gates)


def _check_shape(x_shape: Any) -> tuple[int, ...]:
    try:
        shape = tuple(int(size) for size in x_shape)
    except (TypeError, ValueError):
        shape = ()
    if not shape or min(shape) < 1:
        raise InputError(f"x_shape must be positive integers such as (1, 32, 32), got {x_shape!r}")
    return shape


def _spec(likelihood: Likelihood, **arguments: Any) -> dict[str, Any] | None:
    """Return the arguments of ``build`` as plain JSON, or nothing where a likelihood of the user's has no name."""
    named = {kind: key for key, kind in LIKELIHOODS.items()}.get(type(likelihood))
    if named is None:
        return None
    observed = {"name": named, **asdict(likelihood)}  # type: ignore[call-overload]
    return {**{key: _as_json(value) for key, value in arguments.items()}, "likelihood": observed}


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_json(each) for key, each in value.items()}
    return value if isinstance(value, str | int | float | None) else list(value)
