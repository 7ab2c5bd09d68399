import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from latentassay.core.processes import Process, parse_process, this_process

PARENT = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from latentassay.core.processes import end_with_parent
import os

if __name__ == "__main__":
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=end_with_parent) as pool:
        tasks = [pool.submit(time.sleep, 600) for _ in range(2)]
        pool.submit(os.getpid)
        while len(pool._processes) < 2 or not all(task.running() for task in tasks):
            time.sleep(0.01)
        print(*pool._processes, flush=True)
        time.sleep(600)
"""


def wait_until(is_so, seconds=60):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(pid):
    """Whether a process has ended; an orphan that its new parent did not ask about yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_workers_end_with_a_killed_parent(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    words = [sys.executable, str(script)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2 and not any(map(is_gone, workers))
        parent.kill()
        assert parent.wait(60) == -signal.SIGKILL
    wait_until(lambda: all(map(is_gone, workers)))


def test_a_process_is_dead_once_it_has_ended():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    own = this_process()
    assert own.pid == os.getpid() and not own.is_dead and not Process(1, 0, "elsewhere").is_dead
    script = "from latentassay.core.processes import this_process; print(this_process())"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    assert parse_process(ended).is_dead and str(parse_process(ended)) == ended
    child.communicate(b"\n")
    if own.start:  # its number has been given to another process
        assert Process(own.pid, own.start + 5, own.host).is_dead
    assert parse_process("x") is None and parse_process("1-2") is None
