"""``Estimate``: a float that knows how sure it is."""

import math
from statistics import NormalDist
from typing import Any, SupportsFloat

CONFIDENCE = 0.95
"""Of every interval, unless another is named."""

Z95 = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
"""Standard errors from the middle of a normal 95 % interval to its ends."""


ROUNDING = 1e-9
"""Intervals narrower than this share of the value are those of rounded sums, and say nothing to a reader."""


HUGE = 1e7
"""From here on numbers are written with an exponent."""


class Estimate(float):
    """A number with its 95 % interval, its standard error, and how many samples it rests on.

    It is a ``float`` in every computation, and what is computed from it is a plain one. Where the interval is left out
    it is ``value ± 1.96 stderr``; where the standard error is left out it is the interval's width over 3.92. Where
    both are, nothing is known of the uncertainty: ``low``, ``high`` and ``stderr`` are ``None``.

    Attributes:
        low: lower end of the 95 % interval.
        high: upper end.
        stderr: standard error.
        n: number of samples, or ``None`` where nobody said.

    >>> found = Estimate(0.2651, stderr=0.0041, n=512)
    >>> found
    0.2651 ± 0.0080
    >>> round(found.low, 3), found.n, found + 1
    (0.257, 512, 1.2651)
    >>> Estimate(0.01, low=0.002, high=0.037), Estimate(0.5)
    (0.010 (0.002 to 0.037), 0.5)
    """

    __slots__ = ("high", "low", "n", "stderr")

    low: float | None
    high: float | None
    stderr: float | None
    n: int | None

    def __new__(
        cls,
        value: SupportsFloat,
        *,
        low: SupportsFloat | None = None,
        high: SupportsFloat | None = None,
        stderr: SupportsFloat | None = None,
        n: int | None = None,
    ) -> "Estimate":
        """Complete what is left out, as the class says; numbers of numpy and torch become Python's."""
        made = super().__new__(cls, value)
        made.low, made.high, made.stderr = _plain(low), _plain(high), _plain(stderr)
        made.n = None if n is None else int(n)
        if made.low is None and made.high is None and made.stderr is not None:
            made.low, made.high = made - Z95 * made.stderr, made + Z95 * made.stderr
        elif made.low is not None and made.high is not None and made.stderr is None:
            made.stderr = (made.high - made.low) / (2 * Z95)
        return made

    def __str__(self) -> str:
        return formatted(self)

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        """``f"{x}"`` shows the interval, ``f"{x:.3f}"`` the number alone."""
        return float(self).__format__(spec) if spec else str(self)

    def __getnewargs_ex__(self) -> tuple[tuple[float], dict[str, Any]]:
        return (float(self),), {"low": self.low, "high": self.high, "stderr": self.stderr, "n": self.n}

    def scaled(self, factor: float) -> "Estimate":
        """Return the same in another unit, e.g. 100 for percent."""
        ends = [None if end is None else end * factor for end in (self.low, self.high, self.stderr)]
        return Estimate(self * factor, low=ends[0], high=ends[1], stderr=ends[2], n=self.n)


def formatted(value: Estimate) -> str:
    """Write a number with as many digits as its interval has meaning: ± where it is about even, else both ends."""
    low, high = value.low, value.high
    if low is None or high is None or low == high or not math.isfinite(high - low):
        return short(value)
    if high - low < ROUNDING * abs(value):
        return short(value)
    if max(abs(low), abs(high)) >= HUGE:
        even = abs((high - value) - (value - low)) <= 0.2 * (high - low)
        interval = f"± {(high - low) / 2:.1e}" if even else f"({low:.1e} to {high:.1e})"
        return f"{value:.1e} {interval}"
    if high - low < 2e-4:
        return f"{short(value)} ± {(high - low) / 2:.1e}"
    digits = decimals((high - low) / 2)
    if abs((high - value) - (value - low)) <= 0.2 * (high - low):
        return f"{value:.{digits}f} ± {(high - low) / 2:.{digits}f}"
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def decimals(error: float) -> int:
    """Decimals that show an error with two significant digits; whole numbers stay whole.

    >>> decimals(0.0123), decimals(2.5), decimals(40.0)
    (3, 1, 0)
    """
    return max(0, 1 - math.floor(math.log10(error)))


def short(value: float) -> str:
    """Three significant digits, without an exponent where a person would not write one.

    >>> short(0.071234), short(1234.5), short(7.0), short(0.0000123)
    ('0.0712', '1234', '7', '1.23e-05')
    """
    value = float(value)
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.2e}" if value == value else "nan"
    digits = 3 if abs(value) < 1000 else 4
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e" in text else text


def _plain(value: SupportsFloat | None) -> float | None:
    return None if value is None else float(value)
