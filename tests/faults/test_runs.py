import torch

from latentassay.faults.arguments import ARGUMENTS
from latentassay.faults.arrays import ARRAYS
from latentassay.faults.models import MODELS
from latentassay.faults.runs import QUICK, Call, ask, calls, run, spoil


def test_every_array_and_model_of_a_function_is_spoilt_in_every_way():
    found = calls(["respond", "fisher_rao_distance"])
    assert {(call.function, call.argument) for call in found} == {
        ("respond", "model"),
        ("respond", "z"),
        ("fisher_rao_distance", "a[0]"),
        ("fisher_rao_distance", "b[0]"),
    }
    assert len(found) == len(MODELS) + 3 * len(ARRAYS)


def test_a_quick_run_draws_by_its_seed():
    first, again, other = (calls(["respond"], quick=True, seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    assert len(first) == 2 * QUICK


def test_one_argument_is_spoilt_and_the_others_stay():
    row = ARGUMENTS["fisher_rao_distance"]()
    spoilt = spoil(row, Call("bad arrays", "fisher_rao_distance", "a[0]", "no row"))
    assert spoilt["a"][0].shape == (0, 4) and spoilt["a"][1] is row["a"][1]
    assert spoilt["b"] is row["b"]


def test_a_raw_error_is_told_with_its_call():
    def broken(model, z):
        return z.nonsense

    outcome = ask(Call("bad arrays", "respond", "z", "NaN"), broken)
    assert (outcome.verdict, outcome.case, outcome.argument) == ("raw", "NaN", "z")
    assert outcome.detail == "AttributeError: 'Tensor' object has no attribute 'nonsense'"


def test_valid_calls_come_first():
    outcomes = run([Call("bad arrays", "sampling.central", "z", "NaN")])
    assert [(one.axis, one.verdict) for one in outcomes] == [("valid calls", "value"), ("bad arrays", "typed")]
    assert torch.is_grad_enabled()
