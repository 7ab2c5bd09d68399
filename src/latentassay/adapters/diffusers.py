"""diffusers' image autoencoders, as models or as folders, in their native or their scaled latent space."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentassay.adapters._adapter import Adapter, Example, call, class_of
from latentassay.adapters._paths import as_path, mentions
from latentassay.core.errors import ContractError, InputError

if TYPE_CHECKING:
    from latentassay.adapters._diffusers_model import DiffusersModel

CLASSES = ("AutoencoderKL", "AutoencoderTiny", "AutoencoderDC", "VQModel")


def from_diffusers(
    model: Any,
    *,
    x_shape: Any = None,
    space: Any = "native",
    prior: Any = None,
    value_range: Any = (-1.0, 1.0),
) -> "DiffusersModel":
    """Bring an ``AutoencoderKL``, ``AutoencoderTiny``, ``AutoencoderDC`` or ``VQModel`` behind the door.

    Pictures go in and come out in [0, 1]. ``encode`` of diffusers does not apply ``scaling_factor``; pipelines do, so
    a diffusion model sees another space than the one the autoencoder was trained in. Choose:

    - ``"native"``: z as ``encode`` returns it.
    - ``"scaled"``: ``(z − shift_factor) · scaling_factor``, or ``(z − latents_mean) / latents_std · scaling_factor``
      where the config has them; a posterior's σ is multiplied by the same slope.
    - ``"unit"``: ``AutoencoderTiny`` alone; z / (2 · latent_magnitude) + latent_shift, clamped to [0, 1], as its
      latents are stored in pictures.

    Args:
        model: the model, or the path of a folder with ``config.json`` and safetensors, as ``save_pretrained`` writes.
        x_shape: shape of one picture ``(channels, height, width)``; where left out, the config's ``sample_size``.
        space: one of the above.
        prior: ``"normal"`` for N(0, I), another ``Prior``, or ``None``: these autoencoders are hardly regularised.
        value_range: the pixel values that the model itself was trained on.

    Raises:
        ContractError: another class, no weights, half precision on the CPU, tiling switched on, or an unusable config.
        InputError: an argument is not of its kind, or no size of the pictures is known.
        FileError: the folder is missing, damaged, or holds a pickle.
    """
    from latentassay.adapters._diffusers_files import load_folder
    from latentassay.adapters._diffusers_model import DiffusersModel, read_space
    from latentassay.adapters._pictures import as_pictures, as_prior, expect_weights

    model = load_folder(model, CLASSES) if isinstance(model, str | Path) else model
    kind = _kind(model)
    expect_weights(model, kind)
    config = model.config
    _expect_whole(model, kind, config)
    blocks = config.get("encoder_block_out_channels") or config.get("block_out_channels")
    pictures = as_pictures(
        _x_shape(config, x_shape, kind),
        value_range,
        channels=config["in_channels"],
        latent_channels=config.get("vq_embed_dim") or config["latent_channels"],
        stride=2 ** (len(blocks) - 1),
    )
    chosen = read_space(kind, config, space, pictures.latent_shape[0])
    return DiffusersModel(model, kind, pictures, as_prior(prior, pictures.latent_shape), chosen)


def _kind(model: Any) -> str:
    for name in class_of(model, "diffusers"):
        if name in CLASSES:
            return name
    raise ContractError(
        f"{type(model).__name__} is none of diffusers' {', '.join(CLASSES)}; "
        "wrap it with la.from_torch(encode, decode, latent_shape=...)"
    )


def _expect_whole(model: Any, kind: str, config: Any) -> None:
    if getattr(model, "use_tiling", False):
        raise ContractError(
            f"{kind} has tiling on, and its answers depend on tile borders; call model.disable_tiling()"
        )
    ins, outs = config["in_channels"], config.get("out_channels", config["in_channels"])
    if ins != outs:
        raise ContractError(f"{kind} turns {ins} channels into {outs}; an autoencoder must return what it was given")


def _x_shape(config: Any, x_shape: Any, kind: str) -> Any:
    if x_shape is not None:
        return x_shape
    size = config.get("sample_size")
    if size is None:
        raise InputError(f"the config of {kind} does not say how large pictures are; say e.g. x_shape=(3, 64, 64)")
    return (config["in_channels"], *((size, size) if isinstance(size, int) else size))


def _takes(model: Any) -> tuple[Any, ...] | None:
    path = as_path(model)
    known = path and (mentions(path / "config.json", '"_class_name"') or (path / "model_index.json").is_file())
    return (path,) if known else None


def _open(folder: str, *, trust: bool, size: int | None = None, **options: Any) -> "DiffusersModel":
    from latentassay.adapters._diffusers_files import load_folder
    from latentassay.adapters._pictures import size_of_pictures

    path = Path(folder).expanduser()
    model: Any = load_folder(path, CLASSES)
    if size is not None or (model.config.get("sample_size") is None and "x_shape" not in options):
        options["x_shape"] = size_of_pictures(path, model.config["in_channels"], size)
    opened: DiffusersModel = call(from_diffusers, model, **options)
    return opened


def _example() -> Example:
    import diffusers
    import torch

    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    make: Any = diffusers.AutoencoderKL
    model = make(block_out_channels=(8, 16), norm_num_groups=4, latent_channels=2, **blocks)
    return Example(model.eval(), {"x_shape": (3, 16, 16)}, torch.rand(6, 3, 16, 16))


ADAPTER = Adapter(
    name="diffusers",
    packages=("diffusers",),
    takes=_takes,
    wraps=from_diffusers,
    opens=_open,
    form="FOLDER",
    holds="config.json and safetensors, as save_pretrained writes them",
    example=_example,
)
