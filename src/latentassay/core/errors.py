"""The errors a user can meet. Each message says what was expected, what came, and what to do."""

from pathlib import Path

from latentassay.core.text import printable


class LatentAssayError(Exception):
    """Base of every error this package raises on purpose; the command line prints it in one line.

    Its text quotes names and paths, and what could steer a terminal in them is written as its code.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


class InputError(LatentAssayError, ValueError):
    """An argument has the wrong shape, type, range or value."""


class ContractError(LatentAssayError, TypeError):
    """A model does not keep the contract of ``latentassay.core.autoencoder``."""


class FileError(LatentAssayError):
    """A file is missing, damaged, hostile or of another kind.

    Attributes:
        path: the file.
        cause: what is wrong with it.
        fix: what the user can do.
    """

    def __init__(self, path: str | Path, cause: str, fix: str):
        self.path, self.cause, self.fix = Path(path), cause, fix
        super().__init__(f"{path}: {cause}. {fix}")

    def __reduce__(self) -> tuple[type["FileError"], tuple[Path, str, str]]:
        return type(self), (self.path, self.cause, self.fix)  # so that it can go from one process to another


class CheckpointError(FileError):
    """A checkpoint or saved result is truncated, altered, or not what its manifest says."""


class TrainingError(LatentAssayError, ArithmeticError):
    """Training left the finite numbers; the last checkpoint, if any, is from before that."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type where it has none, to be quoted in another message.

    >>> first_line(ValueError("no weights\\nat layer 3"))
    'no weights'
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
