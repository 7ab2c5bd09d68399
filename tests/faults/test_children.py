import os
import sys
import time

import pytest

from latentassay.core.errors import FileError, InputError
from latentassay.faults import children

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, and forks")


def work(what):
    if what == "raises":
        raise FileError("x", "is hostile", "F.")
    if what == "prints":
        os.write(1, b"said\n")
    if what == "waits":
        time.sleep(600)


@pytest.mark.parametrize(
    ("what", "verdict"), [("returns", "value"), ("raises", "typed"), ("prints", "value"), ("waits", "hang")]
)
def test_a_child_is_judged(tmp_path, what, verdict):
    found, _ = children.run_child(work, {"what": what}, tmp_path, seconds=2)
    assert found == verdict
    assert (tmp_path / "said.txt").read_text() == ("said\n" if what == "prints" else "")


def test_where_nothing_can_be_forked_the_axis_is_refused(monkeypatch):
    monkeypatch.setattr(children.multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    with pytest.raises(InputError, match="need forks"):
        children.server()
