"""What an assay is made of: scores with their uncertainty, findings in plain words, sections with their evidence."""

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Any, NamedTuple

from latentassay.core.estimate import Estimate
from latentassay.core.levels import GRAVE, LEVELS, Bounds, Direction, Level, p_value
from latentassay.core.text import minus_signs

__all__ = ["LEVELS", "Bounds", "Finding", "Level", "Meta", "Picture", "Score", "Section"]


@dataclass(frozen=True)
class Score:
    """One number and everything needed to trust it.

    Attributes:
        name: dotted key, e.g. ``"holes.prior"``.
        label: what a table calls it.
        value: the number.
        definition: one sentence with the formula or its source, and the variant where the field has several.
        n: how many samples it rests on.
        seed: the seed they were drawn with.
        low: lower end of its 95 % interval, or ``None`` where no interval is known.
        high: upper end.
        unit: ``""``, ``"%"`` (the value is a fraction), ``"nats"`` …
    """

    name: str
    label: str
    value: float
    definition: str
    n: int
    seed: int
    low: float | None = None
    high: float | None = None
    unit: str = ""

    @classmethod
    def of(
        cls, name: str, label: str, estimate: float, definition: str, *, n: int, seed: int, unit: str = ""
    ) -> "Score":
        """Make a score of an estimate, whose interval it takes over; a plain number has none."""
        low, high = getattr(estimate, "low", None), getattr(estimate, "high", None)
        value = float(estimate) if isinstance(estimate, Estimate) else estimate
        return cls(name, label, value, definition, n=n, seed=seed, low=low, high=high, unit=unit)

    @property
    def estimate(self) -> Estimate:
        """The value with its interval."""
        return Estimate(self.value, low=self.low, high=self.high, n=self.n)

    def __str__(self) -> str:
        ends = (self.value, self.low, self.high)
        if all(isinstance(end, int) for end in ends) and self.low != self.high:  # a count
            return f"{self.value} ({self.low} to {self.high}) {self.unit}".rstrip()
        return f"{self.estimate.scaled(100)} %" if self.unit == "%" else f"{self.estimate} {self.unit}".rstrip()


@dataclass(frozen=True)
class Finding:
    """One verdict: what was found of whom, how sure it is, and what to do about it.

    ``key``, ``subjects``, ``direction``, ``level`` and ``estimate`` say everything that a program needs; sentences are
    for people and may be worded anew at any time.

    Attributes:
        key: what kind of finding, e.g. ``"units.dead"``; stable.
        sentence: the verdict in words, with its numbers.
        level: good, note, unsure, warning or problem.
        scores: names of the scores it rests on.
        subjects: whom it is about: labels of units (``"3"``, ``"c2"``), pairs (``"3+5"``), one-way pairs (``"3>5"``),
            factors, places or columns; none where it is about the whole model.
        doubtful: who may belong to the subjects, too, as their own intervals reach beyond what is serious.
        direction: on which side of what is good the value lies; ``None`` where there are no sides.
        estimate: the effect that the level follows from; ``None`` where it follows from none.
        bounds: what is negligible and what is serious, and why.
        remedy: what to do about it.
        settle: what would settle it, where the level is unsure.
        brief: its clause in the one-sentence summary of a whole assay; most findings have none.

    >>> Finding("units.alive", "11 of 24 units are alive.", "note", ("units.alive",)).remedy is None
    True
    """

    key: str
    sentence: str
    level: Level
    scores: tuple[str, ...] = ()
    _: KW_ONLY
    subjects: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    direction: Direction | None = None
    estimate: Estimate | None = None
    bounds: Bounds | None = None
    remedy: str | None = None
    settle: str | None = None
    brief: str | None = None

    def __post_init__(self) -> None:
        """Numbers are written as in print, whoever words the sentence."""
        object.__setattr__(self, "sentence", minus_signs(self.sentence))

    @property
    def is_grave(self) -> bool:
        """Whether it accuses."""
        return self.level in GRAVE

    @property
    def p_value(self) -> float | None:
        """How likely so bad an estimate is where the truth is only just serious; ``None`` where nothing was tested."""
        if self.estimate is None or self.bounds is None:
            return None
        return p_value(self.estimate, self.bounds.serious, self.bounds.direction)


class Picture(NamedTuple):
    """A figure of a report that can be drawn at any time.

    Attributes:
        name: second half of its key, e.g. ``"matrix"`` of ``"responses.matrix"``.
        title: a few words above the picture.
        caption: what is drawn and how to read it.
        draw: draws it with matplotlib and returns the axes, or the figure.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[], Any]


def _none(evidence: Any) -> Iterable[Picture]:
    return ()


@dataclass(frozen=True)
class Section:
    """One question put to a model: its answer in scores and findings, with the evidence and its pictures.

    Attributes:
        key: the question's, e.g. ``"holes"`` or ``"spatial.reach"``.
        title: what the report calls it.
        question: the question in words.
        scores: numbers.
        findings: sentences.
        evidence: record of arrays that all of this rests on, or ``None``.
        seconds: what measuring and judging it took.
        figures: evidence → its pictures.
        caveat: what must be known before reading it, e.g. that it is about the wrong input; ``None`` mostly.
    """

    key: str
    title: str
    question: str
    scores: tuple[Score, ...] = ()
    findings: tuple[Finding, ...] = ()
    evidence: Any = None
    seconds: float = 0.0
    figures: Callable[[Any], Iterable[Picture]] = _none
    caveat: str | None = None

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Figures of the evidence, not drawn yet; asked for late, because matplotlib is loaded for them."""
        return () if self.evidence is None else tuple(self.figures(self.evidence))


@dataclass(frozen=True)
class Meta:
    """What was questioned, and how.

    Attributes:
        model: name of the model.
        data: name of the data.
        date: day of the assay, ISO 8601.
        rows: rows that were drawn.
        available: rows that there are.
        x_shape: shape of one observation.
        latent_shape: shape of one latent.
        units: number of units.
        prior: name of the prior's class, or ``None``.
        seed: of everything drawn.
        grid: points along each side of maps of responses, at most.
        groups: groups per factor in the conditioned response matrix.
        precision: see ``la.assay``; ``None`` where every row was used.
        budget: seconds that all might take.
        used: fewest and most rows that an entry of the response matrix rests on.
        claims: how many findings were graded by an estimate.
        false_alarms: how many of the warnings and problems may be expected to be false, at most.
        seconds: what all took.
        preparing: of these, what encoding the rows and measuring the response matrix took.
        device: where the model computed.
        dtype: in what it computed.
        versions: package → version.
        assumed: what was assumed of the model and of the data, a line each, with the options that change it.
    """

    model: str
    data: str
    date: str
    rows: int
    available: int
    x_shape: tuple[int, ...]
    latent_shape: tuple[int, ...]
    units: int
    prior: str | None
    seed: int
    grid: int
    groups: int
    precision: float | None
    budget: float
    used: tuple[int, int]
    claims: int
    false_alarms: float
    seconds: float
    preparing: float
    device: str
    dtype: str
    versions: dict[str, str]
    assumed: tuple[str, ...] = ()
