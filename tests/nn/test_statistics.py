"""Running statistics stay as they are while something else passes."""

import pytest
import torch
from torch import nn

from latentassay.nn.statistics import keep_statistics, use_running_statistics


def network():
    return nn.Sequential(nn.BatchNorm1d(3), nn.Sequential(nn.BatchNorm1d(3, track_running_stats=False)))


def test_nothing_is_remembered_and_the_pass_is_that_of_training():
    model, x = network().train(), 5 + torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with keep_statistics(model):
        kept = model(x)
    assert all((value == before[name]).all() for name, value in model.state_dict().items())
    assert (model(x) == kept).all()
    assert not (model[0].running_mean == before["0.running_mean"]).all()


def test_in_evaluation_nothing_changes():
    model, x = network().eval(), torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    with keep_statistics(model):
        kept = model(x)
    assert (model(x) == kept).all()


def test_an_error_does_not_leave_it_changed():
    model = network()
    with pytest.raises(ZeroDivisionError), keep_statistics(model):
        raise ZeroDivisionError
    assert model[0].track_running_stats and not model[1][0].track_running_stats


def test_what_has_no_modules_has_nothing_to_keep():
    with keep_statistics(lambda x: x):
        pass


def test_running_statistics_are_used_as_in_evaluation_and_kept():
    model, x = network().train(), 5 + torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    model(x)
    with use_running_statistics(model):
        found = model(x)
    assert model[0].training and model[1][0].training and int(model[0].num_batches_tracked) == 1
    assert (found == model.eval()[1](model[0](x))).all()
    with use_running_statistics(lambda x: x):
        pass
