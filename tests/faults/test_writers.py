import pytest

from latentassay.faults.writers import WRITERS, Lost, Writer, check_folder, find_writer, write_once


def test_what_is_written_is_found_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "home"))
    for name in ("save", "report", "cache"):
        (tmp_path / name).mkdir()
        write_once(name, tmp_path / name)
        check_folder(name, tmp_path / name)


def test_a_half_report_is_found(tmp_path):
    (tmp_path / "a.html").write_text("<html>")
    with pytest.raises(Lost, match="half written"):
        WRITERS["report"].check(tmp_path)


def test_parts_are_found(tmp_path):
    (tmp_path / ".a.part").touch()
    with pytest.raises(Lost, match="1 parts"):
        check_folder(Writer(lambda folder: None, lambda folder: None), tmp_path)


def test_a_writer_is_found_by_its_name():
    assert find_writer("save") is WRITERS["save"] is find_writer(WRITERS["save"])
