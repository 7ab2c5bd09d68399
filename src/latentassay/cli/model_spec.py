"""Models named by words on the command line: runs, diffusers' folders, ONNX pairs, functions that return a model."""

import importlib
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from latentassay.adapters.diffusers import from_diffusers
from latentassay.adapters.diffusers_files import load_folder
from latentassay.adapters.onnx import from_onnx
from latentassay.adapters.wrap import wrap
from latentassay.cli.config import DataConfig, parse_options, read_data_config
from latentassay.core.errors import FileError, InputError, LatentAssayError
from latentassay.core.storage import kind_of
from latentassay.data import FactorData
from latentassay.training.checkpoint import MANIFEST
from latentassay.training.run import load_run

FORMS = """runs/x (a folder that `latentassay train` made), diffusers:FOLDER, onnx:ENCODER.onnx,DECODER.onnx, or
package.module:function (with --trust)"""
FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
WRITE_ONE = (
    "Write a function that builds the model and loads its weights, and name it package.module:function with --trust."
)


class OpenedModel(NamedTuple):
    """A model to question.

    Attributes:
        model: behind the door of ``latentassay.Autoencoder``.
        name: what the report calls it.
        notes: by which adapter and in which space it is questioned, for the user to read.
        run: the folder that says which data it was trained on, or ``None``.
    """

    model: Any
    name: str
    notes: str
    run: Path | None = None

    def load(self, data: str | None, options: dict[str, Any]) -> FactorData:
        """Load data by name or path; a folder of pictures takes the model's size and colours where none are stated.

        Raises:
            InputError: no data are named, and the model does not say which it was trained on.
        """
        if data is not None:
            return DataConfig(name=data, options=self._pictured(data) | options).load()
        if self.run is None:
            raise InputError("say on which data: --data photos/, --data cells.h5ad, --data digits …")
        return read_data_config(self.run).split().test

    def _pictured(self, data: str) -> dict[str, Any]:
        shape: Any = getattr(self.model, "x_shape", None) or ()
        if not Path(data).expanduser().is_dir() or len(shape) != 3 or shape[0] not in (1, 3) or shape[1] != shape[2]:
            return {}
        return {"size": int(shape[1]), "colour": "grey" if shape[0] == 1 else "rgb"}


def open_model(words: str, *, trust: bool = False, command: str | None = None, **options: Any) -> OpenedModel:
    """Open the model that ``words`` name.

    Args:
        words: ``"runs/x"``, ``"diffusers:FOLDER"``, ``"onnx:ENCODER,DECODER"`` or ``"package.module:function"``; the
            function takes nothing and returns a model, or a pair (encode, decode).
        trust: import code where a function is named; never done otherwise.
        command: what to say one should run to trust it.
        options: for ``from_diffusers`` (``space``, ``size``, ``prior``, ``value_range``), ``from_onnx`` or ``wrap``;
            text with commas, such as ``"0,1"``, is read as a tuple.

    Raises:
        InputError: an unknown form, an option that this form does not take, a function without ``trust``, or one that
            cannot be found or fails.
        ContractError: what was found is no autoencoder.
        FileError: a file is missing, damaged, or a pickle.
    """
    kind, _, rest = words.partition(":")
    options = {name: _apart(value) for name, value in options.items()}
    if kind == "diffusers":
        return _diffusers(rest, **options)
    if kind == "onnx":
        return _onnx(rest, **options)
    path = Path(words).expanduser()
    if not path.exists() and FUNCTION.fullmatch(words):
        return _function(words, trust, command, options)
    if options:
        raise InputError(f"a run takes no options, got {', '.join(options)}")
    return _run(path)


def _run(path: Path) -> OpenedModel:
    _check_run(path)
    run = load_run(path)
    notes = f"{type(run.model).__name__} trained here, {run.step} steps"
    return OpenedModel(run.model, f"{path.resolve().name} (step {run.step})", notes, path)


def _check_run(path: Path) -> None:
    """Where something else than a run lies, say how to name it."""
    if path.is_file():
        with path.open("rb") as stream:
            kind = kind_of(stream.read(512))
        if path.suffix == ".onnx":
            raise InputError(f"{path} is half of a pair; name both: onnx:{path},DECODER.onnx")
        raise FileError(path, kind or "is a file, not a model that can be read", f"{WRITE_ONE} Understood are {FORMS}.")
    if (path / "config.json").is_file() and not (path / MANIFEST).exists():
        raise InputError(f"{path} looks like a folder of diffusers; name it diffusers:{path}")


def _diffusers(folder: str, *, size: int | None = None, **options: Any) -> OpenedModel:
    path = Path(folder).expanduser()
    net = load_folder(path)
    config: Any = net.config
    if size is None and config.get("sample_size") is None:
        raise InputError(f"the config in {path} does not say how large pictures are; say --size 64, for example")
    shape = None if size is None else (config["in_channels"], size, size)
    return _opened(path.resolve().name, _called(from_diffusers, net, x_shape=shape, **options))


def _onnx(pair: str, **options: Any) -> OpenedModel:
    paths = [Path(part).expanduser() for part in pair.split(",")]
    if len(paths) != 2:
        raise InputError(f"an ONNX pair is named onnx:ENCODER.onnx,DECODER.onnx, got {len(paths)} files in {pair!r}")
    return _opened(paths[0].stem, _called(from_onnx, *paths, **options))


def _function(words: str, trust: bool, command: str | None, options: dict[str, Any]) -> OpenedModel:
    if not trust:
        raise InputError(
            f"{words} names code, which is imported and run only if you trust it: "
            f"{command or f'latentassay assay {words} --trust'}"
        )
    return _opened(words, wrap(_call(words), **options))


def _call(words: str) -> Any:
    """Import the module, with the current folder among the places looked in, and call the function."""
    module, _, name = words.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        where = f"in {Path.cwd()} or among the installed packages"
        raise InputError(f"there is no module {error.name} {where}; is it spelt right, and installed?") from error
    except Exception as error:
        raise InputError(f"{module} cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    function = getattr(found, name, None)
    if not callable(function):
        near = get_close_matches(name, [key for key, value in vars(found).items() if callable(value)], 3, 0.4)
        raise InputError(f"{module} has no function {name}{'; did you mean ' + ', '.join(near) if near else ''}")
    try:
        return function()
    except LatentAssayError:
        raise
    except Exception as error:
        raise InputError(f"{words} failed: {type(error).__name__}: {error}; see where with --debug") from error


def _apart(value: Any) -> Any:
    if not isinstance(value, str) or "," not in value:
        return value
    return tuple(parse_options([f"part={part}"])["part"] for part in value.split(","))


def _called(adapter: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    try:
        return adapter(*arguments, **options)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        raise InputError(f"{adapter.__name__}: {str(error).partition(') ')[2] or error}") from error


def _opened(name: str, model: Any) -> OpenedModel:
    adapter = getattr(model, "adapter", None) or type(model).__name__
    space = getattr(model, "space", None) or "native latents"
    return OpenedModel(model, f"{name}: {adapter}, {space.partition(' (')[0]}", f"{adapter} in {space}")
