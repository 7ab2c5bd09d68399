"""What writes files, is killed, finds no room, or meets another writer, and how its files are looked at after."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

import latentassay as la
from latentassay.faults.arguments import uniform
from latentassay.faults.doors import make_assay, perturb, run_command, train

LAST = 300
"""Steps of a training; it writes a checkpoint after every third."""


class Lost(Exception):
    """Something is not there, half written, or another than it would be without the fault."""


class Writer(NamedTuple):
    """Something that writes into a folder.

    Attributes:
        write: writes, once; a second time in the same folder goes on, or writes it again.
        check: raises ``Lost``, or what reading raises, if something in the folder is not whole.
        begin: writes what is there before; ``write`` where left out.
        goes_on: whether it writes all the time; else it is repeated until it is killed.
        workers: how many processes it starts.
    """

    write: Callable[[Path], object]
    check: Callable[[Path], object]
    begin: Callable[[Path], object] | None = None
    goes_on: bool = False
    workers: int = 0


def _train(folder: Path) -> None:
    train(folder, steps=LAST, resume=True, checkpoint_every=3, log_every=2)


def _snapshots(folder: Path) -> None:
    train(folder, steps=LAST, resume=True, checkpoint_every=50, snapshots=range(1, LAST, 2))


def _check_run(folder: Path) -> None:
    """Load a run, go on to the end, and compare with one that nothing has stopped."""
    found = la.load_run(folder) if (folder / "manifest.json").exists() else None
    if found is not None and any(not bool(torch.isfinite(value).all()) for value in found.model.state_dict().values()):
        raise Lost("weights are not finite")
    resumed = train(folder, steps=LAST, resume=True)
    whole = train(folder.with_name("whole"), steps=LAST, resume=True)
    wanted = whole.model.state_dict()
    if any(not torch.equal(value, wanted[name]) for name, value in resumed.model.state_dict().items()):
        raise Lost("another model than without the stop")


def _begin_run(folder: Path) -> None:
    train(folder, steps=2)


def _save(folder: Path) -> None:
    make_assay().save(folder / "a.assay")


def _check_save(folder: Path) -> None:
    if not la.Assay.load(folder / "a.assay").findings:
        raise Lost("no findings")


def _report(folder: Path) -> None:
    found = make_assay()
    found.to_html(folder / "a.html")
    found.to_json(folder / "a.json")


def _check_report(folder: Path) -> None:
    ends = {"a.html": "</html>", "a.json": "}"}
    for name, end in ends.items():
        path = folder / name
        if path.exists() and not path.read_text("utf-8").rstrip().endswith(end):
            raise Lost(f"{name} is half written")


def _archive(folder: Path) -> Path:
    """Return an archive of a megabyte, which is unpacked into the cache when it is opened; made at the first call."""
    path = folder / "x.npz"
    if not path.exists():
        x = uniform(256, 1024).numpy()
        np.savez_compressed(folder / "new.npz", x=x)
        (folder / "new.npz").replace(path)
    return path


def _cache(folder: Path) -> None:
    shutil.rmtree(la.data.home(), ignore_errors=True)
    la.data.own(_archive(folder))


def _check_cache(folder: Path) -> None:
    found = la.data.own(_archive(folder)).batch(np.arange(256))
    if not torch.equal(torch.as_tensor(found), uniform(256, 1024)):
        raise Lost("the cache holds other numbers")


def _log(folder: Path) -> None:
    train(folder, steps=LAST, resume=True, checkpoint_every=LAST, log_every=1)


def _perturb(folder: Path) -> None:
    perturb(folder, steps=60, checkpoint_every=1)


def _check_perturbed(folder: Path) -> None:
    perturb(folder, steps=60, checkpoint_every=1)
    found = la.perturbation.load_perturbed(folder).batch([0, 5])
    perturb(folder.with_name("whole"), steps=60, checkpoint_every=1)
    if not torch.equal(found, la.perturbation.load_perturbed(folder.with_name("whole")).batch([0, 5])):
        raise Lost("another data set than without the stop")


def _workers(folder: Path) -> None:
    run_command("bench", "truth", "--processes", "2", "--seeds", "2", "--resume", str(folder / "answers.jsonl"))


WRITERS: dict[str, Writer] = {
    "checkpoint": Writer(_train, _check_run, _begin_run, goes_on=True),
    "snapshots": Writer(_snapshots, _check_run, _begin_run, goes_on=True),
    "log": Writer(_log, _check_run, _begin_run, goes_on=True),
    "save": Writer(_save, _check_save),
    "report": Writer(_report, _check_report),
    "cache": Writer(_cache, _check_cache),
    "perturb": Writer(_perturb, _check_perturbed, lambda folder: None, goes_on=True),
    "workers": Writer(_workers, lambda folder: None, goes_on=True, workers=2),
}
"""Name → what writes."""


def find_writer(name: str | Writer) -> Writer:
    """Return a writer by its name; one that is given is returned as it is."""
    return WRITERS[name] if isinstance(name, str) else name


def write_once(name: str | Writer, folder: Path) -> None:
    """Let a writer write."""
    find_writer(name).write(folder)


def write_on(name: str | Writer, folder: Path) -> None:
    """Let a writer write until it is killed; the file ``ready`` beside the folder says that it has begun."""
    writer = find_writer(name)
    if not writer.goes_on:
        writer.write(folder)
    (folder.parent / "ready").touch()
    while True:
        writer.write(folder)
        if writer.goes_on:
            return


def check_folder(name: str | Writer, folder: Path) -> None:
    """Look at what a writer wrote, let it write again, and look that nothing is left half written."""
    writer = find_writer(name)
    writer.check(folder)
    if not writer.goes_on:
        writer.write(folder)
        writer.check(folder)
    if left := [path.name for path in folder.rglob("*.part")]:
        raise Lost(f"{len(left)} parts were left")
