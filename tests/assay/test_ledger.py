"""States of units follow from what the encoder varies, the decoder uses and what comes back, known in closed form."""

import pytest
import torch

from latentassay.assay.ledger import COUPLING, build_ledger
from latentassay.responses import response_matrix
from latentassay.sampling import encode
from tests.oracles.linear import LinearGaussian, exact_inverse


def ledger_of(encoder, decoder=None, *, noise=0.01, n=512, returns=None, data_variance=None):
    """The ledger of a linear model whose codes are these matrices of what an exact inverse says."""
    inverse = exact_inverse(len(encoder), 12, noise=noise)
    outwards = inverse.D if decoder is None else inverse.D @ torch.tensor(decoder, dtype=torch.float64)
    model = LinearGaussian(torch.tensor(encoder, dtype=torch.float64) @ inverse.E, outwards, noise=noise)
    z = torch.randn(n, len(encoder), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = z @ inverse.D.T
    codes = encode(model, x, generator=torch.Generator().manual_seed(2))
    matrix = response_matrix(model, codes.sample, generator=3)
    variance = float(x.var(0).sum()) if data_variance is None else data_variance
    return build_ledger(matrix, codes, kl=torch.zeros(len(encoder)), data_variance=variance, returns=returns)


EYE = torch.eye(4).tolist()


def without(unit):
    return (torch.eye(4) - torch.diag(torch.eye(4)[unit])).tolist()


def states(ledger):
    return [entry.state for entry in ledger.entries]


def test_units_that_come_back_alone_are_alive():
    ledger = ledger_of(EYE)
    assert states(ledger) == ["alive"] * 4 and ledger.live == [0, 1, 2, 3] and not ledger.unsure
    assert ledger.variables == ((0,), (1,), (2,), (3,)) and ledger.mutual == ledger.one_way == ()


def test_effects_are_shares_of_what_is_decoded():
    effects = [float(entry.effect) for entry in ledger_of(EYE).entries]
    inverse = exact_inverse(4, 12)
    known = inverse.D.square().sum(0) / inverse.D.square().sum()
    assert effects == pytest.approx(known.tolist(), rel=0.2)


def test_what_the_decoder_does_not_read_is_dead_and_what_returns_a_fifth_is_faint():
    assert states(ledger_of(EYE, without(2))) == ["alive", "alive", "dead", "alive"]
    fifth = torch.diag(torch.tensor([1.0, 1, 1, 0.2])).tolist()
    assert states(ledger_of(EYE, fifth)) == ["alive", "alive", "alive", "faint"]


def test_a_pair_that_turns_into_each_other_is_entangled_and_one_variable():
    turn = torch.eye(4)
    turn[:2, :2] = torch.tensor([[0.8, -0.6], [0.6, 0.8]])
    ledger = ledger_of(turn.tolist())
    assert states(ledger) == ["entangled", "entangled", "alive", "alive"]
    assert ledger.mutual == ((0, 1),) and ledger.variables == ((0, 1), (2,), (3,))
    assert ledger.entries[0].partners == (1,)
    assert [float(share) for share in ledger.couplings([(0, 1)])] == pytest.approx([0.36], abs=0.1)


def test_a_strong_arrow_stands_beside_a_mutual_pair():
    matrix = torch.eye(4)
    matrix[0, 1] = matrix[1, 0] = 0.4
    matrix[3, 2] = 0.9
    ledger = ledger_of(matrix.tolist())
    assert ledger.mutual == ((0, 1),) and ledger.one_way == ((2, 3),) and ledger.entries[2].moves == (3,)


def test_codes_that_correlate_wholly_are_twins_whether_they_have_one_sign_or_not():
    copied = torch.eye(4)
    copied[3] = -copied[1]
    halves = torch.eye(4)
    halves[1, 1], halves[1, 3], halves[3, 3] = 0.5, -0.5, 0.0
    ledger = ledger_of(copied.tolist(), halves.tolist())
    assert states(ledger) == ["alive", "twin", "alive", "twin"] and (1, 3) in ledger.variables


def test_three_units_of_which_more_comes_back_in_each_other_than_in_themselves_are_entangled():
    """The reflection I − ⅔ 1 1ᵀ: a ninth of the square comes back in the unit, four ninths in each other one."""
    mirror = torch.eye(4)
    mirror[:3, :3] -= 2 / 3
    ledger = ledger_of(mirror.tolist())
    assert states(ledger) == ["entangled"] * 3 + ["alive"] and ledger.variables == ((0, 1, 2), (3,))


def test_pairs_leave_out_those_that_repeat_each_other():
    copied = torch.eye(3)
    copied[2] = copied[1]
    halves = torch.eye(3)
    halves[1, 1], halves[1, 2], halves[2, 2] = 0.5, 0.5, 0.0
    ledger = ledger_of(copied.tolist(), halves.tolist())
    assert states(ledger) == ["alive", "twin", "twin"] and set(ledger.pairs) == {(0, 1), (1, 0), (0, 2), (2, 0)}


def test_units_that_return_together_only_are_redundant():
    ledger = ledger_of(EYE, torch.diag(torch.tensor([1.0, 1, 0.2, 0.2])).tolist(), returns=torch.ones(4))
    assert ledger.of("redundant") == [2, 3] and ledger.entries[2].partners == (3,)
    assert (2, 3) in ledger.variables


def test_a_decoder_that_hardly_moves_reads_no_unit():
    assert set(states(ledger_of(EYE, data_variance=1e9))) == {"dead"}


def test_doubt_is_where_an_interval_reaches_across_a_cut():
    share = COUPLING.negligible**0.5
    coupled = torch.eye(4)
    coupled[0, 1] = share
    assert ledger_of(coupled.tolist(), n=64).unsure
    near = torch.diag(torch.tensor([1.0, 1, 1, 0.38])).tolist()
    assert not ledger_of(EYE, near, n=64).entries[3].certain


def test_where_most_units_are_redundant_one_that_answers_in_part_is_redundant_too():
    """Of the first 0.45 comes back alone and all with the others: among live units it would be one."""
    most = torch.diag(torch.tensor([0.45, 0.2, 0.2, 0.2])).tolist()
    few = torch.diag(torch.tensor([0.45, 1, 1, 0.2])).tolist()
    assert states(ledger_of(EYE, most, returns=torch.ones(4))) == ["redundant"] * 4
    assert states(ledger_of(EYE, few, returns=torch.ones(4))) == ["alive", "alive", "alive", "redundant"]


def test_noise_that_the_decoder_hardly_paints_is_collapsed_and_not_blind():
    """The encoder puts noise alone into the last unit; the decoder paints it at a tenth, or at its full size."""
    from latentassay.sampling import Codes

    def state(gain, data_variance=1.0):
        inverse = exact_inverse(4, 12)
        model = LinearGaussian(inverse.E, inverse.D @ torch.diag(torch.tensor([1.0, 1, 1, gain])).double(), noise=0.01)
        mean = torch.randn(512, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        mean[:, 3], std = 0.0, torch.full((512, 4), 0.01, dtype=torch.float64)
        std[:, 3] = 1.0
        sample = mean + std * torch.randn(512, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        codes = Codes(mean, std, sample)
        matrix = response_matrix(model, codes.sample, generator=3)
        return states(build_ledger(matrix, codes, kl=torch.zeros(4), data_variance=data_variance))[3]

    assert (state(0.1), state(1.0)) == ("collapsed", "encoder-blind")
    # At a fifth it is 1.5 % of the decodings: a picture of its own where these are all of the data's variance, and
    # 0.08 % of that where the model keeps a twentieth of it.
    assert (state(0.2), state(0.2, data_variance=660.0)) == ("encoder-blind", "collapsed")
