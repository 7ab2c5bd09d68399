import pytest
import torch

from latentassay.faults.models import picture_model, vector_model
from latentassay.faults.threads import COUNTS, _crowd, at_once, crowded, run_threads


@pytest.mark.parametrize(("make", "x"), [(vector_model, torch.rand(8, 6)), (picture_model, torch.rand(8, 1, 8, 8))])
def test_models_answer_by_their_batch_in_train_mode(make, x):
    model = crowded({"model": make()})["model"]
    assert model.training and model.encode(x).mean.shape == (8, *model.latent_shape)
    assert not torch.equal(model.inwards(x)[:2], model.inwards(x[:2]))
    assert crowded({"z": x}) is None


def test_a_function_that_forgets_the_mode_is_seen():
    def careless(model, z):
        return model.encode(torch.rand(8, 6, generator=torch.Generator().manual_seed(0))).mean

    (found,) = _crowd("respond", careless, lambda: {"model": vector_model(), "z": None}, ["two threads"])
    assert found.verdict in ("state", "input", "differs")


def test_what_one_thread_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        at_once(lambda x: 1 / x, 2)(x=0)


def test_functions_without_a_model_are_left_out():
    found = run_threads(["respond", "metrics.mig"])
    # The tests' type checks look at random members of containers.
    assert all(one.verdict == "value" or one.detail == "Python's chance" for one in found)
    assert [(one.function, one.case) for one in found] == [("respond", case) for case in COUNTS]
