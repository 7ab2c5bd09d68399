"""What a slow model is asked for, on a clock that only the model moves: no test waits, or depends on a machine."""

import time
from contextlib import contextmanager

import pytest
import torch
from torch.nn import functional as F

import latentassay as la
from latentassay.assay import rounds
from latentassay.assay.budget import CODES, Cost, affordable_batch, allowance, sample_passes, sizes
from latentassay.core.observations import as_observations
from latentassay.data import FactorData


class Clocked:
    """Every row encoded or decoded moves the clock by half of ``seconds``; the very first one by ``first`` more.

    Every call moves it by half of ``fixed``, whatever it holds.
    """

    def __init__(self, seconds):
        self.seconds, self.now, self.first, self.fixed = seconds, 0.0, 0.0, 0.0

    def encode(self, x):
        self.now += self.fixed / 2 + self.seconds / 2 * len(x) + self.first
        self.first = 0.0
        return la.Point(self.coded(x))

    def decode(self, z):
        self.now += self.fixed / 2 + self.seconds / 2 * len(z)
        return self.drawn(z)


class Channels(Clocked):
    """32 channels of 8×8 cut out of the pixels."""

    latent_shape, prior, value_range = (32, 4, 4), None, None

    def coded(self, x):
        z = F.pixel_unshuffle(x, 8)[:, ::6]
        return z + 0.1 * z.mean((1, 2, 3), keepdim=True)

    def drawn(self, z):
        full = torch.zeros(len(z), 192, *z.shape[2:])
        full[:, ::6] = z
        return F.pixel_shuffle(full, 8)


class Scalars(Clocked):
    """Six latents, seen through a mixing that does not quite come back."""

    latent_shape, prior, value_range = (6,), la.StandardNormal((6,)), None
    mixing = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(0))).Q

    def coded(self, x):
        return (x @ self.mixing).tanh() * 1.2

    def drawn(self, z):
        return z @ self.mixing.T


@pytest.fixture
def slow(monkeypatch):
    def make(kind, seconds):
        model = kind(seconds)
        monkeypatch.setattr(time, "perf_counter", lambda: model.now)
        return model

    return make


