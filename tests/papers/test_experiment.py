"""Options that are refused before anything is trained, and what an experiment says of itself."""

from pathlib import Path

import pytest

from latentassay.core.errors import InputError
from latentassay.papers.experiment import Experiment, Options, describe_seeds, pick_scale

OPTIONS = Options("smoke", Path("out"))


def experiment(**changes):
    words = {"name": "paper.table", "summary": "a table", "costs": {"smoke": "seconds", "paper": "weeks"}}
    return Experiment(**{**words, "make": pytest.fail, **changes})


def test_an_unknown_scale_is_refused_by_name():
    assert pick_scale({"smoke": 1}, "smoke") == 1
    with pytest.raises(InputError, match="smoke, paper, got 'huge'"):
        pick_scale({"smoke": 1, "paper": 2}, "huge")


@pytest.mark.parametrize(
    ("data_sets", "changes", "message"),
    [
        ((), {"scale": "huge"}, "scale must be one of smoke, paper, got 'huge'"),
        ((), {"seeds": 0}, "seeds must be at least 1, got 0"),
        ((), {"data": {"mnist": "x"}}, r"paper\.table needs no files, got --data mnist"),
        (("mnist",), {"data": {"mnist": "x", "cifar": "y"}}, r"needs no cifar; --data may name mnist"),
    ],
)
def test_options_that_fit_no_table_are_refused(data_sets, changes, message):
    with pytest.raises(InputError, match=message):
        experiment(data_sets=data_sets).check(OPTIONS._replace(**changes))


def test_options_that_fit_are_not_refused():
    experiment(data_sets=("mnist",)).check(OPTIONS._replace(data={"mnist": "x"}, seeds=3))
    experiment().check(OPTIONS)


def test_models_that_train_side_by_side_take_no_gpu():
    OPTIONS.require_cpu()
    OPTIONS._replace(device="cpu").require_cpu()
    with pytest.raises(InputError, match=r"train on the cpu, .* got device 'cuda'"):
        OPTIONS._replace(device="cuda").require_cpu()


def test_folders_are_those_that_were_named():
    options = OPTIONS._replace(data={"mnist": "a/b"})
    assert options.folder_of("mnist") == Path("a/b") and options.folder_of("cifar") is None


def test_needs_and_costs_are_one_line():
    words = experiment(files="MNIST").describe_needs()
    assert words == "files: MNIST. Time: smoke seconds; paper weeks."
    assert describe_seeds(1) == "0" and describe_seeds(10) == "0 to 9"
