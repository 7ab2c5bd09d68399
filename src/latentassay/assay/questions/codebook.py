"""Does a quantised model use its codebook?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.core.autoencoder import HasCodebook, eval_mode, to_model
from latentassay.core.codebooks import split_codes
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding, Picture, Score
from latentassay.core.levels import grade
from latentassay.evaluation.codebook import codebook_use, quantisation_distance

DEAD = Bounds(0.0, 0.1, 0.25, "share of the entries that no code uses")
"""How many entries may be dead: what they cost is the bits that name them."""

EVEN = Bounds(1.0, 0.4, 0.2, "perplexity over the number of entries; even use has 1")
"""How unevenly entries may be used."""


@dataclass(frozen=True)
class CodebookEvidence:
    """Use of the ``k`` entries of a codebook.

    Attributes:
        counts: how many codes use each entry, ``(k,)``.
        perplexity: exp of the entropy of use.
        dead: share of the entries that are never used.
        unseen: how many no code used.
        by_chance: how many would be unseen if all were used alike.
        distance: of codes from their entries over that between entries; ``None`` where only one is used.
        codes: number of codes.
        n: number of rows.
    """

    counts: Int[np.ndarray, " k"]
    perplexity: Estimate
    dead: Estimate
    unseen: int
    by_chance: float
    distance: Estimate | None
    codes: int
    n: int


def passes_needed(context: Context) -> int | None:
    """Codes are there; only quantised models have a codebook."""
    return 0 if isinstance(context.model, HasCodebook) else None


def measure(context: Context) -> CodebookEvidence | None:
    """Count which entries the codes of all rows use."""
    model = context.model
    if not isinstance(model, HasCodebook):
        return None
    entries = model.codebook.detach().cpu()
    indices = _quantise(model, context.codes.mean, context.batch_size)
    found = codebook_use(indices, len(entries))
    several = int((found.counts > 0).sum()) > 1
    codes = split_codes(context.codes.mean, entries.shape[1])
    return CodebookEvidence(
        counts=found.counts.numpy(),
        perplexity=found.perplexity,
        dead=found.dead,
        unseen=found.unseen,
        by_chance=found.by_chance,
        distance=quantisation_distance(codes, indices, entries) if several else None,
        codes=found.codes,
        n=found.n,
    )


def _quantise(model: HasCodebook, z: Tensor, batch_size: int) -> Tensor:
    """Number of the entry of every code, ``(n, places)``."""
    parts = [z[start : start + batch_size] for start in range(0, len(z), batch_size)]
    with eval_mode(model):
        return torch.cat([model.quantise(to_model(model, part)).cpu().flatten(1) for part in parts])


def judge(evidence: CodebookEvidence, context: Context) -> Judgement:
    """Say how many entries are used, and how evenly."""
    found = (_dead_finding(evidence, context), _perplexity_finding(evidence, context))
    bad = tuple(finding for finding in found if finding.level != "good")
    return Judgement(_scores(evidence, context), bad or (_good_finding(evidence),))


def _scores(evidence: CodebookEvidence, context: Context) -> tuple[Score, ...]:
    k = len(evidence.counts)
    rows: list[tuple[str, str, Estimate | None, str, str]] = [
        (
            "perplexity",
            "Perplexity of use",
            evidence.perplexity,
            f"exp of the entropy of use of {k} entries, with Miller and Madow's correction; jackknife over rows",
            "",
        ),
        (
            "dead",
            "Entries that are never used",
            evidence.dead,
            f"entries unseen in {evidence.codes} codes without those that are only rare (Chao 1987), of {k}",
            "%",
        ),
        (
            "distance",
            "Distance of codes from their entries",
            evidence.distance,
            "mean distance over the mean distance from an entry that is used to the next",
            "",
        ),
    ]
    return tuple(
        Score.of(f"codebook.{name}", label, value, definition, n=evidence.n, seed=context.seed, unit=unit)
        for name, label, value, definition, unit in rows
        if value is not None
    )


def _dead_finding(evidence: CodebookEvidence, context: Context) -> Finding:
    level, k = grade(evidence.dead, DEAD), len(evidence.counts)
    counted = (
        f"{evidence.unseen:,} were not seen in {evidence.codes:,} codes; "
        f"{'none' if evidence.by_chance < 0.5 else f'{evidence.by_chance:,.0f}'} would go unseen by "
        f"chance if all {k:,} were used alike"
    )
    share = f"{evidence.dead.scaled(100)} %"
    grave = level in ("warning", "problem")
    return Finding(
        "codebook.dead",
        f"How many entries of the codebook are dead is not sure ({share}): {counted}."
        if level == "unsure"
        else f"{share} of the entries of the codebook are dead: {counted}.",
        level,
        ("codebook.dead",),
        direction="above",
        estimate=evidence.dead,
        bounds=DEAD,
        remedy="Restart dead entries at codes of data while training, or make the codebook smaller."
        if grave and context.is_trainable
        else None,
        settle=how_to_settle(evidence.dead, DEAD),
        brief="a part of the codebook is dead" if grave else None,
    )


def _perplexity_finding(evidence: CodebookEvidence, context: Context) -> Finding:
    k = len(evidence.counts)
    share = evidence.perplexity.scaled(1 / k)
    level = grade(share, EVEN)
    numbers = f"codes are spread as if {evidence.perplexity} of {k} entries were used alike (perplexity)"
    grave = level in ("warning", "problem")
    return Finding(
        "codebook.perplexity",
        f"Whether the codebook is used evenly is not sure: {numbers}."
        if level == "unsure"
        else f"The codebook is used unevenly: {numbers}.",
        level,
        ("codebook.perplexity",),
        direction="below",
        estimate=share,
        bounds=EVEN,
        remedy="Restart entries that are hardly used, or make the codebook smaller; fewer bits would do for the codes."
        if grave and context.is_trainable
        else None,
        settle=how_to_settle(share, EVEN),
        brief="few entries of the codebook hold most codes" if grave else None,
    )


def _good_finding(evidence: CodebookEvidence) -> Finding:
    k = len(evidence.counts)
    apart = evidence.distance or 0.0  # codes that come quantised are their entries
    away = f"; codes lie {evidence.distance} of the way between entries from theirs" if apart > 0 else ""
    return Finding(
        "codebook",
        f"The codebook is used: {k - evidence.unseen} of {k} entries, with a perplexity of {evidence.perplexity}"
        f"{away}.",
        "good",
        ("codebook.perplexity", "codebook.dead"),
        estimate=evidence.dead,
        bounds=DEAD,
    )


def figures(evidence: CodebookEvidence) -> Iterator[Picture]:
    """Yield the use of all entries."""
    yield Picture(
        "use",
        "How often each entry of the codebook is used",
        "Share of all codes that are moved to each entry, the most used first, and the share that each would have if "
        "all were used alike. A curve that falls to nothing early means that much of the codebook is not used.",
        partial(plots.code_use, evidence.counts),
    )


QUESTION = Question(
    key="codebook",
    title="Codebook use",
    text="Does the model use its codebook?",
    evidence=CodebookEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
)
