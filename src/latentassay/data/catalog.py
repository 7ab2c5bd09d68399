"""The data sets by name: how to load each, what it holds, and where its files come from."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from latentassay.core.errors import InputError
from latentassay.data import files, grids, images, toys, turntable
from latentassay.data.factors import FactorData
from latentassay.data.files import Official
from latentassay.data.own import is_own, own


@dataclass(frozen=True)
class Entry:
    """What is known of a data set before it is loaded.

    Attributes:
        name: what ``load`` takes.
        load: the function behind it; ``load(name, **options)`` passes options on.
        summary: one line about it.
        factors: its factors with their sizes, in words.
        shape: one observation as models see it, channels first.
        n: number of observations as loaded without options.
        source: who made it, and its licence.
        files: official files, in ``home()/name`` or in the folder given to ``load``.
        page: where to get the files by hand, if they cannot be fetched.
    """

    name: str
    load: Callable[..., FactorData]
    summary: str
    factors: str
    shape: tuple[int, ...]
    n: int | None
    source: str
    files: tuple[Official, ...] = ()
    page: str | None = None

    @property
    def needs_files(self) -> bool:
        """Whether files have to be fetched or brought first."""
        return bool(self.files)


def _dsprites(**options: Any) -> FactorData:
    from latentassay.data.dsprites import dsprites

    return dsprites(**options)


PERTURBED = "perturbation.json"
"""By this file a folder is known as that of a perturbed data set."""


def _of_path(path: str | Path, **options: Any) -> FactorData:
    if not (Path(path) / PERTURBED).is_file():
        return own(path, **options)
    from latentassay.data.perturbed import perturbed  # brings pydantic

    return perturbed(path, **options)


def _shapes3d(**options: Any) -> FactorData:
    from latentassay.data.shapes3d import shapes3d

    return shapes3d(**options)


def _pairs(splits: dict[bool, tuple[Official, Official]]) -> tuple[Official, ...]:
    return splits[True] + splits[False]


_DSPRITES = "color 1, shape 3, scale 6, orientation 40, x 32, y 32"
_SHAPES3D = "floor_hue 10, wall_hue 10, object_hue 10, scale 8, shape 4, orientation 15"
_MPI3D = "color 6, shape 6, size 2, camera_height 3, background 3, joint_1 40, joint_2 40"
_MPI3D_SOURCE = "Gondal et al. 2019, CC BY 4.0"

ENTRIES = (
    Entry(
        "helix",
        toys.helix,
        "double helix with noise",
        "strand 2",
        (3,),
        1024,
        "made here (LR Eq. 10)",
    ),
    Entry(
        "squares",
        toys.squares,
        "stretched square, turned in 3 dimensions",
        "w1 10, w2 10",
        (3,),
        50_000,
        "made here (PCA 3.3.1; with ratio= 3.3.4)",
    ),
    Entry(
        "squares-nonlinear",
        toys.squares_nonlinear,
        "square sent to 6 dimensions by a random network",
        "w1 10, w2 10",
        (6,),
        50_000,
        "made here (PCA 3.3.1)",
    ),
    Entry(
        "digits",
        toys.digits,
        "handwritten digits, very small",
        "digit 10",
        (1, 8, 8),
        1797,
        "scikit-learn; Alpaydin and Kaynak 1998, CC BY 4.0",
    ),
    Entry(
        "dsprites",
        _dsprites,
        "white shapes on black, drawn anew",
        _DSPRITES,
        (1, 64, 64),
        737_280,
        "made here after Matthey et al. 2017",
    ),
    Entry(
        "shapes3d",
        _shapes3d,
        "a solid in a coloured room, drawn anew",
        _SHAPES3D,
        (3, 64, 64),
        480_000,
        "made here after Burgess and Kim 2018",
    ),
    Entry(
        "dsprites-official",
        grids.dsprites_official,
        "white shapes on black, the official file",
        _DSPRITES,
        (1, 64, 64),
        737_280,
        "Matthey et al. 2017, Apache-2.0",
        grids.DSPRITES_FILES[:1],
    ),
    Entry(
        "shapes3d-official",
        grids.shapes3d_official,
        "a solid in a coloured room, the official file",
        _SHAPES3D,
        (3, 64, 64),
        480_000,
        "Burgess and Kim 2018, Apache-2.0",
        (grids.SHAPES3D_FILE,),
    ),
    Entry(
        "mpi3d-toy",
        partial(grids.mpi3d, "toy"),
        "robot arm, simply rendered",
        _MPI3D,
        (3, 64, 64),
        1_036_800,
        _MPI3D_SOURCE,
        (grids.MPI3D_FILES["toy"],),
    ),
    Entry(
        "mpi3d-realistic",
        partial(grids.mpi3d, "realistic"),
        "robot arm, realistically rendered",
        _MPI3D,
        (3, 64, 64),
        1_036_800,
        _MPI3D_SOURCE,
        (grids.MPI3D_FILES["realistic"],),
    ),
    Entry(
        "mpi3d-real",
        partial(grids.mpi3d, "real"),
        "robot arm, photographed",
        _MPI3D,
        (3, 64, 64),
        1_036_800,
        _MPI3D_SOURCE,
        (grids.MPI3D_FILES["real"],),
    ),
    Entry(
        "cars3d",
        turntable.cars3d,
        "cars seen from all sides",
        "elevation 4, azimuth 24, car 183",
        (3, 64, 64),
        17_568,
        "Reed et al. 2015, no licence stated",
        (turntable.CARS3D_FILE,),
    ),
    Entry(
        "smallnorb",
        turntable.smallnorb,
        "grey toys seen from all sides in 6 lights",
        "category 5, instance 5, elevation 9, azimuth 18, lighting 6",
        (1, 96, 96),
        24_300,
        "LeCun et al. 2004, for research only",
        tuple(file for split in turntable.SMALLNORB_FILES.values() for file in split.values()),
    ),
    Entry(
        "mnist",
        images.mnist,
        "handwritten digits",
        "digit 10",
        (1, 28, 28),
        60_000,
        "LeCun et al. 1998, CC BY-SA 3.0",
        _pairs(images.MNIST_FILES),
    ),
    Entry(
        "fashion-mnist",
        images.fashion_mnist,
        "pictures of clothes",
        "class 10",
        (1, 28, 28),
        60_000,
        "Xiao et al. 2017, MIT; also Debian's dataset-fashion-mnist",
        _pairs(images.FASHION_FILES),
    ),
    Entry(
        "celeba",
        images.celeba,
        "faces of celebrities",
        "40 binary attributes",
        (3, 64, 64),
        images.CELEBA_COUNT,
        "Liu et al. 2015, for non-commercial research only",
        images.CELEBA_FILES,
        images.CELEBA_FILES[0].url,
    ),
    Entry(
        "rfd",
        images.rfd,
        "robot finger and cube (layout assumed, see read_rfd)",
        "as in the file",
        (3, 128, 128),
        None,
        "Dittadi et al. 2021",
        (images.RFD_FILE,),
        images.RFD_FILE.url,
    ),
)


def names() -> tuple[str, ...]:
    """Return the names of all data sets.

    >>> names()[:4]
    ('helix', 'squares', 'squares-nonlinear', 'digits')
    """
    return tuple(entry.name for entry in ENTRIES)


def entry(name: str) -> Entry:
    """Return what is known of a data set.

    Raises:
        InputError: for an unknown name; says which are near.
    """
    for known in ENTRIES:
        if known.name == name:
            return known
    near = get_close_matches(name.lower(), names(), 3, 0.4) or names()
    raise InputError(
        f"no data set is called {name!r}; did you mean {', '.join(near)}? "
        "Data of your own are loaded by their path: a folder of pictures, .npy, .npz, .h5, .hdf5 or .h5ad"
    )


def load(name: str | Path, **options: Any) -> FactorData:
    """Load a data set by its name, the user's own data by their path (see ``own``), or the folder of a perturbed set.

    Args:
        name: one of ``names()``, or the path of a folder of pictures or of a file that ``own`` reads, or of a folder
            that ``perturb`` wrote; a folder that is called like a data set is meant by ``./name``.
        options: what the data set, or ``own``, takes, such as ``folder=`` or ``size=``.

    Raises:
        InputError: for an unknown name or option, or observations of a wrong type.
        FileError: if a file is missing, damaged or another one.

    >>> load("helix", n=16)
    FactorData('helix', n=16, x_shape=(3,), factors=[strand 2])
    """
    is_set = isinstance(name, str) and name in names()
    is_path = not is_set and is_own(name)
    found: Callable[..., FactorData] = partial(_of_path, name) if is_path else entry(str(name)).load
    try:
        return found(**options)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        raise InputError(f"{name}: {str(error).partition(') ')[2] or error}") from error


def fetch(name: str) -> list[Path]:
    """Download the official files of a data set into ``home()/name``, verified; return where they are.

    Raises:
        InputError: for an unknown name, or data that need no files or cannot be downloaded without a person.
        FileError: if the download fails; says what to get, where, and where to put it.
    """
    found, folder = entry(name), files.home() / name
    if not found.needs_files:
        raise InputError(f"{name} needs no files: it is made when loaded")
    if found.page is not None:
        wanted = ", ".join(file.name for file in found.files)
        raise InputError(f"{name} is given out by hand only: get it from {found.page} and put {wanted} in {folder}")
    return [files.fetch(file, folder) for file in found.files]
