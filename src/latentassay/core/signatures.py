"""Whether a callable takes certain arguments, told by its signature, so that errors inside it are not masked."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from latentassay.core.errors import InputError


def bind(
    function: Callable[..., Any], *arguments: Any, name: str, fix: str = "", **options: Any
) -> inspect.BoundArguments:
    """Return the arguments bound to the signature of ``function``; a ``TypeError`` raised inside it is never masked.

    Args:
        function: what will be called.
        arguments: by position.
        name: what to call the function in a message, e.g. ``"mig"``.
        fix: what to do, if the message should end with it.
        options: by keyword.

    Raises:
        InputError: an option that it does not take, or one that it needs and did not get; the options it has are named.

    >>> bind(lambda x, *, bins=20: x, 1, name="mig", bins=10).kwargs
    {'bins': 10}
    >>> bind(lambda x, *, bins=20: x, 1, name="mig", bin=10)
    Traceback (most recent call last):
      ...
    latentassay.core.errors.InputError: mig got an unexpected keyword argument 'bin'; its options are bins
    """
    return bind_options(function, arguments, options, name=name, fix=fix)


def bind_options(
    function: Callable[..., Any], arguments: Sequence[Any], options: Mapping[str, Any], *, name: str, fix: str = ""
) -> inspect.BoundArguments:
    """Do what ``bind`` does, for options that a user named: among them may be one called ``name`` or ``fix``.

    Raises:
        InputError: see ``bind``.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some built-in functions have none; they check their arguments themselves
        signature = inspect.signature(lambda *arguments, **options: None)
    try:
        return signature.bind(*arguments, **options)
    except TypeError as error:
        known = ", ".join(_options(list(signature.parameters.values())[len(arguments) :])) or "none"
        raise InputError(f"{name} {error}; its options are {known}{'; ' if fix else ''}{fix}") from None


def _options(parameters: Sequence[inspect.Parameter]) -> list[str]:
    """Names of what may be given by keyword."""
    return [each.name for each in parameters if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD)]
