"""Models named by words on the command line: runs, what adapters open, functions that return a model.

Nothing here imports torch before a model is opened: ``--help`` lists the forms.
"""

import importlib
import re
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from latentassay.adapters import Adapter, wrap
from latentassay.adapters._folder import inside, named, outside_names
from latentassay.adapters._wrap import choose
from latentassay.core.errors import FileError, InputError, LatentAssayError
from latentassay.core.signatures import bind_options
from latentassay.core.storage import check_regular, kind_of

if TYPE_CHECKING:
    from latentassay.data import FactorData

WORD = re.compile(r"[a-z][a-z0-9_]*")
FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
NAMED = 4
"""Entries of a folder that an error names."""

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

    def load(self, data: str | None, options: dict[str, Any]) -> "FactorData":
        """Load data by name or path; a folder of pictures takes the model's size and colours where none are stated.

        Raises:
            InputError: no data are named, and the model does not say which it was trained on.
        """
        from latentassay.cli.config import DataConfig, read_data_config

        if data is not None:
            return DataConfig(name=data, options=self._picture_options(data) | options).load()
        if self.run is None:
            raise InputError("say on which data: --data photos/, --data cells.h5ad, --data digits …")
        return read_data_config(self.run).split().test

    def load_train(self, train: str | None, data: str | None, options: dict[str, Any]) -> "FactorData | None":
        """Load the rows that the model was trained on: those named, or a run's where its data are its own."""
        from latentassay.cli.config import read_data_config

        if train is not None:
            return self.load(train, options)
        return read_data_config(self.run).split().train if self.run is not None and data is None else None

    def _picture_options(self, data: str) -> dict[str, Any]:
        shape: Any = getattr(self.model, "x_shape", None) or ()
        if not Path(data).expanduser().is_dir() or len(shape) != 3 or shape[0] not in (1, 3) or shape[1] != shape[2]:
            return {}
        return {"size": int(shape[1]), "colour": "grey" if shape[0] == 1 else "rgb"}


def open_model(
    words: str, options: Mapping[str, Any] | None = None, *, trust: bool = False, command: str | None = None
) -> OpenedModel:
    """Open the model that ``words`` name.

    Args:
        words: ``"runs/x"``; the name of an adapter and what it opens, such as ``"diffusers:FOLDER"`` or
            ``"onnx:ENCODER,DECODER"``; or ``"package.module:function"``, where the function takes nothing and returns
            a model, or a pair (encode, decode).
        options: of the adapter, such as ``space``, ``size``, ``prior`` or ``value_range``, or of ``wrap`` for a
            function; text with commas, such as ``"0,1"``, is read as a tuple.
        trust: import code where a function is named, and let adapters open pickles; never done otherwise.
        command: what to say one should run to trust it.

    Raises:
        InputError: an unknown form, an option that this form does not take, a function without ``trust``, or one that
            cannot be found or fails.
        ContractError: what was found is no autoencoder.
        FileError: a file is missing, damaged, or a pickle.
    """
    word, colon, rest = words.partition(":")
    options = {name: _parse(value) for name, value in (options or {}).items()}
    if "trust" in options:
        raise InputError("trust is no option of a model; say --trust")
    adapter = named(word) if colon and WORD.fullmatch(word) else None
    if adapter is not None and adapter.opens is not None:
        return _open(adapter, rest, trust, options)
    path = Path(words).expanduser()
    if not path.exists() and FUNCTION.fullmatch(words):
        return _function(words, trust, command, options)
    if options:
        raise InputError(f"a run takes no options, got {', '.join(options)}")
    return _run(path)


def model_forms() -> str:
    """Say in which forms models are named, for ``--help``; packages outside are listed by name and not imported.

    An adapter here that cannot be used is said instead, so that every other command works beside it.
    """
    try:
        own = [f"{each.adapter.name}:{each.adapter.form}: {each.adapter.holds}." for each in _openers()]
    except LatentAssayError as error:
        own = [f"({error}.)"]
    run = "runs/x: a folder that `latentassay train` or `la.fit(out=…)` made."
    others = [f"{name}:…: of an installed package." for name in outside_names()]
    function = (
        "package.module:function: takes nothing, returns a model or a pair (encode, decode); imports code, so only "
        "with --trust."
    )
    return " ".join([run, *own, *others, function])


def _openers() -> list[Any]:
    return [each for each in inside() if each.adapter.opens]


