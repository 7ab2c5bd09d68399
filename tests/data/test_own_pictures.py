"""Folders of pictures: which ones, in which order, cut, turned and coloured how, and which are refused by name."""

import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from latentassay.core.errors import FileError, InputError
from latentassay.data.own import own
from latentassay.data.own_pictures import PictureFolder


def flat(colour, size=(8, 8), mode="RGB"):
    return Image.new(mode, size, colour)


@pytest.fixture
def folder(tmp_path):
    """Red, green and blue in another order on disk than by name, one below, and what is no picture."""
    (tmp_path / "photos" / "more").mkdir(parents=True)
    for name, colour in (("more/c.bmp", (0, 0, 255)), ("b.PNG", (0, 255, 0)), ("a.webp", (255, 0, 0))):
        flat(colour).save(tmp_path / "photos" / name, lossless=True)
    (tmp_path / "photos" / ".hidden.jpg").write_bytes(b"junk")
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    return tmp_path / "photos"


def test_pictures_come_in_the_order_of_their_paths(folder):
    data = own(folder)
    assert (data.x_shape, len(data), data.name) == ((3, 8, 8), 3, "photos")
    assert torch.equal(data.batch([2, 0, 1])[:, :, 0, 0], torch.eye(3)[[2, 0, 1]])
    assert data.store.notes == ("3 pictures, 8×8, RGB", "uint8, 0 to 255 delivered as 0 to 1")


def test_the_central_square_is_resized_and_it_says_so(tmp_path):
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.fromarray(wide.swapaxes(0, 1)).save(tmp_path / "tall.png")
    data = own(tmp_path, size=10)
    assert (data.raw([0, 1]) == 200).all() and data.x_shape == (3, 10, 10)
    assert data.name.endswith(" (10×10 of the central square)")
    assert "cut to the central square, resized to 10×10 (bilinear, anti-aliased), RGB" in data.store.notes[0]


def test_resizing_averages(tmp_path):
    """Stripes finer than the new pixels become their mean, where plain sampling would keep black or white."""
    stripes = np.tile(np.uint8([0, 255]), (64, 32))
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    assert abs(own(tmp_path, size=8).raw([0])[..., 1:-1].float() - 127.5).max() < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_the_camera_is_obeyed(tmp_path, orientation):
    """By the standard, row 0 and column 0 of the stored picture lie where the tag says."""
    stored = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    seen = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.T,
        6: stored[::-1].T,
        7: stored[::-1, ::-1].T,
        8: stored[:, ::-1].T,
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    data = own(tmp_path)
    assert data.x_shape == (1, *seen.shape) and np.array_equal(data.raw([0])[0, 0], seen)


def test_colours_are_stated_where_pictures_differ(tmp_path):
    flat(100, mode="L").save(tmp_path / "a.png")
    flat((255, 0, 0)).save(tmp_path / "b.png")
    with pytest.raises(InputError, match=r"1 are grey and 1 have colours; say colour='rgb' or colour='grey'"):
        own(tmp_path)
    assert own(tmp_path, colour="rgb").raw([0, 1])[:, :, 0, 0].tolist() == [[100, 100, 100], [255, 0, 0]]
    assert own(tmp_path, colour="grey").raw([0, 1])[:, :, 0, 0].tolist() == [[100], [76]]  # ITU-R 601


def test_sizes_are_stated_where_pictures_differ(tmp_path):
    for name, size in (("a.png", (8, 8)), ("b.png", (9, 8)), ("c.png", (8, 8))):
        flat((1, 2, 3), size).save(tmp_path / name)
    with pytest.raises(InputError, match=r"differ in size \(2 of 8×8, 1 of 8×9 …\); say size=64"):
        own(tmp_path)


