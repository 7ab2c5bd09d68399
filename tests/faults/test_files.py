import numpy as np
import pytest

from latentassay.faults.files import FILES, NUMBER, SECRET, make_bomb, prepare_secrets


def test_the_bomb_is_small_and_holds_what_it_says(tmp_path):
    path = tmp_path / "bomb.npz"
    path.write_bytes(make_bomb(8 << 20))
    assert path.stat().st_size < 20_000
    with np.load(path) as archive, pytest.raises(Exception, match="Bad CRC"):
        archive["x"]


def test_every_file_can_be_made(tmp_path):
    secrets = prepare_secrets(tmp_path)
    assert SECRET in secrets.secret.read_text()
    assert (np.fromfile(secrets.numbers, "f4") == NUMBER).all()
    for number, (case, make) in enumerate(FILES.items()):
        path = tmp_path / f"file {number}"
        make(secrets._replace(path=path, valid=b'{"a": "b8"}'))
        assert path.is_symlink() or path.exists() == (case != "missing"), case
    assert not secrets.canary.exists()
