"""Places for results, found wanting before anything is measured."""

import pytest

from latentassay.cli.outputs import check_outputs, write_all
from latentassay.core.errors import FileError, InputError
from latentassay.core.storage import write_whole


def test_places_are_checked_and_two_results_need_two(tmp_path):
    check_outputs(tmp_path / "a", None, tmp_path / "b" / "c")
    with pytest.raises(InputError, match="named for two results"):
        check_outputs(tmp_path / "a", tmp_path / "b" / ".." / "a")
    with pytest.raises(FileError, match="is a folder"):
        check_outputs(tmp_path / "x", tmp_path / "b")


def test_one_that_fails_does_not_cost_the_others(tmp_path):
    def write(path):
        write_whole(path, b"whole")

    (tmp_path / "folder").mkdir()
    failures = write_all((tmp_path / "folder", write), (None, write), (tmp_path / "a", write))
    assert [error.path for error in failures] == [tmp_path / "folder"] and (tmp_path / "a").read_bytes() == b"whole"


@pytest.mark.parametrize("option", ["--report", "--save", "--json"])
def test_an_assay_refuses_them_before_it_opens_the_model(run, tmp_path, option):
    (tmp_path / "folder").mkdir()
    done = run("assay", "no-such-model", option, tmp_path / "folder", cwd=tmp_path)
    assert done.returncode == 3 and "is a folder, and a file is to be written there. Name a file in it" in " ".join(
        done.stderr.split()
    )
