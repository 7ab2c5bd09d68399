"""One door for whatever people have: ``wrap`` chooses the adapter."""

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from latentassay.adapters.pythae_files import CONFIG
from latentassay.adapters.torch_pair import from_torch
from latentassay.core.autoencoder import Autoencoder
from latentassay.core.errors import InputError

FRAMEWORKS = {
    "diffusers": "diffusers",
    "monai": "monai",
    "pythae": "pythae",
    "scvi": "scvi",
    "sklearn": "sklearn",
}
"""Package that a class comes from → the adapter that takes it."""

FORMS = (
    "a model of diffusers, MONAI, pythae, scvi-tools or scikit-learn; a folder of diffusers or pythae; two paths of "
    ".onnx files; or a pair (encode, decode) of torch with latent_shape=(24,)"
)


def wrap(model: Any, **options: Any) -> Autoencoder:
    """Bring a model behind the door by the adapter that fits; ``.adapter`` names it, ``.space`` the latent space.

    What is behind the door already is returned as it is. Frameworks are known by the class's package, so none is
    imported that is not there.

    Args:
        model: a model of diffusers, MONAI, pythae, scvi-tools or scikit-learn; the folder of a model of diffusers or
            pythae; a pair of ``.onnx`` paths; a pair ``(encode, decode)`` of torch modules or callables; or a torch
            module with methods ``encode`` and ``decode``, or parts ``encoder`` and ``decoder``.
        options: of the adapter: ``la.from_diffusers``, ``la.from_onnx``, ``la.from_torch`` …

    Raises:
        InputError: what this is cannot be told, an option is missing, or the adapter does not have it.
        ContractError: the model cannot be asked, see the adapter.
        FileError: a file is missing or damaged.

    >>> wrap((lambda x: x[:, :2], lambda z: z), latent_shape=(2,)).adapter
    'torch pair'
    """
    if isinstance(model, Autoencoder) and not options:
        return model
    adapter, arguments = _choice(model)
    _check(adapter, model, arguments, options)
    made: Autoencoder = adapter(*arguments, **options)
    return made


def _choice(model: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    if isinstance(model, str | Path):
        return _adapter("pythae" if (Path(model) / CONFIG).is_file() else "diffusers"), (model,)
    if isinstance(model, tuple | list) and len(model) == 2:
        paths = all(isinstance(part, str | Path) for part in model)
        return (_adapter("onnx") if paths else from_torch), tuple(model)
    packages = [base.__module__.partition(".")[0] for base in type(model).__mro__]
    for package in packages:
        if package in FRAMEWORKS:
            return _adapter(FRAMEWORKS[package]), (model,)
    for halves in (("encode", "decode"), ("encoder", "decoder")):
        parts = tuple(getattr(model, half, None) for half in halves)
        if all(callable(part) for part in parts):
            return from_torch, parts
    raise InputError(f"{type(model).__name__} is not recognised; wrap takes {FORMS}")


def _adapter(name: str) -> Callable[..., Any]:
    made: Callable[..., Any] = getattr(import_module(f"latentassay.adapters.{name}"), f"from_{name}")
    return made


def _check(adapter: Callable[..., Any], model: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    try:
        inspect.signature(adapter).bind(*arguments, **options)
    except TypeError as error:
        mend = f"see la.{adapter.__name__}"
        if adapter is from_torch:
            mend = "say la.wrap(model, latent_shape=(24,)), and output='mean_logvar' if it answers (mean, log-variance)"
        raise InputError(f"{type(model).__name__} goes through {adapter.__name__}: {error}; {mend}") from error
