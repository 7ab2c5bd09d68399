"""The table of data sets: how to load each, what it holds, and where its files come from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from latentassay.data import grids, images, toys
from latentassay.data.cars3d import FILE as CARS3D_FILE
from latentassay.data.cars3d import cars3d
from latentassay.data.factors import FactorData
from latentassay.data.files import Official
from latentassay.data.smallnorb import FILES as SMALLNORB_FILES
from latentassay.data.smallnorb import smallnorb


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


def _dsprites(*, cache: str | Path | None = None) -> FactorData:
    from latentassay.data.dsprites import dsprites

    return dsprites(cache=cache)


def _shapes3d(*, cache: str | Path | None = None) -> FactorData:
    from latentassay.data.shapes3d import shapes3d

    return shapes3d(cache=cache)


def _pairs(splits: dict[bool, tuple[Official, Official]]) -> tuple[Official, ...]:
    return splits[True] + splits[False]


_DSPRITES = "color 1, shape 3, scale 6, orientation 40, x 32, y 32"
_SHAPES3D = "floor_hue 10, wall_hue 10, object_hue 10, scale 8, shape 4, orientation 15"

ENTRIES = (
    Entry(
        name="helix",
        load=toys.helix,
        summary="double helix with noise",
        factors="strand 2",
        shape=(3,),
        n=1024,
        source="made here (LR Eq. 10)",
    ),
    Entry(
        name="squares",
        load=toys.squares,
        summary="stretched square, turned in 3 dimensions",
        factors="w1 10, w2 10",
        shape=(3,),
        n=50_000,
        source="made here (PCA 3.3.1; with ratio= 3.3.4)",
    ),
    Entry(
        name="squares-nonlinear",
        load=toys.squares_nonlinear,
        summary="square sent to 6 dimensions by a random network",
        factors="w1 10, w2 10",
        shape=(6,),
        n=50_000,
        source="made here (PCA 3.3.1)",
    ),
    Entry(
        name="digits",
        load=toys.digits,
        summary="handwritten digits, very small",
        factors="digit 10",
        shape=(1, 8, 8),
        n=1797,
        source="scikit-learn; Alpaydin and Kaynak 1998, CC BY 4.0",
    ),
    Entry(
        name="dsprites",
        load=_dsprites,
        summary="white shapes on black, drawn anew",
        factors=_DSPRITES,
        shape=(1, 64, 64),
        n=737_280,
        source="made here after Matthey et al. 2017",
    ),
    Entry(
        name="shapes3d",
        load=_shapes3d,
        summary="a solid in a coloured room, drawn anew",
        factors=_SHAPES3D,
        shape=(3, 64, 64),
        n=480_000,
        source="made here after Burgess and Kim 2018",
    ),
    Entry(
        name="dsprites-official",
        load=grids.dsprites_official,
        summary="white shapes on black, the official file",
        factors=_DSPRITES,
        shape=(1, 64, 64),
        n=737_280,
        source="Matthey et al. 2017, Apache-2.0",
        files=grids.DSPRITES_FILES[:1],
    ),
    Entry(
        name="shapes3d-official",
        load=grids.shapes3d_official,
        summary="a solid in a coloured room, the official file",
        factors=_SHAPES3D,
        shape=(3, 64, 64),
        n=480_000,
        source="Burgess and Kim 2018, Apache-2.0",
        files=(grids.SHAPES3D_FILE,),
    ),
    *(
        Entry(
            name=f"mpi3d-{variant}",
            load=partial(grids.mpi3d, variant),
            summary=f"robot arm, {how}",
            factors="color 6, shape 6, size 2, camera_height 3, background 3, joint_1 40, joint_2 40",
            shape=(3, 64, 64),
            n=1_036_800,
            source="Gondal et al. 2019, CC BY 4.0",
            files=(grids.MPI3D_FILES[variant],),
        )
        for variant, how in (
            ("toy", "simply rendered"),
            ("realistic", "realistically rendered"),
            ("real", "photographed"),
        )
    ),
    Entry(
        name="cars3d",
        load=cars3d,
        summary="cars seen from all sides",
        factors="elevation 4, azimuth 24, car 183",
        shape=(3, 64, 64),
        n=17_568,
        source="Reed et al. 2015, no licence stated",
        files=(CARS3D_FILE,),
    ),
    Entry(
        name="smallnorb",
        load=smallnorb,
        summary="grey toys seen from all sides in 6 lights",
        factors="category 5, instance 5, elevation 9, azimuth 18, lighting 6",
        shape=(1, 96, 96),
        n=24_300,
        source="LeCun et al. 2004, for research only",
        files=tuple(file for split in SMALLNORB_FILES.values() for file in split.values()),
    ),
    Entry(
        name="mnist",
        load=images.mnist,
        summary="handwritten digits",
        factors="digit 10",
        shape=(1, 28, 28),
        n=60_000,
        source="LeCun et al. 1998, CC BY-SA 3.0",
        files=_pairs(images.MNIST_FILES),
    ),
    Entry(
        name="fashion-mnist",
        load=images.fashion_mnist,
        summary="pictures of clothes",
        factors="class 10",
        shape=(1, 28, 28),
        n=60_000,
        source="Xiao et al. 2017, MIT; also Debian's dataset-fashion-mnist",
        files=_pairs(images.FASHION_FILES),
    ),
    Entry(
        name="celeba",
        load=images.celeba,
        summary="faces of celebrities",
        factors="40 binary attributes",
        shape=(3, 64, 64),
        n=images.CELEBA_COUNT,
        source="Liu et al. 2015, for non-commercial research only",
        files=images.CELEBA_FILES,
        page=images.CELEBA_FILES[0].url,
    ),
    Entry(
        name="rfd",
        load=images.rfd,
        summary="robot finger and cube (layout assumed, see read_rfd)",
        factors="as in the file",
        shape=(3, 128, 128),
        n=None,
        source="Dittadi et al. 2021",
        files=(images.RFD_FILE,),
        page=images.RFD_FILE.url,
    ),
)
"""Every data set that ``load`` knows by name, in the order of lists."""
