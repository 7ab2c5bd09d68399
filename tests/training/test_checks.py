"""Options that training refuses before it begins."""

import pytest

from latentassay.core.errors import CheckpointError, InputError
from latentassay.training.checks import check_interval, check_options, check_snapshots, open_folder


def test_what_can_be_is_let_through(tmp_path):
    check_options(1e-3, 0, "float32")
    check_options(lambda step: 1e-3, 2**63 - 1, "bf16")
    check_snapshots((1, 5), 5, tmp_path)
    check_snapshots((), 5, None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((0.0, 0, "float32"), "lr must be a positive number"),
        (("fast", 0, "float32"), "lr must be a positive number"),
        ((1e-3, -1, "float32"), "seed must be"),
        ((1e-3, True, "float32"), "seed must be"),
        ((1e-3, 0, "half"), "precision must be 'float32' or 'bf16'"),
    ],
)
def test_options_that_cannot_be_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        check_options(*options)


@pytest.mark.parametrize(
    ("steps", "out", "words"), [((0,), "x", "from 1 to 5"), ((6,), "x", "6"), ((2,), None, "out=")]
)
def test_snapshots_that_cannot_be_kept_are_refused(steps, out, words):
    with pytest.raises(InputError, match=words):
        check_snapshots(steps, 5, out)


def test_a_folder_is_made_unless_nothing_is_kept(tmp_path):
    assert open_folder(None, resume=False) is None
    assert open_folder(tmp_path / "a" / "b", resume=False).is_dir()
    with pytest.raises(InputError, match="resume=True needs out="):
        open_folder(None, resume=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot be made"):
        open_folder(tmp_path / "file", resume=False)


def test_intervals_are_steps_or_times():
    found = [check_interval(every) for every in (1, "20", "90s", "10min", "10m", "0.5h")]
    assert found == [(1, None), (20, None), (None, 90), (None, 600), (None, 600), (None, 1800)]
    for wrong in (0, -1, True, 1.5, "0", "0s", "x", "", "10 parsecs", None):
        with pytest.raises(InputError, match="checkpoint_every must be a number of steps such as 500, or a time"):
            check_interval(wrong)
