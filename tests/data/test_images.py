"""MNIST and Fashion-MNIST on the real files where they are at hand; CelebA and RFD on small ones."""

import gzip
import struct

import h5py
import numpy as np
import pytest
from PIL import Image

from latentassay.core.errors import FileError, InputError
from latentassay.data import celeba, fashion_mnist, images, mnist, rfd
from latentassay.data.images import read_celeba, read_mnist, read_rfd

RNG = np.random.default_rng(0)
# Numbers of training digits 0 to 9 as the field knows them.
TRAIN_DIGITS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_DIGITS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def test_real_mnist_is_whole(shared_data):
    train, test = mnist(shared_data / "mnist"), mnist(shared_data / "mnist", train=False)
    assert (len(train), len(test), train.x_shape) == (60_000, 10_000, (1, 28, 28))
    assert np.bincount(train.factors[:, 0]).tolist() == TRAIN_DIGITS
    assert np.bincount(test.factors[:, 0]).tolist() == TEST_DIGITS
    every = train.raw(np.arange(60_000)).float().div(255)
    assert (float(every.mean()), float(every.std())) == pytest.approx((0.1307, 0.3081), abs=1e-4)


def test_real_mnist_upsampled_keeps_its_pictures(shared_data):
    both = mnist(shared_data / "mnist", train=None, size=32)
    assert both.x_shape == (1, 32, 32) and len(both) == 70_000
    original = mnist(shared_data / "mnist", train=False).batch([0])[0, 0].numpy() * 255
    pillow = Image.fromarray(original.astype(np.uint8)).resize((32, 32), Image.Resampling.BILINEAR)
    assert np.abs(both.raw([60_000])[0, 0].numpy().astype(int) - np.asarray(pillow)).max() <= 1


def test_real_mnist_with_one_bit_flipped_is_refused(shared_data, tmp_path):
    for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
        content = bytearray(gzip.decompress((shared_data / "mnist" / name).read_bytes()))
        content[5000] ^= 1
        (tmp_path / name).write_bytes(gzip.compress(bytes(content), 1))
    with pytest.raises(FileError, match="2646ac647ad5339dbf082846283269ea"):
        mnist(tmp_path, train=False)


def test_real_fashion_mnist_is_whole():
    if not images.DEBIAN_FASHION.is_dir():
        pytest.skip(f"no Fashion-MNIST at hand: {images.DEBIAN_FASHION} (apt install dataset-fashion-mnist)")
    data = fashion_mnist(train=None)
    assert len(data) == 70_000 and (np.bincount(data.factors[:, 0]) == 7000).all()
    mean = float(data.raw(np.arange(60_000)).float().mean() / 255)
    assert mean == pytest.approx(0.2860, abs=1e-4)


def test_small_files_in_the_layout_of_mnist(tmp_path):
    x, y = RNG.integers(0, 256, (5, 28, 28), dtype=np.uint8), np.arange(5, dtype=np.uint8)
    (tmp_path / "x.gz").write_bytes(gzip.compress(idx(x)))
    (tmp_path / "y").write_bytes(idx(y))
    data = read_mnist(tmp_path / "x.gz", tmp_path / "y")
    assert np.array_equal(data.raw([4, 1])[:, 0], x[[4, 1]]) and data.factor_sizes == (10,)
    for wrong in (idx(y[:4]), idx(y + 9), idx(x)):
        (tmp_path / "y").write_bytes(wrong)
        with pytest.raises(FileError, match="not n pictures"):
            read_mnist(tmp_path / "x.gz", tmp_path / "y")


def test_missing_files_say_where_to_get_them():
    for load, name in ((mnist, "mnist"), (celeba, "img_align_celeba"), (rfd, "finger")):
        with pytest.raises(FileError, match=f"{name}.*missing.*put it there"):
            load()


FACES = ["000001.jpg", "000002.jpg", "000003.jpg"]


@pytest.fixture
def faces(tmp_path):
    """Three faces: a smooth ramp from left to right, with bars above and below the central square."""
    (tmp_path / "img_align_celeba").mkdir()
    for brightness, name in enumerate(FACES):
        picture = np.broadcast_to(np.linspace(0, 200, 178)[None, :, None] + 20 * brightness, (218, 178, 3)).copy()
        picture[:20], picture[-20:] = 255, 0
        image = Image.fromarray(picture.round().astype(np.uint8))
        image.save(tmp_path / "img_align_celeba" / name, quality=100, subsampling=0)
    attributes = ["3", "Bald Smiling ", *(f"{n}  {a}  {b}" for n, a, b in zip(FACES, (-1, 1, 1), (1, 1, -1)))]
    (tmp_path / "list_attr_celeba.txt").write_text("\n".join(attributes) + "\n")
    (tmp_path / "list_eval_partition.txt").write_text("".join(f"{n} {p}\n" for n, p in zip(FACES, (0, 2, 0))))
    return tmp_path


