"""The table of data sets tells the truth about what is loaded."""

import pytest

import latentassay.data as data
from latentassay.core.errors import FileError

MADE_HERE = [entry.name for entry in data.ENTRIES if not entry.needs_files]


NEED_FILES = [entry.name for entry in data.ENTRIES if entry.needs_files]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("latentassay.data.images.DEBIAN_FASHION", tmp_path / "none")
    return tmp_path / "home"


def test_names_are_those_of_the_plan():
    assert len(set(data.names())) == len(data.names()) == 17
    assert MADE_HERE == ["helix", "squares", "squares-nonlinear", "digits", "dsprites", "shapes3d"]


@pytest.mark.parametrize("name", MADE_HERE)
def test_entries_describe_what_loads(name):
    entry, loaded = data.entry(name), data.load(name)
    assert (loaded.name, loaded.x_shape, len(loaded)) == (name, entry.shape, entry.n)
    words = ", ".join(f"{f} {s}" for f, s in zip(loaded.factor_names, loaded.factor_sizes, strict=True))
    assert words == entry.factors
    assert loaded.batch([0, len(loaded) - 1]).shape == (2, *entry.shape)


@pytest.mark.parametrize("name", NEED_FILES)
def test_what_needs_files_says_so(name, cache):
    entry = data.entry(name)
    assert entry.source and all(file.url.startswith("http") for file in entry.files)
    with pytest.raises(FileError, match="missing") as caught:
        data.load(name)
    assert caught.value.path.parent == cache / name and "http" in caught.value.fix


def test_entries_with_known_addresses_have_hashes():
    for entry in data.ENTRIES:
        assert entry.page or all(file.md5 or file.sha256 for file in entry.files)


def test_real_mnist_as_its_entry_says(shared_data):
    entry, loaded = data.entry("mnist"), data.load("mnist", folder=shared_data / "mnist")
    assert (loaded.x_shape, len(loaded)) == (entry.shape, entry.n)
