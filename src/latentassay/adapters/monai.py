"""MONAI's ``AutoencoderKL``, in two or three dimensions, as a model or as a folder."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentassay.adapters._adapter import Adapter, Example, call, class_of
from latentassay.adapters._paths import as_path, mentions
from latentassay.core.errors import ContractError, InputError

if TYPE_CHECKING:
    from latentassay.adapters._monai_model import MonaiModel


def from_monai(
    model: Any,
    *,
    x_shape: Any,
    prior: Any = None,
    scale_factor: Any = 1.0,
    value_range: Any = (0.0, 1.0),
) -> "MonaiModel":
    """Bring a MONAI ``AutoencoderKL`` behind the door.

    Pictures go in and come out in [0, 1]. The model does not keep the size it was trained on, so ``x_shape`` must be
    given.

    Args:
        model: the model, with weights; or the path of a folder with ``config.json``, which holds the arguments of
            ``AutoencoderKL``, and ``model.safetensors``. MONAI's bundles are not read: their configs are programs, and
            their weights pickles.
        x_shape: shape of one picture ``(channels, height, width)``, or of a volume if the model has three dimensions.
        prior: ``"normal"`` for N(0, I), another ``Prior``, or ``None``.
        scale_factor: work on ``z · scale_factor``, as MONAI's ``LatentDiffusionInferer`` does; 1 is the native space.
        value_range: the values that the model itself was trained on; MONAI's ``ScaleIntensity`` gives (0, 1).

    Raises:
        ContractError: another class, no weights, half precision on the CPU, or channels that differ between in and out.
        InputError: an argument is not of its kind, or the strides do not divide ``x_shape``.
        FileError: the folder is missing, damaged, or holds a pickle.
    """
    from latentassay.adapters._monai_files import load_folder
    from latentassay.adapters._monai_model import MonaiModel
    from latentassay.adapters._pictures import as_pictures, as_prior, expect_weights

    model = load_folder(model) if isinstance(model, str | Path) else model
    _expect_monai(model)
    expect_weights(model, "AutoencoderKL")
    if not (isinstance(scale_factor, int | float) and math.isfinite(scale_factor) and scale_factor > 0):
        raise InputError(f"scale_factor must be a positive number, got {scale_factor!r}")
    encoder = model.encoder
    pictures = as_pictures(
        x_shape,
        value_range,
        channels=encoder.in_channels,
        latent_channels=model.latent_channels,
        stride=2 ** (len(encoder.channels) - 1),
        dims=encoder.spatial_dims,
    )
    return MonaiModel(model, pictures, as_prior(prior, pictures.latent_shape), float(scale_factor))


def _expect_monai(model: Any) -> None:
    if "AutoencoderKL" not in class_of(model, "monai"):
        raise ContractError(
            f"{type(model).__name__} is no MONAI AutoencoderKL; wrap it with la.from_torch(encode, decode, "
            "latent_shape=...), and output='mean_std' if it returns (mu, sigma)"
        )
    ins, outs = model.encoder.in_channels, model.decoder.out_channels
    if ins != outs:
        raise ContractError(
            f"AutoencoderKL turns {ins} channels into {outs}; an autoencoder must return what it was given"
        )


def _takes(model: Any) -> tuple[Any, ...] | None:
    path = as_path(model)
    return (path,) if path and mentions(path / "config.json", '"spatial_dims"') else None


def _open(folder: str, *, trust: bool, size: int | None = None, **options: Any) -> "MonaiModel":
    from latentassay.adapters._monai_files import load_folder
    from latentassay.adapters._pictures import size_of_pictures

    path = Path(folder).expanduser()
    model: Any = load_folder(path)
    if size is not None or "x_shape" not in options:
        encoder = model.encoder
        options["x_shape"] = size_of_pictures(path, encoder.in_channels, size, encoder.spatial_dims)
    opened: MonaiModel = call(from_monai, model, **options)
    return opened


def _example() -> Example:
    import torch
    from monai.networks.nets import AutoencoderKL

    model = AutoencoderKL(
        spatial_dims=2,
        in_channels=1,
        out_channels=1,
        num_res_blocks=1,
        channels=(8, 16),
        attention_levels=(False, False),
        latent_channels=3,
        norm_num_groups=4,
    )
    return Example(model.eval(), {"x_shape": (1, 16, 16)}, torch.rand(6, 1, 16, 16))


ADAPTER = Adapter(
    name="monai",
    packages=("monai",),
    takes=_takes,
    wraps=from_monai,
    opens=_open,
    form="FOLDER",
    holds="config.json, the arguments of AutoencoderKL, and model.safetensors; with --size",
    example=_example,
)