def test_faces_are_cut_to_their_central_square_and_scaled(faces):
    data = read_celeba(faces, size=64)
    assert data.factor_names == ("Bald", "Smiling") and data.factors.tolist() == [[0, 1], [1, 1], [1, 0]]
    batch = data.raw([2, 0])
    assert batch.shape == (2, 3, 64, 64)
    ramp = (np.arange(64) + 0.5) * 178 / 64 - 0.5
    for row, brightness in zip(batch, (2, 0)):
        expected = ramp * 200 / 177 + 20 * brightness
        assert np.abs(row[:, 4:-4].numpy() - expected).max() < 3  # JPEG rings near the bars that were cut away


def test_parts_of_celeba_are_the_official_ones(faces):
    assert len(read_celeba(faces, part="train")) == 2 and len(read_celeba(faces, part="test")) == 1
    assert read_celeba(faces, part="test").factors.tolist() == [[1, 1]]
    with pytest.raises(InputError, match="train, validation, test"):
        read_celeba(faces, part="valid")


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("list_attr_celeba.txt", lambda t: t.rsplit("\n", 2)[0], "promises 3 faces and lists 2"),
        ("list_attr_celeba.txt", lambda t: t.replace("-1", "0"), "not one −1 or 1"),
        ("list_attr_celeba.txt", lambda t: t.replace("Bald", "Bald Young"), "for each attribute"),
        ("list_attr_celeba.txt", lambda t: "", "empty"),
        ("list_attr_celeba.txt", lambda t: "<html>", "web page"),
        ("list_eval_partition.txt", lambda t: t[:13], "not the 3"),
    ],
)
def test_damaged_lists_of_celeba_are_refused(faces, file, change, words):
    (faces / file).write_text(change((faces / file).read_text()))
    with pytest.raises(FileError, match=words):
        read_celeba(faces, part="train")


def test_missing_and_damaged_pictures_are_refused(faces):
    pictures = faces / "img_align_celeba"
    data = read_celeba(faces)
    whole = (pictures / FACES[0]).read_bytes()
    Image.new("RGB", (64, 64)).save(pictures / FACES[1])
    for content in (whole[: len(whole) // 2], b"<html>", b"junk" * 99, (pictures / FACES[1]).read_bytes()):
        (pictures / FACES[0]).write_bytes(content)
        with pytest.raises(FileError, match=FACES[0]):
            data.raw([0])
    (pictures / FACES[2]).unlink()
    with pytest.raises(FileError, match=r"1 of 3 pictures are missing, first 000003\.jpg"):
        read_celeba(faces)


def test_celeba_with_faces_missing_from_the_lists_is_not_the_official_one(faces):
    with pytest.raises(FileError, match="3 faces, expected 202,599"):
        celeba(faces)


FINGERS = RNG.integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
LABELS = np.array([[0.5, 3], [-1, 3], [0.5, 7], [2, 3], [2, 7], [-1, 7]])


def test_rfd_values_are_numbered(tmp_path):
    with h5py.File(tmp_path / "finger.h5", "w") as file:
        file["images"], file["factors"] = FINGERS, LABELS
        file["factors"].attrs["names"] = ["joint 1", "hue"]
    data = rfd(tmp_path)
    assert data.factors.tolist() == [[1, 0], [0, 0], [1, 1], [2, 0], [2, 1], [0, 1]]
    assert data.factor_names == ("joint 1", "hue") and data.x_shape == (3, 16, 16)
    assert np.array_equal(data.raw([5, 2]).permute(0, 2, 3, 1), FINGERS[[5, 2]])


@pytest.mark.parametrize(
    ("pictures", "labels", "words"),
    [
        (FINGERS.astype(float), LABELS, "expected uint8"),
        (FINGERS[..., 0], LABELS, "expected uint8"),
        (FINGERS, LABELS[:5], "not 6 rows"),
        (FINGERS, LABELS * np.nan, "finite"),
    ],
)
def test_rfd_laid_out_otherwise_is_refused(tmp_path, pictures, labels, words):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["images"], file["labels"] = pictures, labels
    with pytest.raises(FileError, match=words):
        read_rfd(tmp_path / "f.h5")


def test_rfd_without_factors_is_refused(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["images"] = FINGERS
    with pytest.raises(FileError, match="factors"):
        read_rfd(tmp_path / "f.h5")
