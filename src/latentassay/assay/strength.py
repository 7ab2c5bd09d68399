"""How much of a change of a unit comes back, beside what the width of the posterior explains: no less, and no more."""

from latentassay.assay.context import Context
from latentassay.assay.families import add_doubtful, judge_family
from latentassay.assay.ledger import Entry, Ledger
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import name_units
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Score
from latentassay.core.levels import GRAVE, Bounds, Level, grade, worst

UNDERSHOOT = Bounds(0, 0.15, 0.35, "share of a change that is missing beyond what the posterior's width explains")
OVERSHOOT = Bounds(0, 0.15, 0.35, "share of a change by which it comes back larger than it was made")

WIDE = 0.5
"""An interval that reaches further to either side, as a share of the change, tells nothing: the rows are too few."""


def strength_of(ledger: Ledger) -> Estimate | None:
    """Return the mean response of units that are alive alone; ``None`` where none is."""
    alone = [ledger.entries[unit].response for unit in ledger.of("alive")]
    if not alone:
        return None
    stderr = sum((each.stderr or 0.0) ** 2 for each in alone) ** 0.5 / len(alone)
    return _from(Estimate(sum(alone) / len(alone), stderr=stderr, n=min(each.n or 0 for each in alone)), 0.0)


def _from(size: Estimate, least: float) -> Estimate:
    """Return the same whose interval does not reach below the least that is possible."""
    if size.low is None or size.low >= least:
        return size
    return Estimate(size, low=least, high=size.high, stderr=size.stderr, n=size.n)


def strength_score(strength: Estimate, context: Context) -> Score:
    """Return the same as a score."""
    return Score.of(
        "units.strength",
        "Response strength of alive units",
        strength,
        "mean of M_jj / (√2 σ_j) over units that answer alone: 1 if the encoder reads back exactly what the decoder "
        "was given, Var μ / (Var μ + E s²) at the optimum of a VAE",
        n=strength.n or context.n,
        seed=context.seed,
    )


def strength_finding(ledger: Ledger, score: Score, context: Context) -> Finding:
    """Changes should come back no larger than they were made, and no smaller than the posterior's width explains."""
    units = ledger.of("alive")
    sides = (
        (UNDERSHOOT, [_missing(ledger.entries[unit]) for unit in units]),
        (OVERSHOOT, [_excess(ledger.entries[unit]) for unit in units]),
    )
    graded = [(judge_family(sizes, bounds), bounds) for bounds, sizes in sides]
    level = worst([family.level for family, _ in graded])
    family, bounds = next(each for each in graded if each[0].level == level)
    names = ledger.labels([units[k] for k in family.noted])
    is_over = bounds is OVERSHOOT
    why = f"unit {ledger.entries[units[family.worst]].label}" if level == "unsure" else _why(ledger, level)
    finding = Finding(
        "units.strength",
        _sentence(score, names, family.estimate, level, is_over=is_over, why=why, wide=_are_wide(ledger)),
        level,
        (score.name,),
        subjects=tuple(names),
        direction=None if level == "good" else "above" if is_over else "below",
        estimate=family.estimate,
        bounds=bounds,
        remedy=_remedy(context, is_over=is_over) if level in ("note", *GRAVE) else None,
        settle=how_to_settle(family.estimate, bounds) or ("More rows would tell." if level == "unsure" else None),
    )
    return add_doubtful(finding, ledger.labels([units[k] for k in family.doubtful]))


def unsure_strengths(ledger: Ledger) -> list[int]:
    """Return units that answer alone, and of which it is not sure whether too little or too much comes back."""
    sides = (UNDERSHOOT, _missing), (OVERSHOOT, _excess)
    return [
        unit
        for unit in ledger.of("alive")
        if any(grade(size(ledger.entries[unit]), bounds) == "unsure" for bounds, size in sides)
    ]


def _missing(entry: Entry) -> Estimate:
    """What is missing of a response, as a share of what the posterior's width lets come back.

    A unit that comes back whole as long as the others move with it is not misread: others hold the same.
    """
    expected = max(entry.signal, 1e-12)
    most = max(float(entry.response), entry.returns or 0.0)
    stderr = (entry.response.stderr or 0.0) / expected
    comes = _from(Estimate(most / expected, stderr=stderr, n=entry.response.n), 0.0)
    return Estimate(1 - comes, low=1 - (comes.high or 0.0), high=1 - (comes.low or 0.0), stderr=stderr, n=comes.n)


def _excess(entry: Entry) -> Estimate:
    return _from(Estimate(entry.response - 1, stderr=entry.response.stderr or 0.0, n=entry.response.n), -1.0)


def _sentence(
    score: Score, names: list[str], size: Estimate, level: Level, *, is_over: bool, why: str, wide: bool
) -> str:
    sentence = f"A change of an alive unit comes back at {score} of its size"
    if level == "unsure" and _is_wide(score.estimate):
        return "How much of a change of an alive unit comes back is unsure: there are too few rows to tell."
    if not names and level != "unsure":
        return f"{sentence}{why}."
    many, share = len(names) > 1, f"{size.scaled(100)!s} %"
    smaller = f"smaller than {'the width of the posterior explains' if wide else 'it was made'}"
    larger = "larger than it was made"
    if not names:
        if _is_wide(size):
            return f"{sentence}; of that of {why} there are too few rows to tell."
        return f"{sentence}; whether that of {why} is {larger if is_over else smaller} is unsure (by {share})."
    what = f"{share} {larger if is_over else smaller}"
    return f"{sentence}; one of {name_units(names)} comes back {'up to ' if many else ''}{what}."


def _is_wide(size: Estimate) -> bool:
    low, high = (float(size) if end is None else end for end in (size.low, size.high))
    return max(size - low, high - size) > WIDE


def _remedy(context: Context, *, is_over: bool) -> str:
    if is_over:
        return "The encoder reads more than the decoder paints: compare the scales on which both take the latent."
    if context.is_trainable:
        return "Encoder and decoder disagree off the data; consistency training (objectives.AVAE) brings them together."
    return "Encoder and decoder disagree off the data: do not read changed latents as if they had been encoded."


def _are_wide(ledger: Ledger) -> bool:
    """Whether posteriors have a width at all, that could explain something."""
    return any(entry.noise > 0 for entry in ledger.entries)


def _why(ledger: Ledger, level: Level) -> str:
    """Why less may come back than was changed, and all be well."""
    entries = [ledger.entries[unit] for unit in ledger.of("alive")]
    if level != "good" or min(float(entry.response) for entry in entries) > 1 - UNDERSHOOT.negligible:
        return ""
    if any(entry.response < (1 - UNDERSHOOT.negligible) * entry.signal for entry in entries):
        lets = " as far as the posterior lets it" if _are_wide(ledger) else ", whole or nearly so"
        return f" alone, and where the others move as in real codes{lets}"
    return ", which is what the width of the posterior lets come back"
