"""Too much is as bad as too little, and what the posterior's width explains is neither."""

from dataclasses import replace

import pytest
import torch

import latentassay as la
from latentassay.assay.strength import OVERSHOOT, UNDERSHOOT, strength_finding, strength_of, strength_score
from latentassay.core.estimate import Estimate
from tests.assay.asking import context_of


def found(scale, std=0.01, n=600):
    """What is said of a model that hands on its latents times a number."""
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(0)).double()

    def encode(v):
        return v, torch.full_like(v, std)

    model = la.from_torch(encode, lambda z: scale * z, latent_shape=(3,), prior="normal", output="mean_std")
    context = context_of(model, x, samples=512, precision=None)
    strength = strength_of(context.ledger)
    return strength, strength_finding(context.ledger, strength_score(strength, context), context)


@pytest.mark.parametrize(
    ("scale", "level", "direction"), [(1.0, "good", None), (1.8, "warning", "above"), (0.5, "warning", "below")]
)
def test_the_mean_is_the_scale_and_the_level_follows_from_the_worst(scale, level, direction):
    strength, finding = found(scale)
    assert strength == pytest.approx(scale, rel=0.05)
    assert (finding.level, finding.direction) == (level, direction)
    assert finding.bounds is (OVERSHOOT if direction == "above" else UNDERSHOOT)


def test_what_the_width_of_the_posterior_explains_is_good():
    """A code of variance 1 with noise of variance 1/2 may shrink to two thirds."""
    _, finding = found(1 / 1.5, std=0.5**0.5)
    assert finding.level == "good" and finding.remedy is None


def test_without_units_that_answer_alone_there_is_no_strength():
    x = torch.randn(600, 1, generator=torch.Generator().manual_seed(0))
    twins = la.from_torch(lambda v: v.expand(-1, 2), lambda z: z.mean(1, keepdim=True), latent_shape=(2,))
    assert strength_of(context_of(twins, x).ledger) is None


@pytest.mark.parametrize(
    ("response", "signal"),
    [(Estimate(0.4, stderr=0.3, n=16), 0.2), (Estimate(0.4, stderr=0.6, n=16), 0.9), (Estimate(1.0, stderr=0.5), 1.0)],
)
def test_of_too_few_rows_that_is_said_and_no_interval_beyond_what_is_possible(response, signal):
    x = torch.randn(600, 3, generator=torch.Generator().manual_seed(0)).double()
    model = la.from_torch(lambda v: (v, 0.5 * torch.ones_like(v)), lambda z: z, latent_shape=(3,), output="mean_std")
    context = context_of(model, x, samples=512, precision=None)
    entries = tuple(replace(entry, response=response, signal=signal, returns=None) for entry in context.ledger.entries)
    ledger = replace(context.ledger, entries=entries)
    finding = strength_finding(ledger, strength_score(strength_of(ledger), context), context)
    assert finding.level == "unsure" and "too few rows" in finding.sentence and finding.settle
    # Nothing comes back smaller than not at all, and no share below 0 is printed.
    assert finding.estimate.high <= 1 and strength_of(ledger).low >= 0 and "−" not in finding.sentence


def test_an_unsure_strength_is_said_to_be_so():
    x = torch.randn(600, 3, generator=torch.Generator().manual_seed(0)).double()
    context = context_of(la.from_torch(lambda v: v, lambda z: z, latent_shape=(3,)), x, samples=512)
    entries = tuple(replace(entry, response=Estimate(0.85, stderr=0.1, n=64)) for entry in context.ledger.entries)
    ledger = replace(context.ledger, entries=entries)
    finding = strength_finding(ledger, strength_score(strength_of(ledger), context), context)
    assert finding.level == "unsure" and "whether that of unit 0 is smaller than it was made" in finding.sentence
