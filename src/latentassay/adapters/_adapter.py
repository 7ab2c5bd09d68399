"""What an adapter says of itself: which models it takes, its word on the command line, and how it opens files."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from latentassay.core.errors import InputError, first_line
from latentassay.core.signatures import bind_options

if TYPE_CHECKING:
    from torch import Tensor

NAME = re.compile(r"[a-z][a-z0-9_]*")


class Example(NamedTuple):
    """A small model at random weights, on which the contract tests run an adapter.

    Attributes:
        model: what ``la.wrap`` is given.
        options: its options.
        x: at least four observations ``(n, *x_shape)``.
    """

    model: Any
    options: dict[str, Any]
    x: "Tensor"


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """How the models of one framework come behind the door; one at the top level of each file in ``adapters/``.

    Frameworks and torch are imported inside the functions, so that a list of adapters costs no time.

    Attributes:
        name: of the adapter's file, of the function ``la.from_<name>``, and of its word on the command line.
        wraps: the function ``from_<name>``; its keyword arguments are the adapter's options.
        packages: top-level packages; a model is taken if its class, or a class that it derives from, is of one.
        takes: for models that no package tells, such as paths: the positional arguments of ``wraps``, or ``None`` for
            what is not taken.
        opens: called as ``opens(words, trust=…, **options)`` with what stands behind ``<name>:`` on the command line,
            and returns the model behind the door. It runs no code from files unless ``trust`` is true.
        form: what stands there, e.g. ``"FOLDER"``.
        holds: what those files are, in a few words for ``--help``.
        usage: how ``la.wrap`` is called, where its errors should show that.
        example: makes an ``Example``; raises ``ImportError`` where the framework is not installed.
        fallback: whether models are offered only after every other adapter has declined.

    Raises:
        InputError: a field is not of its kind.

    >>> Adapter(name="mine", packages=("mine",), wraps=lambda model: model).name
    'mine'
    """

    name: str
    wraps: Callable[..., Any]
    packages: tuple[str, ...] = ()
    takes: Callable[[Any], tuple[Any, ...] | None] | None = None
    opens: Callable[..., Any] | None = None
    form: str = ""
    holds: str = ""
    usage: str = ""
    example: Callable[[], Example] | None = None
    fallback: bool = False

    def __post_init__(self) -> None:
        """Refuse fields of another kind, so that a stranger's mistake is found where the file is read."""
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise InputError(f"an adapter's name must be a word such as 'mine', got {self.name!r}")
        if not isinstance(self.packages, tuple) or not all(isinstance(package, str) for package in self.packages):
            raise InputError(f"packages of {self.name!r} must be a tuple such as ('mine',), got {self.packages!r}")
        for name in ("wraps", "takes", "opens", "example"):
            value = getattr(self, name)
            if not (callable(value) or (value is None and name != "wraps")):
                raise InputError(f"{name} of {self.name!r} must be a function, got {type(value).__name__}")
        if bool(self.opens) != bool(self.form):
            raise InputError(f"{self.name!r} needs both opens and form (such as 'FOLDER'), or neither")

    def arguments(self, model: Any) -> tuple[Any, ...] | None:
        """Return what ``wraps`` takes by position where ``takes`` knows the model, else ``None``."""
        return None if self.takes is None else self.takes(model)


def packages_of(model: Any) -> list[str]:
    """Return the top-level packages of a model's class and of those it derives from, its own first.

    >>> packages_of(3)
    ['builtins']
    """
    return list(dict.fromkeys(base.__module__.partition(".")[0] for base in type(model).__mro__))


def class_of(model: Any, package: str) -> list[str]:
    """Return the names of a model's classes that are of ``package``, its own first; nothing is imported for that.

    >>> class_of(True, "builtins")
    ['bool', 'int', 'object']
    """
    return [base.__name__ for base in type(model).__mro__ if base.__module__.partition(".")[0] == package]


def call(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call a function with options that a user named; one that it does not have is refused by name.

    Raises:
        InputError: an option that it does not take, or one that it needs and did not get.
    """
    bind_options(function, arguments, options, name=function.__name__)
    return function(*arguments, **options)


def require(module: str, install: str) -> Any:
    """Import a module of a framework.

    Raises:
        InputError: it is not installed; ``install`` says what pip installs.
    """
    package = module.partition(".")[0]
    try:
        import_module(package)
        return import_module(module)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == package
        reason = "is not installed" if absent else f"cannot be imported ({first_line(error)})"
        raise InputError(f"{package} {reason}; pip install {install}") from error
