"""Frozen parts: not a bit of them moves, the rest learns, and everything is left as it was found."""

import copy

import pytest
import torch
from torch import nn

from latentassay.core.errors import CheckpointError, InputError
from latentassay.training.freeze import freeze_parts

PARTS = ("encoder", "decoder")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", ["vae-mlp", "vae-conv-small", "dropping"])
def test_a_frozen_part_keeps_every_bit_and_the_other_learns(lab, same_weights, kind, part):
    model = lab.make(kind)
    before = copy.deepcopy(model)
    lab.train(model, 5, freeze=[part])
    (other,) = {*PARTS} - {part}
    assert same_weights(getattr(model, part), getattr(before, part))
    moved, was = getattr(model, other).state_dict(), getattr(before, other).state_dict()
    assert all(not torch.equal(moved[name], was[name]) for name in moved if not name.endswith("running_var"))


def test_without_it_normalisation_statistics_move(lab):
    model = lab.make("dropping")
    lab.train(model, 2)
    assert model.encoder[2].num_batches_tracked == 2


def test_modes_and_gradients_are_left_as_they_were_found(lab):
    model = lab.make("dropping")
    model.encoder[1].weight.requires_grad_(False)
    model.train()
    model.encoder[3].eval()
    lab.train(model, 2, freeze=["encoder"])
    assert not model.encoder[1].weight.requires_grad and model.encoder[1].bias.requires_grad
    assert model.training and model.encoder.training and not model.encoder[3].training


def test_they_are_left_so_when_training_fails_too():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
    with pytest.raises(RuntimeError, match="stop"), freeze_parts(model, ["0", "1"]):
        assert not model[1].training and not model[0].weight.requires_grad
        raise RuntimeError("stop")
    assert model[1].training and model[0].weight.requires_grad


def test_a_frozen_encoder_answers_as_when_asked(lab):
    """Its dropout is off while the rest learns."""
    model = lab.make("dropping")
    x = lab.pictures().batch(range(8))
    with freeze_parts(model, ["encoder"]):
        model.decoder.train()
        assert torch.equal(model.encode(x).mean, model.encode(x).mean)


@pytest.mark.parametrize("names", [["head"], [""], "encoder", ["encoder", "encoder.9"]])
def test_names_that_no_part_has_are_refused(lab, names):
    with pytest.raises(InputError, match="parts of the model such as encoder, decoder, got"):
        lab.train(lab.make("vae-mlp"), 1, freeze=names)


def test_all_of_it_cannot_be_frozen(lab):
    model = lab.make("vae-mlp")
    with pytest.raises(InputError, match="no parameters to train"):
        lab.train(model, 1, freeze=PARTS)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_run_resumes_with_what_was_frozen_alone(lab, same_weights, tmp_path):
    whole = lab.train(lab.make("vae-mlp"), 6, freeze=["encoder"]).model
    lab.train(lab.make("vae-mlp"), 3, tmp_path, freeze=["encoder"])
    resumed = lab.train(lab.make("vae-mlp"), 6, tmp_path, freeze=["encoder"], resume=True).model
    assert same_weights(whole, resumed)
    with pytest.raises(CheckpointError, match="'freeze': \\['encoder'\\]"):
        lab.train(lab.make("vae-mlp"), 9, tmp_path, resume=True)
