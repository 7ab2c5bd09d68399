from importlib.util import find_spec

import pytest

from latentassay.core.errors import LatentAssayError
from latentassay.faults.doors import DOORS, run_command

SLOW = ("from_diffusers", "from_onnx")
"""Import much."""


@pytest.mark.parametrize("name", [name for name in DOORS if not name.startswith((*SLOW, "data info", "score"))])
def test_valid_files_are_read_and_are_those_that_are_replaced(tmp_path, name):
    door = DOORS[name]
    if door.package and find_spec(door.package) is None:
        pytest.skip(f"{door.package} is not installed")
    door.prepare(tmp_path)
    if name.startswith(("data.load", "from_", "data.own(x.mat)")):  # not there, or of what is not installed
        with pytest.raises(LatentAssayError):
            door.ask(tmp_path)
        return
    assert all((tmp_path / file).is_file() for file in door.files)
    assert door.ask(tmp_path) is not None


def test_a_command_that_refuses_raises(tmp_path):
    with pytest.raises(LatentAssayError):
        run_command("data", "info", str(tmp_path / "none.npy"))
