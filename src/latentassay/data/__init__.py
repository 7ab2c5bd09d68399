"""Data sets with known factors: rendered here, read from official files, or the user's own."""

from latentassay.data.cars3d import cars3d
from latentassay.data.catalog import entry, fetch, load, names
from latentassay.data.entries import ENTRIES, Entry
from latentassay.data.factors import FactorData, Layout, Splits, Store
from latentassay.data.files import home
from latentassay.data.frames import Frames, windows
from latentassay.data.grids import dsprites_official, mpi3d, shapes3d_official
from latentassay.data.images import celeba, fashion_mnist, mnist, rfd
from latentassay.data.own import own
from latentassay.data.pairs import changed_pairs, laplace_walks, shared_pairs
from latentassay.data.smallnorb import smallnorb
from latentassay.data.toys import digits, helix, squares, squares_nonlinear

__all__ = [
    "ENTRIES",
    "Entry",
    "FactorData",
    "Frames",
    "Layout",
    "Splits",
    "Store",
    "cars3d",
    "celeba",
    "changed_pairs",
    "digits",
    "dsprites_official",
    "entry",
    "fashion_mnist",
    "fetch",
    "helix",
    "home",
    "laplace_walks",
    "load",
    "mnist",
    "mpi3d",
    "names",
    "own",
    "rfd",
    "shapes3d_official",
    "shared_pairs",
    "smallnorb",
    "squares",
    "squares_nonlinear",
    "windows",
]
