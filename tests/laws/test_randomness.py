"""Where metrics draw something: from a generator or a seed that they are given, and from nothing global."""

import inspect
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.metrics.catalog import known_metrics
from latentassay.metrics.disentanglement.predictors import PREDICTORS
from tests.laws.test_bad_input import FEW, numbers

RNG = np.random.default_rng(0)
FACTORS = np.stack([RNG.integers(0, size, 120) for size in (4, 3)], 1)
CODES = FACTORS @ RNG.normal(size=(2, 3)) + RNG.normal(size=(120, 3))


def calls():
    """Every metric, as it is called with options."""
    for name, metric in known_metrics().items():
        arguments = (CODES[:60], CODES[60:]) if metric.needs == "samples" else (CODES, FACTORS)
        yield name, partial(metric, *arguments, **FEW.get(name, {}))
    for predictor in PREDICTORS:
        yield f"dci, {predictor}", partial(la.metrics.dci, CODES, FACTORS, predictor=predictor)
    for similarity in ("lasso", "spearman"):
        yield f"udr, {similarity}", partial(la.metrics.udr, [CODES, CODES @ np.ones((3, 2))], similarity=similarity)
    yield "independence", partial(la.metrics.independence, CODES, permutations=20)
    yield "quality", partial(la.metrics.quality, CODES[:60], CODES[60:], subset_size=30)


CALLS = dict(calls())
DRAWING = [
    name
    for name, call in CALLS.items()
    if "generator" in inspect.signature(getattr(call.func, "function", call.func)).parameters
]


def states():
    """Of numpy (its numbers, the place of the next, and a kept normal one) and of torch."""
    _, own, place, *kept = np.random.get_state()
    return own.tobytes(), place, kept, torch.random.get_rng_state().numpy().tobytes()


PYTHONS = """
import random, numpy as np, torch, latentassay as la
rng = np.random.default_rng(0)
factors = np.stack([rng.integers(0, size, 120) for size in (4, 3)], 1)
codes = factors @ rng.normal(size=(2, 3)) + rng.normal(size=(120, 3))


def states():
    numpys = np.random.get_state()
    return [random.getstate(), numpys[1].tolist(), numpys[2:], torch.get_rng_state().tolist()]


before = states()
{call}
print(*(one == other for one, other in zip(before, states(), strict=True)))
"""


@pytest.mark.parametrize(
    "call",
    [
        "la.metrics.udr([codes, codes @ np.ones((3, 2))])",
        'la.metrics.dci(codes, factors, predictor="lasso")',
        'la.metrics.dci(codes, factors, predictor="forest")',
    ],
)
def test_the_first_call_of_a_process_leaves_pythons_generator_too(call):
    """In a process of its own, since what checks annotations here draws from that generator, and imports count."""
    code = PYTHONS.format(call=call)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["True"] * 4, done.stderr


def test_all_that_must_be_left_alone_is_tried():
    assert {"dci, lasso", "dci, forest", "udr, lasso", "udr, spearman"} <= set(CALLS)


def test_a_draw_from_any_global_generator_is_seen():
    for draw in (np.random.random, np.random.normal, lambda: torch.rand(1)):
        before = states()
        draw()
        assert states() != before


@pytest.mark.parametrize("name", CALLS)
def test_global_generators_are_left_alone(name):
    before = states()
    CALLS[name]()
    assert states() == before


@pytest.mark.parametrize("name", DRAWING)
def test_a_generator_is_as_good_as_a_seed_and_moves_on(name):
    seeded = partial(torch.Generator().manual_seed, 3)
    generator = seeded()
    first, state = numbers(CALLS[name](generator=generator)), generator.get_state()
    assert numbers(CALLS[name](generator=seeded())) == pytest.approx(first, nan_ok=True)
    assert not torch.equal(state, seeded().get_state())
    assert numbers(CALLS[name](generator=0)) == pytest.approx(numbers(CALLS[name]()), nan_ok=True)


@pytest.mark.parametrize("name", DRAWING)
@pytest.mark.parametrize("generator", ["zero", -1, 0.5])
def test_what_is_no_generator_is_refused(name, generator):
    with pytest.raises((la.InputError, TypeError), match=r"generator|seed"):  # the latter is beartype's, in tests only
        CALLS[name](generator=generator)
