"""How questions are put: each with its share of the budget, once more if it was unsure, none at the cost of others."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from latentassay.assay.answering import CAVEAT, answering, lost_section
from latentassay.assay.budget import allowance, left_out
from latentassay.assay.context import DEEPER, MOST_EFFORT, Context
from latentassay.assay.control import doubted
from latentassay.assay.interruption import Answers, interrupted_section
from latentassay.assay.preparation import deepen
from latentassay.assay.question import Question, known_questions
from latentassay.assay.settling import rows_needed
from latentassay.assay.time_left import TimeLeft
from latentassay.core.errors import LatentAssayError, first_line
from latentassay.core.findings import Finding, Section
from latentassay.core.progress import bar

MARGIN, LEAST_MORE = 1.5, 4.0
"""An unsure question is asked of 1.5 times the rows that it is expected to need, and of four times as many at least."""

PER_MILLE = 1000
"""Steps of the bar: questions differ too much in what they take to be steps."""

LEAST_LEFT = 0.2
"""Share of the budget that must be left before anything is asked again."""


def ask_all(
    context: Context,
    questions: Sequence[Question[Any]],
    budget: float,
    began: float,
    check_threads: Callable[[], None],
) -> Answers:
    """Ask every question that applies; those that were unsure again with more rows while a part of the budget is left.

    Args:
        context: what every question shares.
        questions: in the order in which they are asked.
        budget: seconds for everything.
        began: when the assay began, by ``time.perf_counter``.
        check_threads: called before every question, so that the number of threads fits what else the machine does.

    Raises:
        KeyboardInterrupt: it came before anything was answered.
    """
    sections: dict[str, Section] = {}
    waiting = {question.key: question.title for question in questions}
    by_key = {question.key: question for question in questions}
    unasked = stop = None
    first: list[Section] = []
    try:
        unasked = _ask_in_turn(context, questions, budget, began, check_threads, sections=sections, waiting=waiting)
        context = _ask_again(context, by_key, sections, budget, began, check_threads)
        first = _count_lost(context, sections)
    except KeyboardInterrupt as error:
        if not sections:
            raise
        stop, unasked = error, interrupted_section(error, waiting.values())
    found = [*first, *(sections[key] for key in by_key if key in sections)]
    return Answers([*found, unasked] if unasked else found, stop)


def _count_lost(context: Context, sections: Mapping[str, Section]) -> list[Section]:
    """Count the latents of which the model makes no numbers, if any was met."""
    met = context.unread or context.matrix.lost or any(section.caveat == CAVEAT for section in sections.values())
    return [lost_section(context)] if met else []


def _ask_again(
    context: Context,
    by_key: Mapping[str, Question[Any]],
    sections: dict[str, Section],
    budget: float,
    began: float,
    check_threads: Callable[[], None],
) -> Context:
    """Replace sections that are unsure by those of more rows, first where few more are expected to tell.

    All rows are used before an answer stays unsure, and what is drawn is drawn 16 times as often, if time allows.
    Returns the same context with all rows that were encoded for that.
    """
    asked = dict.fromkeys(sections, context)
    while True:
        chance = doubted(list(sections.values()))
        all_needs = {key: _need(section, asked[key], key in chance) for key, section in sections.items()}
        needs = {key: need for key, need in all_needs.items() if need > 1}
        left = 1 - (time.perf_counter() - began) / budget
        if not needs or left < LEAST_LEFT:
            return context
        key = min(needs, key=lambda key: needs[key])
        check_threads()
        deeper = deepen(replace(asked[key], **context.encoding), needs[key])
        context, asked[key] = replace(context, **deeper.encoding), deeper
        passes = int(left * context.passes / len(needs))
        section = _timed(by_key[key], replace(deeper.affording(passes), found=_evidence(sections)))
        if section is not None:
            sections[key] = replace(section, seconds=section.seconds + sections[key].seconds)


def _need(section: Section, context: Context, doubted: bool) -> float:
    """Return how many times the rows to ask: as many as tell, if there are; 1 where nothing is to be asked.

    An accusation that may be chance among so many claims is asked again, too.
    """
    unsure = [each for each in section.findings if each.level == "unsure" and each.estimate is not None]
    if not unsure and not doubted:
        return 1.0
    needed = [rows_needed(each.estimate, each.bounds) for each in unsure if each.estimate and each.bounds]
    times = max((each[0] for each in needed if each), default=DEEPER)
    most = max(MOST_EFFORT, len(context.order) / context.first) / context.effort
    wanted = max(LEAST_MORE, MARGIN * times)
    return most if wanted * LEAST_MORE > most else wanted


def _ask_in_turn(
    context: Context,
    questions: Sequence[Question[Any]],
    budget: float,
    began: float,
    check_threads: Callable[[], None],
    *,
    sections: dict[str, Section],
    waiting: dict[str, str],
) -> Section | None:
    """Ask every question with its share of the time that is left; say which were left out.

    Answers go into ``sections`` as they are found, and what needs none any more out of ``waiting``.
    """
    unasked: dict[str, int] = {}
    applying: list[tuple[Question[Any], int]] = []
    for question in questions:
        need, failed = _guard(question, question.passes_needed, context)
        if failed:
            sections[question.key] = failed
        elif need is not None:
            applying.append((question, need))
            continue
        del waiting[question.key]
    # Passes are shared out anew before each question: one that took less than its share leaves the rest to those after.
    done, time_left, second = 0, TimeLeft(budget, began), budget / context.passes
    with bar(PER_MILLE, "assay", unit="‰", smoothing=0) as progress:
        for k, (question, need) in enumerate(applying):
            check_threads()
            left = max(0, int((1 - (time.perf_counter() - began) / budget) * context.passes))
            rest = applying[k:]
            begun = time.perf_counter()
            passes = allowance([need for _, need in rest], [each.weight for each, _ in rest], left)
            if passes is None and question.is_decisive and need <= left:
                passes = need
            if passes is None:
                unasked[question.title] = need
            else:
                section = _timed(question, replace(context.affording(passes), found=_evidence(sections)))
                if section is not None:
                    sections[question.key] = section
            del waiting[question.key]
            time_left.count((passes or 0) * second, time.perf_counter() - begun)
            share = time_left.share_done([n * second for _, n in rest[1:]], [each.weight for each, _ in rest[1:]])
            more = max(0, int(PER_MILLE * share) - done)
            done += more
            progress.update(more, questions=f"{k + 1} of {len(applying)}")
    needs = sum(need for _, need in applying)
    return left_out(unasked, needs, context, budget) if unasked else None


def _timed(question: Question[Any], context: Context) -> Section | None:
    begun = time.perf_counter()
    section, failed = _guard(question, question.answer, context)
    if failed:
        section, failed = _ask_guarded(question, context, failed)
    found = failed or section
    return replace(found, seconds=time.perf_counter() - begun) if found else None


def _ask_guarded(question: Question[Any], context: Context, failed: Section) -> tuple[Section | None, Section | None]:
    """Ask again of a model that answers for every latent, if that is what the question failed on."""
    guarded, still = _guard(question, answering, context)
    if still:
        return None, failed
    section, still = _guard(question, question.answer, guarded)
    if still or not guarded.model.lost:
        return None, failed
    return (replace(section, caveat=CAVEAT) if section else None), None


def _evidence(sections: dict[str, Section]) -> dict[str, Any]:
    return {key: section.evidence for key, section in sections.items()}


def _guard(question: Question[Any], function: Callable[[Context], Any], context: Context) -> tuple[Any, Section | None]:
    """Call a question's function; where it raises, return a section that says so, and why."""
    try:
        return function(context), None
    except LatentAssayError as error:
        return None, _failed(question, str(error), "The message says what to change; the other answers stand.")
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        cause = f"{type(error).__name__}: {first_line(error)} ({where.filename}, line {where.lineno})"
        whose = "latentassay" if question in known_questions() else question.file
        return None, _failed(question, cause, f"This is a bug in {whose}; please report it. The other answers stand.")


def _failed(question: Question[Any], cause: str, advice: str) -> Section:
    finding = Finding(
        f"{question.key}.failed", f"“{question.text}” could not be answered: {cause}", "unsure", settle=advice
    )
    return Section(question.key, question.title, question.text, findings=(finding,))
