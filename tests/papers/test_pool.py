"""Processes of their own: all of it done, the first error raised, and Ctrl-C passed on once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from latentassay.core.errors import CheckpointError, LatentAssayError
from latentassay.papers.pool import one_torch_thread, run_each


def leave(path: Path) -> None:
    path.write_text(f"{os.getpid()} {torch.get_num_threads()} {os.environ['LATENTASSAY_PROGRESS']}")


def refuse_second(path: Path) -> None:
    if path.name == "1":
        raise CheckpointError(path, "is damaged", "Fix it.")
    path.write_text("done")


def test_every_item_has_a_process_of_one_thread(tmp_path):
    paths = [tmp_path / str(i) for i in range(2)]
    run_each(leave, paths, "items", processes=2)
    found = [path.read_text().split() for path in paths]
    assert len({pid for pid, *_ in found} | {str(os.getpid())}) == 3
    assert all(rest == ["1", "0"] for _, *rest in found)


def test_the_first_error_is_raised_and_nothing_begun_after_it(tmp_path):
    paths = [tmp_path / str(i) for i in range(6)]
    with pytest.raises(CheckpointError, match="is damaged") as caught:
        run_each(refuse_second, paths, "items", processes=1)
    assert (caught.value.path, caught.value.fix) == (paths[1], "Fix it.")
    assert paths[0].exists() and not paths[1].exists() and not paths[5].exists()


class Unportable(Exception):
    def __init__(self, one: int, other: int) -> None:
        super().__init__("cannot be sent")


def fail_unportably(path: Path) -> None:
    raise Unportable(1, 2)


def die(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_cannot_be_sent_is_named(tmp_path):
    with pytest.raises(RuntimeError, match="Unportable: cannot be sent"):
        run_each(fail_unportably, [tmp_path], "items")
    with pytest.raises(LatentAssayError, match="exit code -9"):
        run_each(die, [tmp_path], "items")


def test_nothing_to_do_is_nothing_done():
    run_each(leave, [], "items")


SCRIPT = """
import sys, time
from pathlib import Path
from latentassay.core.errors import CheckpointError, LatentAssayError
from latentassay.papers.pool import one_torch_thread, run_each

def wait(path):
    path.write_text("begun")
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        path.write_text("interrupted")
        raise

if __name__ == "__main__":
    try:
        run_each(wait, [Path(sys.argv[1]) / str(i) for i in range(4)], "items", processes=2)
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_ctrl_c_reaches_those_at_work_once_and_no_others(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not ((tmp_path / "0").exists() and (tmp_path / "1").exists()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (out.strip(), err, process.returncode) == ("interrupted", "", 0)
    assert [(tmp_path / str(i)).read_text() for i in (0, 1)] == ["interrupted", "interrupted"]
    assert not (tmp_path / "2").exists() and not (tmp_path / "3").exists()


def test_threads_are_given_back_even_after_an_error():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(ValueError), one_torch_thread():
            assert torch.get_num_threads() == 1
            raise ValueError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def sleep_on(path: Path) -> None:
    path.with_suffix(".part").write_text(str(os.getpid()))
    path.with_suffix(".part").rename(path)
    time.sleep(600)


def test_processes_end_with_a_killed_parent(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_pool import run_each, sleep_on\n"
        "if __name__ == '__main__':\n"
        f"    run_each(sleep_on, [Path({str(tmp_path)!r}) / str(i) for i in range(2)], 'items', processes=2)\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL) as parent:
        deadline = time.monotonic() + 60
        while not all((tmp_path / str(i)).exists() for i in range(2)):
            assert parent.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        parent.kill()
    workers = [Path("/proc") / (tmp_path / str(i)).read_text() / "stat" for i in range(2)]
    while any(stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX" for stat in workers):
        assert time.monotonic() < deadline
        time.sleep(0.02)
