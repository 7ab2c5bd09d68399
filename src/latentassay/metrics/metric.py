"""The decorator that makes a function of codes a metric, and the record of it that everything else reads.

A metric is one file: the function, what a table says of it, and its laws. The decorator registers it nowhere: it leaves
a frozen record on the function, which ``metrics.catalog`` finds by looking through the files of a folder.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple, TypeVar

from latentassay.metrics.laws import Laws, SampleLaws

Options = Mapping[str, Any]

Needs = Literal["factors", "codes", "samples"]
"""What a metric is called with: codes and factors, codes alone, or two sets of features."""

Function = TypeVar("Function", bound=Callable[..., Any])

RECORD = "__metric__"
"""Attribute of a function that holds its record."""

LAST = 1000
"""Place in the table of a metric that does not say its own: after all that do, by name."""


class ScoreOf(NamedTuple):
    """One of several scores of one result.

    Attributes:
        name: of the score in a panel.
        label: what a table calls it.
        formula: in words.
        field: of the result.
    """

    name: str
    label: str
    formula: str
    field: str = "score"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric as the panel, the command line, the report and the laws know it.

    Attributes:
        function: ``(codes, factors, **options)`` → a result with its score, or ``(codes, **options)``, or two samples.
        name: what it is called by.
        label: what a table calls it.
        formula: in words.
        source: who proposed it.
        needs: what it is called with.
        laws: what it promises.
        scores: its scores; one, in the field ``score``, unless it declares several.
        takes_units: it takes ``units`` with all their latents; others see a unit's first principal component.
        variants: options under which the field quotes it, too.
        unit: of the number.
        panel: whether it is part of a panel that names no metrics.
        costly: it takes so long that an assay asks for no intervals.
        order: place in a table; equals come by name.
    """

    function: Callable[..., Any]
    name: str
    label: str
    formula: str = ""
    source: str = ""
    needs: Needs = "factors"
    laws: tuple[Laws | SampleLaws, ...] = ()
    scores: tuple[ScoreOf, ...] = ()
    takes_units: bool = False
    variants: tuple[Options, ...] = ()
    unit: str = ""
    panel: bool = True
    costly: bool = False
    order: float = LAST

    @property
    def file(self) -> str:
        """The file that defines it, or the module where there is none to be found."""
        function = inspect.unwrap(self.function)
        while isinstance(function, partial):
            function = inspect.unwrap(function.func)
        code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
        return str(type(function).__module__) if code is None else str(code.co_filename)

    def __call__(self, codes: Any, factors: Any, **options: Any) -> Any:
        """Call the function with what it needs, and with those options that are not for it left out.

        ``resamples`` and ``generator`` are for metrics that draw something; any other option it must take.
        """
        arguments = (codes,) if self.needs == "codes" else (codes, factors)
        unused = {"resamples", "generator"} - set(inspect.signature(self.function).parameters)
        return self.function(*arguments, **{name: value for name, value in options.items() if name not in unused})


def metric(
    *,
    label: str,
    source: str,
    needs: Needs,
    laws: Laws | SampleLaws | Sequence[Laws | SampleLaws],
    formula: str = "",
    name: str = "",
    scores: Iterable[ScoreOf] = (),
    takes_units: bool = False,
    variants: Iterable[Options] = (),
    unit: str = "",
    panel: bool = True,
    costly: bool = False,
    order: float = LAST,
) -> Callable[[Function], Function]:
    """Declare a function to be a metric; arguments as the attributes of ``Metric``, ``name`` the function's by default.

    >>> from latentassay.metrics.laws import Near
    >>> laws = Laws(lowest=0, highest=1, perfect=Near(1, 0), chance=Near(0, 0.1))
    >>> @metric(label="Share", source="nobody", needs="factors", laws=laws)
    ... def share(codes, factors):
    ...     return 0.5
    >>> metric_of(share).name, metric_of(share)([[1]], [[0]], resamples=0, generator=0)
    ('share', 0.5)
    """

    def declare(function: Function) -> Function:
        called = name or function.__name__
        record = Metric(
            function=function,
            name=called,
            label=label,
            formula=formula,
            source=source,
            needs=needs,
            laws=(laws,) if isinstance(laws, Laws | SampleLaws) else tuple(laws),
            scores=tuple(scores) or (ScoreOf(called, label, formula),),
            takes_units=takes_units,
            variants=tuple(variants),
            unit=unit,
            panel=panel,
            costly=costly,
            order=order,
        )
        setattr(function, RECORD, record)
        return function

    return declare


def metric_of(function: Any) -> Metric | None:
    """Return the record that the decorator left on a function, or ``None``."""
    found = getattr(function, RECORD, None)
    return found if isinstance(found, Metric) else None