PICTURES = torch.rand(300, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def factored():
    codes = torch.cartesian_prod(*(torch.arange(k) for k in (4, 4, 3, 3)))
    values = torch.cat([codes, torch.randint(0, 4, (len(codes), 2), generator=torch.Generator().manual_seed(1))], 1)
    x = (values.float() - 1.5) / 2 @ Scalars.mixing.T
    return FactorData(x.numpy(), codes.numpy(), ("a", "b", "c", "d"))


def sized(model, data, samples=1024, batch_size=128, budget=60.0):
    return sizes(
        model, as_observations(data), torch.arange(8), samples=samples, fewest=32, batch_size=batch_size, budget=budget
    )


@pytest.mark.parametrize(
    ("seconds", "budget", "rows", "batch"),
    [(2e-5, 60, 1024, 128), (0.02, 60, 187, 50), (0.02, 120, 375, 100), (0.2, 60, 32, 8), (0.02, 4800, 1024, 128)],
)
def test_rows_are_cut_to_what_the_budget_affords(slow, seconds, budget, rows, batch):
    """A sixteenth of the budget for all rows, a sixtieth for one batch."""
    found = sized(slow(Channels, seconds), PICTURES, budget=budget)
    assert found.rows == pytest.approx(rows, abs=1) and found.batch_size == pytest.approx(batch, abs=1)


def test_a_first_pass_that_is_slow_does_not_count(slow):
    model = slow(Channels, 0.02)
    model.first = 50.0
    assert sized(model, PICTURES).rows == pytest.approx(187, abs=1)


def test_rows_are_passed_together_where_calls_are_dear():
    """A sixtieth of the budget is 1 s for a call, and more where its fixed part is more than half of that."""
    assert affordable_batch(Cost(0.0, 0.02), 128, 60.0) == 50
    assert affordable_batch(Cost(0.5, 0.02), 128, 60.0) == 25
    assert affordable_batch(Cost(2.0, 0.02), 128, 60.0) == 100
    assert affordable_batch(Cost(2.0, 0.0), 128, 60.0) == 128
    found = sizes(
        Channels(0.0),
        as_observations(PICTURES),
        torch.arange(8),
        samples=1024,
        fewest=16,
        batch_size=128,
        budget=60.0,
        cost=Cost(2.0, 0.02),
    )
    assert found == (93, 100)  # 60 s / 16 at 4 s for 100 rows


def test_what_was_asked_for_is_never_exceeded(slow):
    assert sized(slow(Channels, 0.2), PICTURES, samples=40, batch_size=4) == (32, 4)
    assert sized(slow(Channels, 1e-6), PICTURES, samples=40, batch_size=4) == (40, 4)


def test_codes_of_all_rows_fit_into_memory(slow):
    model = slow(Channels, 1e-6)
    model.latent_shape = (CODES // 100, 1, 1)
    model.coded, model.drawn = (lambda x: x.new_zeros(len(x), *model.latent_shape)), (lambda z: PICTURES[: len(z)])
    assert sized(model, PICTURES).rows == 100


def test_questions_share_what_none_needs_at_least():
    assert allowance([0, 100, 300], [0, 1, 3], 1000) == 0
    assert allowance([100, 300], [1, 3], 1000) == 250 and allowance([300], [3], 750) == 750


def test_the_dearest_is_left_out_first_and_others_have_its_share():
    assert allowance([800, 300, 200], [1, 1, 1], 1000) is None
    assert allowance([300, 200], [1, 1], 1000) == 550
    assert allowance([200, 800], [1, 3], 900) == 900


def test_a_sample_of_passes_takes_as_many_rows_as_twenty_milliseconds_afford(slow):
    data, rows = factored(), torch.arange(40)
    for seconds, expected in ((1e-5, [8, 40, 40]), (0.001, [8, 20, 20]), (1.0, [8, 8, 8])):
        sample = sample_passes(slow(Scalars, seconds), as_observations(data), rows)
        assert [sample() for _ in range(3)] == pytest.approx(expected, abs=1)


def assayed(model, data, budget, questions=None):
    return la.assay(model, data, questions=questions, budget=budget, precision=None, groups=20)


KINDS = [(Channels, PICTURES, 60.0), (Channels, PICTURES, 180.0), (Scalars, factored(), 60.0)]


@pytest.mark.usefixtures("few_halves")  # which take none of the model's time
@pytest.mark.parametrize("seconds", [0.0016, 0.008, 0.032, 0.1])
@pytest.mark.parametrize(("kind", "data", "budget"), KINDS, ids=["channels", "channels longer", "scalars"])
def test_an_assay_ends_near_its_budget(slow, kind, data, seconds, budget):
    result = assayed(slow(kind, seconds), data, budget)
    assert result.meta.seconds <= 1.1 * budget, result.meta
    unasked = [finding for finding in result.findings if finding.key == "budget"]
    assert not unasked or result.meta.seconds >= 0.6 * budget, result.meta
    answered = {section.key for section in result.sections}
    assert {"reconstruction", "units", "responses"} <= answered
    assert bool(unasked) == (not {"holes", "consistency.invariance", "structure"} <= answered)
    slow = [finding for finding in result.findings if finding.key == "factors.slow"]
    assert kind is Channels or bool(slow) != ("factors.cds" in result.scores)


def test_a_slow_model_gets_coarser_maps_and_fewer_samples(slow):
    data, sides, draws = factored().batch(torch.arange(144)), [], []
    for seconds in (1e-5, 0.01):
        result = assayed(slow(Scalars, seconds), data, 60.0)
        sides.append(len(result["field"].evidence.xs))
        draws.append(result.scores["holes.prior"].n)
    assert sides[0] == 50 and 20 <= sides[1] <= 25
    assert draws[0] == 144 and 64 <= draws[1] < 144


def test_what_is_left_out_is_named_with_the_time_that_it_needs(slow):
    model = slow(Channels, 0.082)
    result = assayed(model, PICTURES, 60.0)
    (finding,) = (finding for finding in result.findings if finding.key == "budget")
    assert "82.1 ms" in finding.sentence and "Channels" in finding.sentence
    assert not {"spatial.channels", "holes"} & {section.key for section in result.sections}
    # The dearest at these sizes, but all others rest on it.
    assert "Input checks" not in finding.sentence and result.sections[0].key == "input_checks"
    enough = float(finding.remedy.split("about ")[1].split(" s")[0])
    assert enough <= 400
    again = assayed(slow(Channels, 0.082), PICTURES, enough)
    assert not [finding for finding in again.findings if finding.key == "budget"]
    assert again.meta.seconds <= 1.1 * enough


def test_the_page_shows_what_was_left_out(slow, tmp_path):
    result = assayed(slow(Channels, 0.4), PICTURES, 60.0, questions=["reconstruction", "holes"])
    result.save(tmp_path / "a.safetensors")
    assert "Left out" in la.Assay.load(tmp_path / "a.safetensors").to_html()


@pytest.mark.usefixtures("few_halves")
@pytest.mark.parametrize("seconds", [0.14, 0.2, 0.4, 0.7, 2.0, 8.0, 20.0])
@pytest.mark.parametrize(("kind", "data", "budget"), [KINDS[0], KINDS[2]], ids=["channels", "scalars"])
def test_a_first_verdict_comes_in_time_where_two_observations_can_be_passed(slow, kind, data, seconds, budget):
    result = assayed(slow(kind, seconds), data, budget)
    assert result.meta.seconds <= 1.5 * budget, result.meta
    assert "reconstruction" in {section.key for section in result.sections}
    assert seconds > 0.4 or "units" in {section.key for section in result.sections}
    assert not [finding.sentence for finding in result.findings if finding.key.endswith(".failed")]


@pytest.mark.usefixtures("few_halves")
@pytest.mark.parametrize("fixed", [0.2, 1.0, 4.0])
@pytest.mark.parametrize(("kind", "data", "budget"), [KINDS[0], KINDS[2]], ids=["channels", "scalars"])
def test_a_model_whose_calls_are_dear_and_rows_are_cheap_is_asked_about_its_units(slow, kind, data, fixed, budget):
    model = slow(kind, 1e-4)
    model.fixed = fixed
    result = assayed(model, data, budget)
    assert {"units", "responses"} <= {section.key for section in result.sections}
    assert result.meta.seconds <= 1.15 * budget, result.meta
    assert result.meta.rows >= 90
    assert not [finding.sentence for finding in result.findings if finding.key.endswith(".failed")]


class AnySize(Channels):
    """The same, of pictures of any size; time goes with the area."""

    def encode(self, x):
        self.now += self.seconds / 2 * len(x) * x.shape[-1] ** 2 / 1024
        return la.Point(self.coded(x))

    def decode(self, z):
        self.now += self.seconds / 2 * len(z) * z.shape[-1] ** 2 / 16
        return self.drawn(z)

    def resized(self, x_shape, latent_shape):
        other = AnySize(self.seconds)
        other.latent_shape, other.clock = latent_shape, self
        return other

    @property
    def now(self):
        return self.clock.time if hasattr(self, "clock") else self.time

    @now.setter
    def now(self, value):
        (self.clock if hasattr(self, "clock") else self).time = value


def test_a_model_of_any_size_is_asked_on_crops(slow):
    x = torch.rand(40, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    model = slow(AnySize, 0.2)
    model.latent_shape = (32, 16, 16)
    result = assayed(model, x, 60.0)
    (finding,) = (finding for finding in result.findings if finding.key == "budget.crops")
    assert "128×128 takes 3.2 s" in finding.sentence and "32×32" in finding.sentence
    assert result.meta.seconds <= 90 and result.meta.x_shape == (3, 32, 32)
    assert {"reconstruction", "units", "responses"} <= {section.key for section in result.sections}


@pytest.mark.usefixtures("few_halves")
@pytest.mark.parametrize(("seconds", "budget"), [(0.008, 60.0), (0.032, 60.0), (0.1, 120.0)])
def test_the_time_left_that_a_bar_shows_holds_within_a_factor_of_two(slow, monkeypatch, seconds, budget):
    """By what was done at every update from a fifth on, until four fifths of the time are over."""
    model, seen = slow(Channels, seconds), []

    class Watched:
        def __init__(self, total):
            self.total, self.done, self.begun = total, 0, model.now

        def update(self, n=1, **fields):
            self.done += n
            seen.append((model.now - self.begun, self.done / self.total))

    @contextmanager
    def watched(total, label, **options):
        yield Watched(total)

    monkeypatch.setattr(rounds, "bar", watched)
    assayed(model, PICTURES, budget)
    end = seen[-1][0]
    looks = [(end - now, now / share - now) for now, share in seen if 0.2 <= share <= 0.8]
    assert len(looks) > 3
    assert all(left / 2 <= shown <= 2 * left for left, shown in looks), looks
