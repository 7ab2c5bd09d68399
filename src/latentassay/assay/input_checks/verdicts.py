"""What is said of the checks: findings with their estimates, bounds and remedies."""

from dataclasses import replace

from latentassay.assay.input_checks import belonging, outputs, ranges, repeats, scaling
from latentassay.assay.input_checks.gains import error_left
from latentassay.assay.input_checks.repeats import Repeats
from latentassay.assay.settling import how_to_settle
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding
from latentassay.core.levels import GRAVE, Bounds, Level, grade

SPOKEN: tuple[Level, ...] = (*GRAVE, "unsure")
"""Of output and coders nothing is said at other levels."""

LOOK = "Reconstructions of a few rows as given and with that mapping, looked at side by side, would tell."
"""What settles a range where no more rows would."""


def say_of_range(word: str, sentence: str, level: Level, gain: Estimate, expects: str | None) -> Finding:
    """Return the finding on the range of the data, or on the range that the model declares."""
    scores, left = ("input_checks.range",), error_left(gain)
    if word == "outside the declared range":
        remedy = "Bring the data into that range, or say value_range= where the model was wrapped."
        return Finding("input_checks.outside", sentence, "warning", scores, remedy=remedy)
    if level != grade(left, ranges.LEFT):  # gains tell nothing where all is kept, or all is lost
        return Finding("input_checks.range", sentence, level, scores, settle=LOOK if level == "unsure" else None)
    grave = level in GRAVE
    remedy = f"Map the data ({expects}) before everything else; most other findings are about the wrong input."
    return Finding(
        "input_checks.range",
        sentence,
        level,
        scores,
        direction=ranges.LEFT.direction if grave else None,
        estimate=left,
        bounds=ranges.LEFT,
        remedy=remedy if grave else None,
        settle=how_to_settle(left, ranges.LEFT),
        brief=f"the data seem to need the mapping {expects}" if grave else None,
    )


def say_of_output(name: str, code: str, level: Level, gain: Estimate, lost: Estimate) -> Finding | None:
    """Return the finding on the decoder's output; ``None`` where no map of it is better."""
    if level not in SPOKEN:
        return None
    grave, left = level in GRAVE, error_left(gain)
    seems = f"seems to be {name}" if grave else f"may be {name}, which is unsure"
    remedy = (
        f"Wrap the decoder with that step, as in la.from_torch(encode, lambda z: {code}); most other findings are "
        "about the wrong output."
    )
    return Finding(
        "input_checks.output",
        f"What the decoder returns {seems}: {code} divides the squared error by {gain:.3g} (95 % interval "
        f"{gain.low:.3g} to {gain.high:.3g}) and leaves {100 * lost:.2g} % of the variance of the data.",
        level,
        ("input_checks.output",),
        direction=outputs.LEFT.direction if grave else None,
        estimate=left,
        bounds=outputs.LEFT,
        remedy=remedy if grave else None,
        settle=how_to_settle(left, outputs.LEFT),
        brief=f"the decoder seems to return {name}" if grave else None,
    )


def say_of_belonging(
    level: Level, regained: Estimate, kept: Estimate, mapped: Estimate, predicted: float
) -> Finding | None:
    """Return the finding on encoder and decoder; ``None`` where no map of codes brings them together."""
    if level not in SPOKEN:
        return None
    grave = level in GRAVE
    seem = "do not seem to belong together" if grave else "may not belong together, which is unsure"
    sentence = (
        f"Encoder and decoder {seem}: reconstructions keep {kept.scaled(100)} % of the variance of the data, and "
        f"{mapped.scaled(100)} % where an affine map that mixes units brings every code to one that the decoder "
        f"understands; such a map predicts {100 * predicted:.0f} % of how decodings are encoded."
    )
    return Finding(
        "input_checks.belong",
        sentence,
        level,
        ("input_checks.belong",),
        direction=belonging.REGAINED.direction if grave else None,
        estimate=regained,
        bounds=belonging.REGAINED,
        remedy="Check both checkpoints: encoder and decoder must come from one training run, at one step."
        if grave
        else None,
        settle=how_to_settle(regained, belonging.REGAINED),
        brief="encoder and decoder do not seem to belong together" if grave else None,
    )


def say_of_repeats(found: Repeats, n: int) -> Finding | None:
    """Return the finding on rows that repeat others; ``None`` where that costs nothing."""
    each, level = found.each, grade(found.each, repeats.COPIES)
    if level == "good":
        return None
    copies = [f"{found.exact} equal another"] * (found.exact > 0) + [f"{found.near} nearly do"] * (found.near > 0)
    sentence = f"Of {found.compared} rows {' and '.join(copies)}: {each} rows count as one"
    worth = f"{sentence}, so that {n} are worth about {n / each:.0f} independent ones and intervals are too narrow."
    unsure = f"{sentence}, which is too unsure to say whether intervals are too narrow."
    return Finding(
        "input_checks.repeats",
        unsure if level == "unsure" else worth,
        level,
        (),
        direction=repeats.COPIES.direction if level in GRAVE else None,
        estimate=each,
        bounds=repeats.COPIES,
        remedy="Assay one row of every group of copies, such as the unchanged one of its augmentations; where the same "
        "thing was observed again, independently, intervals hold."
        if level != "unsure"
        else None,
        settle=how_to_settle(each, repeats.COPIES),
        brief="rows repeat each other" if level in GRAVE else None,
    )


SCALE: dict[str, tuple[str, Bounds, str | None]] = {
    "unit variance": ("scale", scaling.SCALE, None),
    "scale factor needed": ("scale", scaling.SCALE, "Whoever models these latents next should multiply them first."),
    "scale unsure": ("scale", scaling.SCALE, None),
    "channel scales differ": (
        "channels",
        scaling.RATIO,
        "Scale each by its own standard deviation before latents are modelled.",
    ),
    "shifted means": ("shift", scaling.SHIFT, "Subtract the mean of each before latents are modelled."),
    "channels without variance": ("still", scaling.STILL, None),
}
"""Key, bounds and remedy of what ``latent_scale`` says."""


def say_of_scale(
    word: str,
    sentence: str,
    estimate: Estimate,
    subjects: tuple[str, ...],
    *,
    has_prior: bool,
    space: str | None = None,
) -> Finding:
    """Return a finding on the scale of latents; without a prior nothing was promised, and a factor is advice."""
    key, bounds, remedy = SCALE[word]
    level = grade(estimate, bounds)
    # That a channel never varies is a fault of any model.
    advice = level in GRAVE and not has_prior and key != "still"
    if word == "scale factor needed" and space:
        remedy = f"{remedy} These are {space}."
    return Finding(
        f"input_checks.{key}",
        sentence,
        "note" if advice else level,
        ("input_checks.std",) if key == "scale" else ("input_checks.std", "input_checks.mean"),
        subjects=subjects,
        direction=bounds.direction if level in GRAVE else None,
        estimate=None if advice else estimate,
        bounds=None if advice else bounds,
        remedy=remedy,
        settle=how_to_settle(estimate, bounds),
    )


def aside(finding: Finding) -> Finding:
    """Return the same as a note that accuses nobody and advises nothing."""
    return replace(
        finding, level="note", direction=None, estimate=None, bounds=None, remedy=None, settle=None, brief=None
    )
