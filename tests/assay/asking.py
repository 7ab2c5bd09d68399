"""Single questions asked of a model, as an assay would ask them."""

from dataclasses import replace

import torch

from latentassay.assay.budget import Sizes
from latentassay.assay.preparation import Options, prepare
from latentassay.assay.question import choose, known_questions
from latentassay.core.observations import as_observations


def context_of(model, data, *, samples=96, units=None, budget=120.0, precision=0.05, batch_size=128, train=None):
    options = Options(
        samples=samples,
        seed=0,
        units=units,
        grid=8,
        groups=4,
        precision=precision,
        budget=budget,
        batch_size=batch_size,
        train=None if train is None else as_observations(train),
    )
    observations = as_observations(data)
    order = torch.randperm(len(observations), generator=torch.Generator().manual_seed(0))
    return prepare(model, observations, order, Sizes(samples, batch_size), options)


def answers(context, *keys):
    """Sections of the questions with these keys, or in these groups, that apply; each may take all of the passes."""
    sections = {}
    for question in choose(known_questions(), keys):
        if question.passes_needed(context) is not None:
            found = {key: section.evidence for key, section in sections.items()}
            section = question.answer(replace(context, found=found))
            sections |= {question.key: section} if section else {}
    return sections


def ask(model, data, *keys, **options):
    return answers(context_of(model, data, **options), *keys)


def findings_of(sections):
    return {finding.key: finding for section in sections.values() for finding in section.findings}


def scores_of(sections):
    return {score.name: score for section in sections.values() for score in section.scores}
