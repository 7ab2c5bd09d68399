"""What a question is: a typed record of functions, which the run asks in order."""

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Generic, NamedTuple, TypeVar

from latentassay.assay.context import Context
from latentassay.core.errors import ContractError, InputError
from latentassay.core.findings import Finding, Picture, Score, Section

Evidence = TypeVar("Evidence")


class Judgement(NamedTuple):
    """What the evidence means: numbers with their uncertainty, and sentences that rest on them."""

    scores: tuple[Score, ...] = ()
    findings: tuple[Finding, ...] = ()


def _nothing(context: Context) -> int | None:
    return 0


def _no_pictures(evidence: Any) -> Iterable[Picture]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Question(Generic[Evidence]):
    """One question of an assay.

    Attributes:
        key: its name in reports, files and on the command line, e.g. ``"holes"``; ``"spatial.reach"`` is one of a
            group that can be asked for as ``"spatial"``.
        title: what the report calls it, a few words.
        text: the question in words.
        evidence: the frozen dataclass that ``measure`` returns: numpy arrays, and the plain facts that sentences need
            (see ``latentassay.assay.evidence``). It is what is saved.
        passes_needed: decodings and encodings of a row below which it is not worth asking; ``None`` where the question
            does not apply to this model and data, which is decided here and nowhere else.
        measure: returns the evidence, taking about ``context.passes`` passes; ``None`` if there was nothing to find.
        judge: turns evidence into scores and findings; asks the model nothing.
        figures: yields the pictures of the evidence, which may come from a file.
        weight: share of the passes that no question needs at least.
        is_decisive: others rest on its answer, so that they are left out before it where time is short.
    """

    key: str
    title: str
    text: str
    evidence: type[Evidence]
    measure: Callable[[Context], Evidence | None]
    judge: Callable[[Evidence, Context], Judgement]
    figures: Callable[[Evidence], Iterable[Picture]] = _no_pictures
    passes_needed: Callable[[Context], int | None] = _nothing
    weight: float = 0.0
    is_decisive: bool = False

    @property
    def file(self) -> str:
        """Where its ``measure`` is written."""
        code = getattr(inspect.unwrap(self.measure), "__code__", None)  # a decorator is not where it is written
        return code.co_filename if code else repr(self.measure)

    def answer(self, context: Context) -> Section | None:
        """Measure and judge; ``None`` if nothing was found.

        Raises:
            ContractError: ``measure`` or ``judge`` returned something else than the question declares.
        """
        evidence = self.measure(context)
        if evidence is None:
            return None
        if not isinstance(evidence, self.evidence):
            raise self._broken(f"measure must return {self.evidence.__name__} or None, got {type(evidence).__name__}")
        judgement = self.judge(evidence, context)
        if not isinstance(judgement, Judgement):
            raise self._broken(f"judge must return a Judgement, got {type(judgement).__name__}")
        return self.section(evidence, *judgement)

    def section(
        self, evidence: Evidence, scores: Iterable[Score], findings: Iterable[Finding], seconds: float = 0.0
    ) -> Section:
        """Return a section of a report, with pictures of the evidence."""
        return Section(
            key=self.key,
            title=self.title,
            question=self.text,
            scores=tuple(scores),
            findings=tuple(findings),
            evidence=evidence,
            seconds=seconds,
            figures=self.figures,
        )

    def _broken(self, what: str) -> ContractError:
        return ContractError(f"question {self.key!r} ({self.file}): {what}")


@cache
def known_questions() -> tuple[Question[Any], ...]:
    """Return every question that has a file in ``assay/questions`` and a place in its order.

    Raises:
        ContractError: a file without a ``QUESTION``, or with a key that another has.
    """
    package = "latentassay.assay.questions"
    found: list[Question[Any]] = []
    for name in import_module(package).ORDER:
        module = import_module(f"{package}.{name}")
        question = getattr(module, "QUESTION", None)
        if not isinstance(question, Question):
            raise ContractError(f"{module.__file__} must hold QUESTION = Question(…), got {question!r}")
        _check(question, found)
        found.append(question)
    return tuple(found)


def choose(known: Sequence[Question[Any]], wanted: Iterable[str | Question[Any]] | None) -> tuple[Question[Any], ...]:
    """Return the questions that are wanted, in the order of ``known``, strangers' own after them.

    Args:
        known: every question that there is.
        wanted: keys, groups of keys such as ``"spatial"``, or questions; all that are known where left out.

    Raises:
        InputError: a key that nothing has, or something that is no question.
        ContractError: a stranger's question takes the key of another, or its evidence is no frozen dataclass.
    """
    if wanted is None:
        return tuple(known)
    if isinstance(wanted, str | Question):
        wanted = [wanted]
    keys: set[str] = set()
    own: list[Question[Any]] = []
    for one in wanted:
        if isinstance(one, Question):
            _check(one, [*known, *own])
            own += [] if one in known else [one]
            keys |= {one.key} if one in known else set()
        else:
            keys |= set(_matching(known, one))
    return (*(question for question in known if question.key in keys), *own)


def _matching(known: Sequence[Question[Any]], name: str) -> Iterator[str]:
    found = [q.key for q in known if isinstance(name, str) and (q.key == name or q.key.startswith(f"{name}."))]
    if not found:
        keys = ", ".join(question.key for question in known)
        raise InputError(f"no question is called {name!r}; there are {keys}, or give an assay.Question of your own")
    return iter(found)


def _check(question: Question[Any], known: Sequence[Question[Any]]) -> None:
    for other in known:
        if other.key == question.key and other is not question:
            raise ContractError(
                f"question {question.key!r} ({question.file}) takes the name of one that exists ({other.file}); "
                "give it another key"
            )
    kind = question.evidence
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen):  # type: ignore[attr-defined]
        raise ContractError(
            f"question {question.key!r} ({question.file}): evidence must be a frozen dataclass, got {kind!r}"
        )
