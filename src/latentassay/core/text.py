"""Text from files and users as it may be printed: without characters that steer a terminal or turn lines around."""

import re

STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, among them the escape that begins ANSI sequences
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks of the direction of writing
    "\u2028\u2029"  # separators of lines and paragraphs
    "\ud800-\udfff]"  # halves of characters, as bytes that are no UTF-8 become in names of files
)
"""Characters that are written as their codes; tabs and ends of lines stay."""


def printable(text: str) -> str:
    r"""Return the text with every character that could steer what shows it written as its code.

    >>> printable("a\x1b[2Jb\u202ec\udcff")
    'a\\x1b[2Jb\\u202ec\\udcff'
    """
    return STEERING.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


HYPHEN = re.compile(r"(?<![\w.)\]\[’”-])-(?=\d)")
"""A hyphen that stands for a minus sign: before a digit, and after nothing that it could join or take away from."""


def minus_signs(text: str) -> str:
    """Return the text with minus signs before negative numbers.

    >>> minus_signs("-0.5 ± 0.1 to (-3), 4.6e-12, run-3")
    '−0.5 ± 0.1 to (−3), 4.6e-12, run-3'
    """
    return HYPHEN.sub("−", text)
