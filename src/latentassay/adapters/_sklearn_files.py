"""Estimators in files of skops, which name the types that they ask for; pickles and joblib files are refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from latentassay.adapters._adapter import require
from latentassay.adapters._files import PICKLE
from latentassay.core.errors import FileError, first_line
from latentassay.core.storage import check_regular, kind_of

PICKLES = (".pkl", ".pickle", ".joblib")
DUMP = "Where you trust its source, load it yourself, and write it with skops.io.dump(model, 'model.skops')."


def load_skops(path: str | Path, *, trust: bool) -> Any:
    """Load an estimator from a file that ``skops.io.dump`` wrote.

    skops builds what a file describes from types that it knows to be harmless. A file that asks for others, such as
    functions or classes of one's own, is refused unless ``trust`` is true.

    Raises:
        FileError: missing, damaged, a pickle, or one that asks for types that are not trusted.
        InputError: skops is not installed.
    """
    file = Path(path).expanduser()
    _expect_no_pickle(file)
    skops = require("skops.io", "skops")
    unknown = _read(skops.get_untrusted_types, file)
    if unknown and not trust:
        fix = "Look at them, and say --trust on the command line, or load it with skops.io.load, if you trust them."
        raise FileError(file, f"asks for types that skops does not trust: {', '.join(unknown)}", fix)
    return _read(skops.load, file, trusted=unknown)


def _read(function: Callable[..., Any], file: Path, **options: Any) -> Any:
    try:
        return function(file=file, **options)
    except Exception as error:  # skops' errors for damaged files are of many kinds, and share no base but this one
        cause = f"is no whole file of skops ({first_line(error)})"
        raise FileError(file, cause, "Write it with skops.io.dump(model, 'model.skops').") from error


def _expect_no_pickle(file: Path) -> None:
    if file.is_dir() or not file.exists():
        fix = "Give the file that skops.io.dump(model, 'model.skops') wrote."
        raise FileError(file, "is a folder" if file.is_dir() else "does not exist", fix)
    cause = kind_of(check_regular(file)) or (PICKLE if file.suffix in PICKLES else None)
    if cause is not None:
        raise FileError(file, cause, DUMP)
