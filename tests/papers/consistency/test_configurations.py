"""The models of IC's grid: their names, seeds and folders."""

import pytest

from latentassay import models
from latentassay.core.errors import InputError
from latentassay.papers.consistency.configurations import list_configurations
from latentassay.papers.experiment import Options

ROWS = {
    f"{x}{family}{kind}"
    for family in ("AE", "VAE", "SAE")
    for x, kind in (("", ""), ("X", ""), ("XC", "-I"), ("XC", "-E"))
} | {"AVAE"}


def test_names_and_seeds_are_the_papers(tmp_path):
    assert {one.paper_name for one in list_configurations(Options("smoke", tmp_path))} == ROWS
    assert len(list_configurations(Options("laptop", tmp_path, seeds=2))) == 26
    seeds = [one.seed for one in list_configurations(Options("paper", tmp_path))]
    assert seeds[::13] == [11, 13, 17, 37, 121]


def test_every_model_has_a_folder_of_its_own(tmp_path):
    folders = [one.run_folder for one in list_configurations(Options("paper", tmp_path))]
    assert len(set(folders)) == len(folders) == 65
    assert folders[0] == tmp_path / "runs" / "paper" / "ae-s-seed11"


@pytest.mark.parametrize(("seeds", "message"), [(6, "the paper has 5 seeds, got 6"), (0, "seeds")])
def test_seeds_that_the_paper_does_not_have_are_refused(tmp_path, seeds, message):
    with pytest.raises(InputError, match=message):
        list_configurations(Options("smoke", tmp_path, seeds=seeds))


def test_sizes_of_digits_have_the_models_of_table_3(tmp_path):
    standard, wide = (list_configurations(Options(f"smoke-{size}", tmp_path)) for size in ("standard", "s4"))
    assert {one.paper_name for one in standard} == ROWS
    assert {one.paper_name for one in wide} == ROWS - {"AE", "VAE", "SAE", "AVAE"}
    assert wide[0].model == "xae-s4" and standard[0].model == "ae-standard"
    assert all(one.model in models.NAMES for one in (*standard, *wide))
