import sys

import pytest

from latentassay.faults.children import run_child
from latentassay.faults.disks import fill_up, make_small

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")


def is_full(folder):
    """Whether nothing can be written on a disk that was filled, where there may be one."""
    if not make_small(folder):
        return
    fill_up(folder, 0)
    try:
        (folder / "x").write_bytes(bytes(100_000))
    except OSError:
        return
    raise RuntimeError("there was room")


def test_a_small_disk_is_full_and_this_process_does_not_see_it(tmp_path):
    (tmp_path / "disk").mkdir()
    assert run_child(is_full, {"folder": tmp_path / "disk"}, tmp_path / "own", seconds=20) == ("value", "")
    assert not list((tmp_path / "disk").iterdir())
