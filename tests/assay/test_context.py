"""What all questions share: how much each can afford, which units are alive, and what is drawn for whom."""

from dataclasses import replace

import pytest
import torch

import latentassay as la
from latentassay.assay.context import COARSEST, FEWEST_DRAWN, seeded
from tests.assay.asking import context_of
from tests.assay.planted import identity, without_places
from tests.assay.responding import channels, clean, leaking, observations, on_a_line, on_a_line_and_beside, shrinking
from tests.oracles.linear import exact_inverse


@pytest.fixture(scope="module")
def faint():
    """Unit 1 of four is dead, unit 3 faint."""
    return context_of(*leaking([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0.9, 0], [0, 0, 0, 0.2]]))


def test_units_are_alive_faint_or_dead(faint):
    assert faint.active_latents == [0, 2] and faint.alive.groups == ((0,), (2,))
    assert faint.live_mask.tolist() == [True, False, True, False]
    assert faint.ledger.entries[3].state == "faint"
    assert faint.ledger.labels() == ["0", "1", "2", "3"] and faint.n == 96


def test_the_strongest_are_named_in_the_order_of_their_numbers(faint):
    assert faint.ledger.strongest(range(4), 2) == [0, 2] and faint.ledger.strongest([3, 1], 1) == [3]
    assert faint.only([3, 0]).groups == ((3,), (0,))


def test_what_is_afforded_is_shared_in_proportion(faint):
    half = faint.affording(faint.passes // 2)
    assert half.seconds == pytest.approx(faint.seconds / 2, rel=1e-3) and half.passes == faint.passes // 2


@pytest.mark.parametrize(
    ("passes", "latents", "rows"), [(10**9, 96, 50), (800, FEWEST_DRAWN, 40), (1, FEWEST_DRAWN, 9)]
)
def test_fewer_are_drawn_where_each_takes_more(faint, passes, latents, rows):
    few = faint.affording(passes)
    assert few.latents_at(20) == latents and few.rows_at(20, least=9, most=50) == rows


def test_maps_are_as_fine_as_can_be_afforded():
    context = context_of(*shrinking(1.0))
    assert context.side(1) == context.grid == 8  # no finer than was asked for
    fine = replace(context, grid=50)
    assert fine.affording(40 * 40).side(1) == 40 and fine.affording(1).side(1) == COARSEST


def test_the_plane_is_that_of_one_variable_or_of_the_two_strongest():
    turned = leaking([[0.8, -0.6, 0, 0], [0.6, 0.8, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert context_of(*turned).plane == (0, 1)
    assert context_of(*leaking([[0.7, 0, 0], [0, 1, 0], [0, 0, 0.9]])).plane == (1, 2)
    assert context_of(*channels(), samples=64).plane is None and context_of(*shrinking(1.0, latents=1)).plane is None


def test_the_centre_is_the_real_code_nearest_to_the_mean(faint):
    means = faint.codes.mean
    scaled = (means - means.mean(0)) / means.std(0)
    assert torch.equal(faint.centre, means[scaled.square().nan_to_num().sum(1).argmin()])


def test_codes_of_more_rows_begin_with_those_that_are_there():
    model = exact_inverse(3, 8, noise=0.01)
    context = context_of(model, observations(model), samples=32)
    codes = context.codes_of(context.scored[:50])
    assert codes.dtype == torch.float64 and codes.shape == (50, 3)
    torch.testing.assert_close(codes[:32].float(), context.codes.mean.float())
    torch.testing.assert_close(codes[32:], model.encode(context.data.batch(context.scored[32:50])).mean)


def test_places_lie_above_parts_of_a_picture_that_they_divide():
    assert context_of(*identity(2, 4, 4), samples=48).places_lie_above
    assert not context_of(*without_places(), samples=48).places_lie_above
    assert not context_of(*clean()).is_spatial


def test_what_is_drawn_depends_on_the_seed_and_the_question_alone(faint):
    assert torch.equal(faint.sample(5, "a"), faint.sample(9, "a")[:5])
    assert not torch.equal(faint.sample(5, "a"), faint.sample(5, "b"))
    numbers = {seeded(seed, name).initial_seed() for seed in (0, 1, 2**32) for name in ("a", "b")}
    assert len(numbers) == 6


def test_what_the_model_is_decides_which_advice_makes_sense(trained, digits):
    own = context_of(trained, digits.test)
    assert own.has_prior and own.is_trainable
    plain = context_of(*shrinking(1.0))
    assert not plain.is_trainable


def test_asking_again_raises_caps_fourfold():
    context = context_of(*shrinking(1.0))
    assert context.at_most(128) == 128 and replace(context, effort=16.0).at_most(128) == 2048


def test_of_one_variable_that_is_used_there_is_nothing_to_mix():
    """Unit 1 of the first model is idle, the latents of the second are one, those of the third are two."""
    x = torch.randn(400, 1, generator=torch.Generator().manual_seed(0))
    idle = la.from_torch(lambda x: torch.cat([x, -x], 1), lambda z: z[:, :1], latent_shape=(2,)), x
    contexts = [context_of(*model) for model in (idle, on_a_line(), on_a_line_and_beside())]
    assert contexts[0].ledger.of("dead") == [1] and len(contexts[0].variables) == 2
    assert [context.mixes for context in contexts] == [False, False, True]