def _short_forms() -> str:
    own = ", ".join(f"{each.adapter.name}:{each.adapter.form}" for each in _openers())
    outside = "".join(f", {name}:…" for name in outside_names())
    return f"runs/x (a folder that `latentassay train` made), {own}{outside}, or package.module:function (with --trust)"


def _open(adapter: Adapter, rest: str, trust: bool, options: dict[str, Any]) -> OpenedModel:
    opens: Any = adapter.opens
    bind_options(opens, (rest,), {"trust": trust} | options, name=adapter.name)
    model = wrap(opens(rest, trust=trust, **options))
    path = Path(rest.partition(",")[0]).expanduser().resolve()
    return _describe(path.stem if path.is_file() else path.name, model)


def _run(path: Path) -> OpenedModel:
    from latentassay.training.run import load_run

    _check_run(path)
    run = load_run(path)
    notes = f"{type(run.model).__name__} trained here, {run.step} steps"
    return OpenedModel(run.model, f"{path.resolve().name} (step {run.step})", notes, path)


def _check_run(path: Path) -> None:
    """Where something else than a run lies, say how to name it."""
    word, colon, _ = str(path).partition(":")
    if colon and WORD.fullmatch(word) and not path.exists():
        raise InputError(f"there is no adapter {word!r}, and no file or folder {path}; understood are {_short_forms()}")
    from latentassay.training.checkpoint import MANIFEST

    if path.is_dir() and (path / MANIFEST).exists():
        return
    for adapter in (each.adapter for each in _openers()):
        if adapter.arguments(path) is not None:
            raise InputError(f"{path} looks like what {adapter.name} opens; name it {adapter.name}:{path}")
        first, comma, second = adapter.form.partition(",")
        if comma and path.is_file() and path.suffix == Path(first).suffix:
            raise InputError(f"{path} is half of a pair; name both: {adapter.name}:{path},{second}")
    if path.is_dir() and any(path.iterdir()):
        held = sorted(entry.name for entry in path.iterdir())
        more = f" and {len(held) - NAMED} more" if len(held) > NAMED else ""
        cause = f"is no run, which holds {MANIFEST}; it holds {', '.join(held[:NAMED])}{more}"
        raise FileError(path, cause, f"{WRITE_ONE} Understood are {_short_forms()}.")
    if path.is_file():
        cause = kind_of(check_regular(path)) or "is a file, not a model that can be read"
        raise FileError(path, cause, f"{WRITE_ONE} Understood are {_short_forms()}.")


def _function(words: str, trust: bool, command: str | None, options: dict[str, Any]) -> OpenedModel:
    if not trust:
        word, _, rest = words.partition(":")
        near = get_close_matches(word, [each.adapter.name for each in _openers()] + outside_names(), 1)
        raise InputError(
            f"{words} names code, which is imported and run only if you trust it: "
            f"{command or f'latentassay assay {words} --trust'}"
            f"{f'; or did you mean the adapter {near[0]}:{rest}?' if near else ''}"
        )
    from latentassay.core.autoencoder import Autoencoder

    found = _call(words)
    if options or isinstance(found, Autoencoder | tuple | list) or choose(found).adapter.name != "torch":
        return _describe(words, wrap(found, **options))
    return OpenedModel(found, f"{words}: {type(found).__name__}", f"{type(found).__name__}, as it is")


def _call(words: str) -> Any:
    """Import the module, with the current folder among the places looked in, and call the function."""
    module, _, name = words.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        where = f"in {Path.cwd()} or among the installed packages"
        raise InputError(f"there is no module {error.name} {where}; is it spelt right, and installed?") from error
    except Exception as error:  # the user's own code, which may fail in any way
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
    except Exception as error:  # likewise
        raise InputError(f"{words} failed: {type(error).__name__}: {error}; see where with --debug") from error


def _parse(value: Any) -> Any:
    """Read text with commas as a tuple."""
    from latentassay.cli.config import parse_options

    if not isinstance(value, str) or "," not in value:
        return value
    return tuple(parse_options([f"part={part}"])["part"] for part in value.split(","))


def _describe(name: str, model: Any) -> OpenedModel:
    adapter = getattr(model, "adapter", None) or type(model).__name__
    space = getattr(model, "space", None) or "native latents"
    return OpenedModel(model, f"{name}: {adapter}, {space.partition(' (')[0]}", f"{adapter} in {space}")
