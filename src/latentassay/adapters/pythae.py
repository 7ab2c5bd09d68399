"""pythae's autoencoders, as models, or as folders whose weights are safetensors."""

from typing import TYPE_CHECKING, Any

from latentassay.adapters._adapter import Adapter, Example, call, class_of
from latentassay.adapters._paths import as_path
from latentassay.core.errors import ContractError, InputError

if TYPE_CHECKING:
    from latentassay.adapters._pythae_model import PythaeModel

CODES = ("AE", "RAE_GP", "RAE_L2", "WAE_MMD", "VQVAE")
"""Classes whose encoder gives a code."""

GAUSSIANS = (
    "VAE",
    "BetaVAE",
    "BetaTCVAE",
    "DisentangledBetaVAE",
    "FactorVAE",
    "INFOVAE_MMD",
    "IWAE",
    "MIWAE",
    "CIWAE",
    "PIWAE",
    "MSSSIM_VAE",
    "Adversarial_AE",
    "VAEGAN",
    "HVAE",
    "RHVAE",
)
"""Classes whose encoder gives a Gaussian, with N(0, I) for a prior."""

MIXED = ("VAMP", "VAE_IAF", "VAE_LinNF")
"""A Gaussian, with a prior that is learned, or that holds behind a flow."""

REFUSED = {
    "SVAE": "has latents on a sphere, and no Gaussian posterior",
    "PoincareVAE": "has latents in hyperbolic space, and no Gaussian posterior",
}
"""Classes whose latents cannot be changed one at a time."""

OWN, OTHERWISE = "own", "la.from_torch(encode, decode, latent_shape=...)"


def from_pythae(model: Any, *, prior: Any = OWN, value_range: Any = None, x_shape: Any = None) -> "PythaeModel":
    """Bring a model of pythae behind the door.

    Autoencoders (``AE``, ``RAE_GP``, ``RAE_L2``, ``WAE_MMD``, ``VQVAE``) give points, the VAEs a Gaussian. A ``VQVAE``
    is asked before its codebook: a latent is what the encoder gives, and ``decode`` moves it to the nearest code
    vector. Likewise ``decode`` of ``VAE_IAF`` and ``VAE_LinNF`` goes through the flow, before which the posterior is
    Gaussian and no prior is known; ``HVAE`` and ``RHVAE`` are asked before their Hamiltonian steps.

    Args:
        model: the model, or the path of a folder with ``model_config.json`` and ``model.safetensors``, for models of
            pythae's default coders. The ``model.pt`` that pythae itself writes is never opened.
        prior: ``"own"`` for what the class was trained with, N(0, I) or none; or ``"normal"``, another ``Prior``, or
            ``None``.
        value_range: the values that the model itself was trained on, such as (−1, 1); observations then go in and come
            out in [0, 1]. Where left out, values pass as they are.
        x_shape: shape of one observation, where the config has no ``input_dim``.

    Raises:
        ContractError: another class, one whose latents lie on a sphere or in hyperbolic space, no weights, or
            answers of another form.
        InputError: an argument is not of its kind, or pythae is not installed.
        FileError: the folder is missing or damaged, or holds pickles alone.
    """
    from latentassay.adapters._pictures import as_pixel_range, as_prior, expect_weights
    from latentassay.adapters._pythae_files import load_folder
    from latentassay.adapters._pythae_model import PythaeModel, find_latent_shape

    model = load_folder(model, CODES + GAUSSIANS + MIXED) if not hasattr(model, "parameters") else model
    kind = _kind(model)
    expect_weights(model, kind)
    shape = _x_shape(model, x_shape)
    latent_shape = (int(model.latent_dim),) if shape is None else find_latent_shape(model, shape)
    own = "normal" if kind in (*GAUSSIANS, "WAE_MMD") else None
    chosen = own if isinstance(prior, str) and prior == OWN else prior
    pixels = None if value_range is None else as_pixel_range(value_range)
    shapes = (shape, latent_shape)
    return PythaeModel(model, kind, shapes, as_prior(chosen, latent_shape), pixels, is_point=kind in CODES)


def _kind(model: Any) -> str:
    for name in class_of(model, "pythae"):
        if name in REFUSED:
            raise ContractError(f"pythae's {name} {REFUSED[name]}; wrap what you mean with {OTHERWISE}")
        if name in CODES + GAUSSIANS + MIXED:
            return name
    known = ", ".join(CODES + GAUSSIANS + MIXED)
    raise ContractError(f"{type(model).__name__} is none of pythae's {known}; wrap it with {OTHERWISE}")


def _x_shape(model: Any, stated: Any) -> tuple[int, ...] | None:
    known = model.model_config.input_dim
    shape = known if stated is None else stated
    if shape is None:
        return None
    try:
        found = tuple(int(size) for size in shape)
    except (TypeError, ValueError) as error:
        raise InputError(f"x_shape must be sizes such as (1, 28, 28), got {shape!r}") from error
    if known is not None and found != tuple(known):
        raise InputError(f"x_shape is {found}, but the model's config says input_dim={tuple(known)}")
    return found


def _takes(model: Any) -> tuple[Any, ...] | None:
    path = as_path(model)
    return (path,) if path and (path / "model_config.json").is_file() else None


def _open(folder: str, *, trust: bool, **options: Any) -> "PythaeModel":
    opened: PythaeModel = call(from_pythae, folder, **options)
    return opened


def _example() -> Example:
    import torch
    from pythae.models import VAE, VAEConfig

    return Example(VAE(VAEConfig(input_dim=(1, 8, 8), latent_dim=3)).eval(), {}, torch.rand(6, 1, 8, 8))


ADAPTER = Adapter(
    name="pythae",
    packages=("pythae",),
    takes=_takes,
    wraps=from_pythae,
    opens=_open,
    form="FOLDER",
    holds="model_config.json and model.safetensors",
    example=_example,
)
