"""Text of users and files, ready for the terminal."""

from rich import markup

from latentassay.core.text import printable


def escape(text: str) -> str:
    r"""Return text that rich prints as it is: its square brackets are no markup, and nothing in it steers a terminal.

    >>> escape("[red]\x1b[2J")
    '\\[red]\\x1b[2J'
    """
    return markup.escape(printable(text))
