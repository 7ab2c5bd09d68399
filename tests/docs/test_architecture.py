"""The architecture page is drawn from the import contracts, and is in step with them."""

import importlib.util

from conftest import ROOT

spec = importlib.util.spec_from_file_location("make", ROOT / "docs" / "architecture" / "make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)


def test_page_and_picture_are_in_step_with_the_contracts():
    hint = "run python docs/architecture/make.py"
    assert make.PAGE.read_text("utf-8") == make.page(), hint
    assert make.PICTURE.read_text("utf-8") == make.picture(), hint


def test_every_folder_is_a_room_with_something_to_say():
    rooms = {
        room.split(".")[0]
        for contract in ("layers", "makers-layers")
        for layer in make.layers(contract)
        for room in layer
    }
    folders = {path.parent.name for path in make.SOURCE.glob("*/__init__.py")}
    assert folders <= rooms and all(make.about(room) for room in folders)
