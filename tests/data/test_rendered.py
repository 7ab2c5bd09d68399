import numpy as np
import pytest

from latentassay.core.errors import FileError
from latentassay.data.codes import grid_codes
from latentassay.data.rendered import Rendered, cache_store


def draw(codes):
    return (codes[:, :, None] * [1, 10]).astype(np.uint8)


@pytest.fixture
def store():
    return Rendered(draw, grid_codes((3, 4)))


def test_only_the_rows_asked_for_are_drawn():
    drawn = []

    def spy(codes):
        drawn.extend(codes.tolist())
        return draw(codes)

    store = Rendered(spy, grid_codes((3, 4)))
    drawn.clear()
    assert store[np.array([11, 0])].tolist() == [[[2, 20], [3, 30]], [[0, 0], [0, 0]]]
    assert drawn == [[2, 3], [0, 0]]


def test_cache_equals_the_rendering_and_is_written_once(store, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_PROGRESS", "1")
    monkeypatch.setattr("latentassay.core.progress.DELAY", 0)
    path = tmp_path / "new folder" / "toy.npy"
    images = cache_store(store, path, batch_size=5)
    assert isinstance(images.mapped, np.memmap) and not images.mapped.flags.writeable
    np.testing.assert_array_equal(np.load(path), store[np.arange(12)])
    assert "rendering toy" in capsys.readouterr().err
    written = path.stat().st_mtime_ns
    cache_store(store, path)
    assert path.stat().st_mtime_ns == written
    assert capsys.readouterr().err == ""
    assert sorted(file.name for file in path.parent.iterdir()) == ["toy.npy", "toy.npy.sums"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_run_leaves_nothing(tmp_path, stop):
    def interrupted(codes):
        if codes[0, 0] == 2:
            raise stop
        return draw(codes)

    with pytest.raises(stop):
        cache_store(Rendered(interrupted, grid_codes((3, 4))), tmp_path / "toy.npy", batch_size=4)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_not_used(store, tmp_path):
    (tmp_path / ".toy.npy.abc.part").write_bytes(b"half")
    np.testing.assert_array_equal(cache_store(store, tmp_path / "toy.npy"), store[np.arange(12)])


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x93NUMPY", "truncated", "other shape", "other images"])
def test_a_damaged_or_foreign_file_is_refused(store, tmp_path, content):
    path = tmp_path / "toy.npy"
    if content == "truncated":
        cache_store(store, path)
        path.write_bytes(path.read_bytes()[:-1])
    elif content == "other shape":
        np.save(path, np.zeros((3, 2), np.uint8))
    elif content == "other images":
        np.save(path, np.ones((12, 2, 2), np.uint8))
    else:
        path.write_bytes(content)
    with pytest.raises(FileError, match="Delete it"):
        cache_store(store, path)
    assert path.exists()


def test_a_folder_that_cannot_be_written_is_named(store, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match="cannot be written"):
        cache_store(store, tmp_path / "file" / "toy.npy")


def test_a_cache_of_an_earlier_version_gets_its_checksums(store, tmp_path):
    path = tmp_path / "toy.npy"
    np.save(path, store[np.arange(12)])
    assert np.array_equal(cache_store(store, path)[np.arange(12)], store[np.arange(12)])
    assert (tmp_path / "toy.npy.sums").exists()
