"""A folder of pictures as rows: cut to a square, resized, grey or RGB, turned as their cameras say."""

import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from math import prod
from pathlib import Path
from typing import Any, final

import numpy as np
from jaxtyping import UInt8

from latentassay.core.errors import FileError, InputError
from latentassay.core.progress import track
from latentassay.data.files import check_kind
from latentassay.data.limits import ALLOW, PICTURE_LIMIT, check_size

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
"""Of the files that count as pictures."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""That PIL may open, whatever a file is called; others run decoders that were never looked at."""

FIX = "Get it again, or take it out of the folder."
"""What to do about a broken picture."""

GREY = ("1", "L", "LA", "La")
"""PIL's modes without colours."""

DEEP = ("I", "F")
"""PIL's modes of more than 8 bits a channel."""

MODES = {"grey": "L", "rgb": "RGB"}
"""PIL's mode for each ``colour``."""

_PIL_LIMIT = threading.RLock()


@final
class PictureFolder:
    """Pictures of a folder and those below it, decoded when rows are asked for.

    Every header is read once at the start, so that a broken file is named before anything is computed. The camera's
    orientation (EXIF) is obeyed, what is transparent shows white, and of several frames the first is taken.

    Attributes:
        name: the folder, and what is done to its pictures.
        notes: the same in clauses, and how many there are.

    Raises:
        InputError: unknown colour or size, or pictures that differ where size or colour are left out.
        FileError: no pictures, or one that is damaged, has more than 8 bits a channel or too many pixels.
    """

    def __init__(self, folder: Path, *, size: int | None = None, colour: str | None = None, allow_large: bool = False):
        if colour is not None and colour not in MODES:
            raise InputError(f"colour must be 'grey' or 'rgb', got {colour!r}")
        if size is not None and (not isinstance(size, int) or size < 1):
            raise InputError(f"size must be a whole number of pixels, at least 1, got {size!r}")
        self.paths = _list_pictures(folder)
        self._allow_large = allow_large
        heads = [_head(path, allow_large) for path in track(self.paths, "looking at pictures")]
        width, height = (size, size) if size else _one_size(folder, [head[0] for head in heads])
        colour = colour or _one_colour(folder, [head[1] for head in heads])
        self._mode, self._size, self._cut = MODES[colour], (width, height), size is not None
        self.shape = (len(self.paths), height, width, 3 if colour == "rgb" else 1)
        self.dtype = np.dtype(np.uint8)
        pixels, kind = f"{height}×{width}", "RGB" if colour == "rgb" else "grey"
        cut = f"cut to the central square, resized to {pixels} (bilinear, anti-aliased)"
        self.name = f"{folder.resolve().name} ({pixels} of the central square)" if size else folder.resolve().name
        self.notes = (f"{len(self.paths):,} pictures, {cut if size else pixels}, {kind}",)

    def __getitem__(self, rows: Any) -> UInt8[np.ndarray, "k h w c"]:
        wanted = np.atleast_1d(np.asarray(rows, dtype=np.int64))
        out = np.empty((len(wanted), *self.shape[1:]), np.uint8)
        for picture, row in zip(out, wanted, strict=True):
            picture[:] = self._decode(self.paths[row]).reshape(self.shape[1:])
        return out

    def _decode(self, path: Path) -> np.ndarray:
        from PIL import ImageOps

        with _picture(path, self._allow_large) as image:
            plain = _opaque(ImageOps.exif_transpose(image), self._mode)
            return np.asarray(_square(plain, self._size) if self._cut else plain)


def _square(image: Any, size: tuple[int, int]) -> Any:
    """The central square, resized; cut out first, since PIL's own fit lets neighbours bleed in at the borders."""
    from PIL import Image

    side = min(image.size)
    left, top = ((length - side) // 2 for length in image.size)
    return image.crop((left, top, left + side, top + side)).resize(size, Image.Resampling.BILINEAR)


def _list_pictures(folder: Path) -> list[Path]:
    """Pictures in the order of their paths, without hidden files, such as those that macOS leaves beside pictures."""
    inside = (path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    seen = [path for path in inside if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not seen:
        fix = f"Give a folder with pictures in it or below it ({', '.join(ENDINGS)})."
        raise FileError(folder, "holds no pictures", fix)
    return sorted(seen, key=lambda path: path.relative_to(folder).as_posix())


@contextmanager
def _without_pil_limit() -> Iterator[None]:
    """Hold PIL's limit of pixels lifted, which it keeps for the whole process."""
    from PIL import Image

    with _PIL_LIMIT:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@contextmanager
def _picture(path: Path, allow_large: bool) -> Iterator[Any]:
    """Open one picture; whatever its decoder raises becomes one error that names the file."""
    from PIL import Image

    check_kind(path, FIX)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; pictures that are bombs are refused by PIL itself
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with _without_pil_limit() if allow_large else nullcontext(), Image.open(path, formats=FORMATS) as image:
                check_size(path, "the picture", prod(image.size), PICTURE_LIMIT, allow_large=allow_large, unit="pixels")
                yield image
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise FileError(path, f"the picture is larger than is decoded unasked ({_cause(error)})", ALLOW) from error
    except Exception as error:  # decoders of foreign files raise anything
        if isinstance(error, FileError):
            raise
        cause = f"not a readable picture: {_cause(error)}"
        raise FileError(path, cause, FIX) from error


def _cause(error: Exception) -> str:
    """What the decoder said, without the path that it may repeat."""
    return str(error).partition(" '/")[0].partition(" <")[0].rstrip(".") or type(error).__name__


def _head(path: Path, allow_large: bool) -> tuple[tuple[int, int], str]:
    """Width and height as the camera held it, and grey or rgb."""
    with _picture(path, allow_large) as image:
        if _is_deep(image):
            fix = "Save it with 8 bits, or all pictures as one array and state value_range=."
            raise FileError(path, f"has more than 8 bits a channel (mode {image.mode})", fix)
        turned = image.getexif().get(0x0112, 1) >= 5
        size = image.size[::-1] if turned else image.size
        return size, "grey" if image.mode in GREY else "rgb"


def _is_deep(image: Any) -> bool:
    """Whether there are more than 8 bits a channel, of which PIL tells nothing where it cuts colours to 8."""
    if image.mode.partition(";")[0] in DEEP:
        return True
    for decoder, _, _, arguments in image.tile:
        parts = arguments if isinstance(arguments, tuple) else (arguments,)
        if any(isinstance(part, str) and ";16" in part for part in parts):
            return True
        if decoder.startswith("ppm") and any(isinstance(part, int) and part > 255 for part in parts):
            return True
    return False


def _opaque(image: Any, mode: str) -> Any:
    from PIL import Image

    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert(mode)
    clear = image.convert("RGBA")
    ground = Image.new("RGBA", clear.size, "white")
    return Image.alpha_composite(ground, clear).convert(mode)


def _one_size(folder: Path, sizes: list[tuple[int, int]]) -> tuple[int, int]:
    counted = Counter(sizes).most_common(3)
    if len(counted) > 1:
        listed = ", ".join(f"{n} of {height}×{width}" for (width, height), n in counted)
        raise InputError(f"pictures in {folder} differ in size ({listed} …); say size=64, for example, to resize them")
    return counted[0][0]


def _one_colour(folder: Path, kinds: list[str]) -> str:
    counted = Counter(kinds)
    if len(counted) > 1:
        raise InputError(
            f"of the pictures in {folder}, {counted['grey']} are grey and {counted['rgb']} have colours; "
            "say colour='rgb' or colour='grey'"
        )
    return kinds[0]
