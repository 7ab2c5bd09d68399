"""Pipes, devices, sockets and folders at every public door: refused at once, by name, and never waited for."""

import subprocess
import sys
from pathlib import Path

import pytest

TIMEOUT = 20
"""Seconds that a child may take for all kinds at one door."""

START = """
import os, resource, socket
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
import latentassay as la
from latentassay.core.errors import LatentAssayError
from latentassay.training.checkpoint import MANIFEST

def command(*words):
    from latentassay.cli.app import app
    try:
        app(list(words))
    except SystemExit as end:
        if end.code in (2, 3):
            raise LatentAssayError("refused")

def trained(path):
    (path.parent / MANIFEST).symlink_to(path.name)
    return path.parent

def resume(folder):
    x = la.data.load("helix", n=64)
    model = la.models.build("ae-mlp", x_shape=x.x_shape, latents=2)
    la.fit(model, la.objectives.build("ae"), x, steps=1, out=folder, resume=True)

def in_a_folder(path):
    (path.parent / "a.png").symlink_to(path.name)
    return path.parent

def bind(path):
    os.chdir(path.parent)  # names of sockets must be short
    socket.socket(socket.AF_UNIX).bind(path.name)

KINDS = {"pipe": os.mkfifo, "device": lambda path: path.symlink_to("/dev/zero"), "socket": bind, "folder": os.mkdir}
"""
CHILD = (
    START
    + """
for kind, make in KINDS.items():
    for ending in ENDINGS:
        folder = Path(kind + ending).absolute()
        folder.mkdir()
        path = folder / ("x" + ending)
        make(path)
        try:
            DOOR(path)
        except LatentAssayError:
            print(kind, ending, "refused", flush=True)
        os.chdir(folder.parent)
"""
)

DOORS = {
    "load_run": ("lambda path: la.load_run(trained(path))", [".json"]),
    "resume": ("lambda path: resume(trained(path))", [".json"]),
    "Assay.load": ("la.Assay.load", [".safetensors"]),
    "from_onnx": ("lambda path: la.from_onnx(path, path)", [".onnx"]),
    "own": ("la.data.own", [".npy", ".npz", ".h5", ".h5ad", ".csv", ".mat", ".safetensors"]),
    "pictures": ("lambda path: la.data.own(in_a_folder(path))", [".x"]),
    "data info": ("lambda path: command('data', 'info', str(path))", [".npy", ".csv"]),
    "score": ("lambda path: command('score', str(path))", [".npz", ".csv"]),
    "assay": ("lambda path: command('assay', f'onnx:{path},{path}', '--data', 'digits')", [".onnx"]),
}


@pytest.mark.parametrize("door", DOORS)
def test_what_is_no_file_is_refused_at_once(tmp_path, door):
    opens, endings = DOORS[door]
    code = CHILD.replace("DOOR(", f"({opens})(").replace("ENDINGS", repr(endings))
    child = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT)
    refused = [line for line in child.stdout.splitlines() if line.endswith("refused")]
    assert len(refused) == 4 * len(endings), child.stdout + child.stderr
    assert child.returncode == 0, child.stderr
    assert Path("/dev/zero").exists()
