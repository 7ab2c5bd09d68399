"""Finding, fetching, verifying and writing files; every kind of wrong file gets its own words."""

import gc
import hashlib
import http.server
import os
import pickle
import threading
import time
from pathlib import Path

import pytest

from latentassay.core.errors import FileError
from latentassay.data import files
from latentassay.data.files import Official, fetch, home, locate, make_once, replacing, verify

CONTENT = bytes(range(200)) * 5
MD5 = hashlib.md5(CONTENT).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.bin"
    path.write_bytes(CONTENT)
    return path


def test_home_is_where_the_environment_says_or_the_platforms_cache(cache, monkeypatch):
    assert home() == cache
    monkeypatch.delenv("LATENTASSAY_HOME")
    assert "latentassay" in str(home())


def test_a_good_file_passes(good):
    assert verify(good, size=1000, md5=MD5, sha256=SHA256) == good


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (CONTENT[:900], "truncated: 900 bytes, expected 1,000"),
        (CONTENT + b"x", "too long: 1,001 bytes, expected 1,000"),
        (CONTENT[:-1] + b"\0", "altered"),
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (pickle.dumps({"a": 1}), "pickle"),
    ],
)
def test_each_kind_of_wrong_file_is_named(tmp_path, content, words):
    path = tmp_path / "bad.bin"
    path.write_bytes(content)
    with pytest.raises(FileError, match=words) as caught:
        verify(path, size=1000, md5=MD5)
    assert caught.value.path == path and caught.value.fix


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(FileError, match="missing"):
        verify(tmp_path / "nothing")
    with pytest.raises(FileError, match="folder"):
        verify(tmp_path)


def test_a_wrong_hash_states_both(good):
    with pytest.raises(FileError, match=f"sha256 is {SHA256}, expected 0+"):
        verify(good, sha256="0" * 64)


def test_a_long_file_is_hashed_once_until_it_changes(good, monkeypatch):
    monkeypatch.setattr(files, "LONG", 1000)
    hashed = []
    digest = files.digest
    monkeypatch.setattr(files, "digest", lambda *a: hashed.append(a) or digest(*a))
    verify(good, md5=MD5)
    verify(good, md5=MD5)
    assert len(hashed) == 1
    good.write_bytes(CONTENT[::-1])
    os.utime(good, (1, 1))
    with pytest.raises(FileError, match="altered"):
        verify(good, md5=MD5)


def test_locate_prefers_the_folder_and_says_how_to_get_what_is_missing(tmp_path, cache, good):
    file = Official("good.bin", "https://example.org/good.bin", md5=MD5)
    assert locate("thing", tmp_path, file) == good
    with pytest.raises(FileError, match=r"data fetch thing.*example\.org/good\.bin.*folder=") as caught:
        locate("thing", None, file)
    assert caught.value.path == cache / "thing" / "good.bin"
    with pytest.raises(FileError, match=r"Get it from https://example\.org"):
        locate("thing", None, Official("faces", "https://example.org"))


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/hang":
            time.sleep(3)
            return
        status, body = {"/good": (200, CONTENT), "/other": (200, CONTENT[::-1])}.get(self.path, (404, b"<html>"))
        status, body = (200, b"<html>please sign in</html>") if self.path == "/form" else (status, body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_fetch_downloads_once_and_verifies(server, tmp_path):
    file = Official("x.bin", f"{server}/good", 1000, MD5)
    path = fetch(file, tmp_path / "new")
    assert path.read_bytes() == CONTENT
    assert fetch(file._replace(url="http://127.0.0.1:1/"), tmp_path / "new") == path


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # urllib3 leaves its socket to the collector on a timeout
@pytest.mark.parametrize(
    ("page", "words"), [("other", "not the published file"), ("missing", "download failed"), ("hang", "failed")]
)
def test_a_failed_fetch_says_what_to_do_and_leaves_nothing(server, tmp_path, page, words):
    file = Official("x.bin", f"{server}/{page}", 1000, MD5)
    with pytest.raises(FileError, match=words) as caught:
        fetch(file, tmp_path / "new", timeout=0.5)
    assert file.url in caught.value.fix and str(tmp_path / "new" / "x.bin") in caught.value.fix
    assert list((tmp_path / "new").iterdir()) == []
    del caught
    gc.collect()


def test_a_fetched_web_page_is_recognised_where_no_hash_is_known(server, tmp_path):
    with pytest.raises(FileError, match="web page"):
        fetch(Official("x.bin", f"{server}/form"), tmp_path)


def test_no_network_is_an_error_with_a_mend(tmp_path):
    with pytest.raises(FileError, match=r"download failed.*by other means"):
        fetch(Official("x.bin", "http://127.0.0.1:1/x.bin", md5=MD5), tmp_path)


def test_a_failure_half_way_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "cache.npy"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_full_or_forbidden_disk_is_named(tmp_path, good):
    with pytest.raises(FileError, match="cannot be written"), replacing(good / "below" / "a-file.npy"):
        pass
    with pytest.raises(FileError, match="No space left"), replacing(tmp_path / "x.npy"):
        raise OSError(28, "No space left on device")


def test_a_cache_is_made_once_and_again_when_its_source_is_newer(tmp_path, good):
    made = []

    def make(target: Path) -> None:
        made.append(target)
        target.write_bytes(good.read_bytes())

    for _ in range(2):
        assert make_once(tmp_path / "c", good, make).read_bytes() == CONTENT
    assert len(made) == 1
    later = time.time() + 10
    os.utime(good, (later, later))
    make_once(tmp_path / "c", good, make)
    assert len(made) == 2
