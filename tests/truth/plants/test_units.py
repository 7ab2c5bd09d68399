import torch

from latentassay.truth.plants.units import collapsed, dead, encoder_blind, faint, ignored_latent
from tests.truth.plants.response import response, units_of


def test_dead_units_do_not_move_what_is_decoded():
    for seed in range(4):
        found = dead(0.0, seed)
        moved = response(found.model)[1]
        idle = units_of(found)
        assert float(moved[idle].max()) < 1e-4 * float(moved.max())
        assert float(moved.sum()) > 0
        mean = found.model.encode(found.data).mean
        assert float(mean.var(0)[idle].min()) > 0.5  # the encoder writes them all the same


def test_collapsed_units_are_the_prior_and_ignored():
    found = collapsed(0.0, 1)
    q, idle = found.model.encode(found.data), units_of(found)
    assert float(q.mean[:, idle].abs().max()) == 0
    assert torch.equal(q.std[:, idle], torch.ones_like(q.std[:, idle]))
    moved = response(found.model)[1]
    assert float(moved[idle].max()) < 1e-4 * float(moved.max())


def test_a_weak_dose_leaves_the_share_that_it_says():
    found = collapsed(0.05, 1)
    q, idle = found.model.encode(found.data), units_of(found)
    assert torch.allclose(q.mean[:, idle].var(0), torch.full((len(idle),), 0.05), atol=0.01)


def test_blind_units_are_painted():
    found = encoder_blind(0.0, 1)
    idle = units_of(found)
    assert float(response(found.model)[1][idle].min()) > 0
    assert float(found.model.encode(found.data).mean[:, idle].abs().max()) == 0


def test_faint_units_answer_in_part():
    found = faint(0.2, 2)
    own = response(found.model)[0].diagonal()
    idle = units_of(found)
    assert torch.allclose(own[idle], torch.full((len(idle),), 0.2), atol=0.02)


def test_a_decoder_that_ignores_all_moves_nothing():
    for seed in range(4):
        assert float(response(ignored_latent(0.0, seed).model)[1].max()) == 0
