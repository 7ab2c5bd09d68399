"""Objectives with networks of their own, made ready for a run; ``tests/training/test_trainer.py`` trains them."""

import torch
from torch import nn

from latentassay import objectives
from latentassay.objectives.auxiliary_networks import WithAuxiliary, call_frozen, with_auxiliary, with_rows


class Critical:
    """An objective that brings a critic along."""

    def with_auxiliary(self, model):
        return WithAuxiliary(nn.Linear(2, 1), lambda *batch: objectives.AE()(*batch), rate=0.5)

    def __call__(self, model, x, generator):
        return objectives.AE()(model, x, generator)


def test_plain_objectives_bring_nothing_and_stay_as_they_are():
    for objective in (objectives.AE(), objectives.Invariance(objectives.AE()), lambda model, x, generator: None):
        ready = with_auxiliary(objective, None)
        assert ready.loss is objective and not list(ready.networks.parameters()) and ready.lr is None


def test_networks_of_a_base_are_those_of_what_is_around_it():
    ready = with_auxiliary(objectives.Invariance(objectives.Invariance(Critical(), 2.0), 3.0), None)
    assert isinstance(ready.networks, nn.Linear) and ready.rate == 0.5
    assert (ready.loss.weight, ready.loss.base.weight) == (3.0, 2.0) and callable(ready.loss.base.base)


def test_rows_are_filled_in_where_they_were_left_out():
    around = objectives.Invariance(objectives.BetaTCVAE(4.0))
    assert with_rows(around, 50).base.n == 50 and around.base.n is None
    assert with_rows(objectives.BetaTCVAE(4.0, n=7), 50).n == 7
    assert with_rows(objectives.AE(), 50) == objectives.AE()


def test_gradients_pass_through_a_frozen_network_and_leave_none():
    network, x = nn.Linear(3, 1), torch.ones(2, 3, requires_grad=True)
    output = call_frozen(network, x)
    torch.testing.assert_close(output, network(x))
    output.sum().backward()
    assert all(parameter.grad is None for parameter in network.parameters())
    torch.testing.assert_close(x.grad, network.weight.detach().expand(2, 3))
    assert all(parameter.requires_grad for parameter in network.parameters())