def test_what_is_transparent_shows_white(tmp_path):
    flat((255, 0, 0, 0), mode="RGBA").save(tmp_path / "a.png")
    flat((10, 20, 30, 255), mode="RGBA").save(tmp_path / "b.png")
    flat((0, 0), mode="LA").save(tmp_path / "c.png")
    palette = flat(0, mode="P")
    palette.putpalette([9, 9, 9, 200, 100, 50])
    palette.save(tmp_path / "d.png", transparency=0)
    data = own(tmp_path, colour="rgb")
    assert data.raw(range(4))[:, :, 0, 0].tolist() == [[255] * 3, [10, 20, 30], [255] * 3, [255] * 3]


def test_of_several_frames_the_first_is_taken(tmp_path):
    flat((255, 0, 0)).save(tmp_path / "a.gif", save_all=True, append_images=[flat((0, 255, 0))])
    assert own(tmp_path).raw([0])[0, :, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("content", [b"", b"junk" * 50, b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"<html>"])
def test_broken_files_are_named(folder, content):
    (folder / "more" / "broken.png").write_bytes(content)
    with pytest.raises(FileError, match=r"more/broken\.png: .*take it out of the folder"):
        own(folder, size=8)


def test_a_picture_that_ends_too_soon_is_named_when_it_is_read(folder):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "z.jpg")
    (folder / "z.jpg").write_bytes((folder / "z.jpg").read_bytes()[:-900])
    data = own(folder, size=8)
    with pytest.raises(FileError, match=r"z\.jpg: not a readable picture: .*truncated"):
        data.batch([3])


def test_more_than_8_bits_are_refused_not_clipped(folder):
    Image.fromarray(np.full((8, 8), 40000, np.uint16)).save(folder / "deep.png")
    with pytest.raises(FileError, match=r"deep\.png: has more than 8 bits a channel.*8 bits"):
        own(folder, size=8)


def test_bombs_are_refused(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    with pytest.raises(FileError, match="decompression bomb"):
        own(folder, size=8)


def test_folders_without_pictures(tmp_path):
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(FileError, match=r"holds no pictures\. .*\.webp"):
        own(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"colour": "blue"}, "'grey' or 'rgb', got 'blue'"),
        ({"size": 0}, "at least 1, got 0"),
        ({"n": 1}, "does not take n;"),
    ],
)
def test_options_that_are_refused(folder, options, words):
    with pytest.raises(InputError, match=words):
        own(folder, **options)


def test_rows_are_decoded_when_asked_for(folder, monkeypatch):
    store = PictureFolder(folder)
    read = []
    monkeypatch.setattr(PictureFolder, "_decode", lambda self, path: read.append(path.name) or np.zeros((8, 8, 3)))
    assert store[[1, 1]].shape == (2, 8, 8, 3) and read == ["b.PNG", "b.PNG"]
    assert store[0].shape == (1, 8, 8, 3)


def _png16(channels):
    """A PNG of 16 bits a channel, written by hand: PIL writes none in colours."""
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = b"".join(b"\0" + b"\x9c\x40" * 8 * channels for _ in range(8))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_pictures_of_16_bits_are_refused_in_every_colour(tmp_path, channels):
    (tmp_path / "deep.png").write_bytes(_png16(channels))
    with pytest.raises(FileError, match=r"deep\.png: has more than 8 bits a channel"):
        own(tmp_path)


@pytest.mark.parametrize("kind", [b"P5", b"P6"])
def test_ppm_pictures_of_16_bits_are_refused(tmp_path, kind):
    (tmp_path / "deep.ppm").write_bytes(kind + b" 8 8 65535\n" + b"\x9c\x40" * 64 * (3 if kind == b"P6" else 1))
    with pytest.raises(FileError, match=r"deep\.ppm: has more than 8 bits a channel"):
        own(tmp_path)
    (tmp_path / "deep.ppm").write_bytes(kind + b" 8 8 255\n" + b"\x9c" * 64 * (3 if kind == b"P6" else 1))
    assert len(own(tmp_path)) == 1
