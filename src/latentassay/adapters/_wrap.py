"""One door for whatever people have: ``wrap`` chooses the adapter."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from latentassay.adapters._adapter import Adapter, packages_of
from latentassay.adapters._folder import Known, inside, outside
from latentassay.adapters._paths import as_path
from latentassay.core.errors import FileError, InputError, LatentAssayError
from latentassay.core.signatures import bind_options
from latentassay.core.storage import check_regular, kind_of

if TYPE_CHECKING:
    from latentassay.core.autoencoder import Autoencoder


class Choice(NamedTuple):
    """An adapter, and what its ``wraps`` takes by position."""

    adapter: Adapter
    arguments: tuple[Any, ...]


def wrap(model: Any, **options: Any) -> "Autoencoder":
    """Bring a model behind the door by the adapter that fits; ``.adapter`` names it, ``.space`` the latent space.

    What is behind the door already is returned as it is. Frameworks are known by the class's package, so none is
    imported that is not there.

    Args:
        model: a model of diffusers, MONAI, pythae, scvi-tools, scikit-learn, or of a package with an adapter; the path
            of a saved one; a pair of ``.onnx`` paths; a pair ``(encode, decode)`` of torch modules or callables; or a
            torch module with methods ``encode`` and ``decode``, or parts ``encoder`` and ``decoder``.
        options: of the adapter: ``la.from_diffusers``, ``la.from_onnx``, ``la.from_torch`` …

    Raises:
        InputError: what this is cannot be told, an option is missing, or the adapter does not have it.
        ContractError: the model cannot be asked, see the adapter.
        FileError: a file is missing or damaged.

    >>> wrap((lambda x: x[:, :2], lambda z: z), latent_shape=(2,)).adapter
    'torch pair'
    """
    from latentassay.core.autoencoder import Autoencoder

    if isinstance(model, Autoencoder) and not options:
        return model
    adapter, arguments = choose(model)
    title = f"from_{adapter.name}"
    fix = f"say {adapter.usage}" if adapter.usage else f"see la.{title}"
    name = f"{type(model).__name__} goes through {title}:"
    bind_options(adapter.wraps, arguments, options, name=name, fix=fix)
    wrapped: Autoencoder = adapter.wraps(*arguments, **options)
    return wrapped


def choose(model: Any) -> Choice:
    """Return the adapter that takes a model: by its own class, by what adapters say of it, by a class it derives from.

    Packages outside are asked only where no adapter inside takes the model's own class or the model itself.

    Raises:
        InputError: no adapter takes it, or several say that they do.
    """
    found = _by_package(model, packages_of(model)[:1], inside()) or _by_word(model, inside())
    if found:
        return found
    strangers = outside()
    everybody = (*inside(), *strangers.known)
    found = _by_package(model, packages_of(model), everybody) or _by_word(model, strangers.known)
    found = found or _by_word(model, everybody, fallback=True)
    if found is None and strangers.errors:
        raise strangers.errors[0]
    if found is None:
        raise _unrecognised(model, [each.adapter for each in everybody])
    for error in strangers.errors:
        warnings.warn(f"{error} (it was passed over)", stacklevel=3)
    return found


def _by_package(model: Any, packages: Sequence[str], known: Sequence[Known]) -> Choice | None:
    claims = {package: each.adapter for each in known for package in each.adapter.packages}
    for package in packages:
        if package in claims:
            return Choice(claims[package], (model,))
    return None


def _by_word(model: Any, known: Sequence[Known], *, fallback: bool = False) -> Choice | None:
    asked = [(each, each.adapter.arguments(model)) for each in known if each.adapter.fallback is fallback]
    found = [(each, arguments) for each, arguments in asked if arguments is not None]
    if len(found) > 1:
        origins = " and ".join(str(each.origin) for each, _ in found)
        raise InputError(f"{origins} both take this {type(model).__name__}; call la.from_… of one of them")
    return Choice(found[0][0].adapter, found[0][1]) if found else None


def _unrecognised(model: Any, adapters: Sequence[Adapter]) -> LatentAssayError:
    path = as_path(model)
    if path is not None:
        files = "; ".join(f"{adapter.form} of {adapter.name}: {adapter.holds}" for adapter in adapters if adapter.form)
        return FileError(path, _what_it_is(path), f"Understood are {files}.")
    packages = ", ".join(package for adapter in adapters for package in adapter.packages)
    usages = "; or ".join(adapter.usage for adapter in adapters if adapter.usage)
    takes = f"models of {packages}, or the paths of their files; {usages}"
    return InputError(f"{type(model).__name__} is not recognised; wrap takes {takes}")


def _what_it_is(path: Path) -> str:
    if not path.exists():
        return "does not exist"
    if path.is_dir():
        return "is a folder that no adapter knows"
    return kind_of(check_regular(path)) or "is a file that no adapter knows"
