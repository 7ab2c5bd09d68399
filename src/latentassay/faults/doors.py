"""Doors through which files come in: how valid ones are made, and how each is asked."""

import runpy
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import latentassay as la
from latentassay.core.errors import LatentAssayError
from latentassay.faults.arguments import factored, uniform


class Door(NamedTuple):
    """One door.

    Attributes:
        prepare: writes valid files into an empty folder.
        files: those among them that are replaced, one at a time.
        ask: reads them, as a user would, and returns what was read.
        package: what it needs beyond this package's own requirements.
    """

    prepare: Callable[[Path], object]
    files: tuple[str, ...]
    ask: Callable[[Path], Any]
    package: str = ""


QUIET: dict[str, Any] = {"device": "cpu", "progress": False}
"""Options of every training."""


def small_model() -> Any:
    """Return a model of a few weights."""
    return la.models.build("vae-mlp", x_shape=(3,), latents=2, likelihood="squared", hidden=(8,))


def train(folder: Path, *, steps: int, **options: Any) -> Any:
    """Train it in a folder."""
    objective = la.objectives.build("beta-vae", beta=2.0)
    return la.fit(small_model(), objective, uniform(16, 3), steps=steps, batch_size=4, out=folder, **QUIET, **options)


def make_assay() -> la.Assay:
    """Return a result with one question."""
    identity = la.from_torch(lambda x: x, lambda z: z, latent_shape=(3,))
    return la.assay(identity, uniform(40, 3), samples=40, budget=1.0, questions=["reconstruction"])


def _onnx(folder: Path) -> None:
    import onnx
    from onnx import helper

    sizes = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 3]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", sizes[:1], sizes[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for name in ("encoder.onnx", "decoder.onnx"):
        (folder / name).write_bytes(model.SerializeToString())


def _write_data(name: str, folder: Path) -> None:
    path, x = folder / name, np.random.default_rng(0).random((16, 4), dtype=np.float32)
    if path.suffix == ".npy":
        np.save(path, x)
    elif path.suffix == ".npz":
        np.savez_compressed(path, x=x)
    elif path.suffix == ".csv":
        path.write_text("a,b\n" + "".join(f"{row[0]:.3f},{row[1]:.3f}\n" for row in x))
    elif path.suffix == ".mat":
        from scipy.io import savemat

        savemat(path, {"x": x})
    elif path.suffix == ".png":
        from PIL import Image

        Image.fromarray((255 * x).astype(np.uint8)).save(path)
    else:
        import h5py

        with h5py.File(path, "w") as file:
            file["X"] = x
            if path.suffix == ".h5ad":
                file.attrs["encoding-type"] = "anndata"
                file.create_group("obs"), file.create_group("var")


def _read_data(name: str, folder: Path) -> Any:
    data = la.data.own(folder / name)
    return data.batch(np.arange(min(len(data), 16)))


def _pictures(folder: Path) -> None:
    for name in ("a.png", "b.png"):
        _write_data(name, folder)


def run_command(*words: str) -> None:
    """Run the program with some words, in this process; a refusal raises."""
    before, sys.argv = sys.argv, ["latentassay", *words]
    try:
        runpy.run_module("latentassay", run_name="__main__")
    except SystemExit as end:
        if end.code in (2, 3):
            raise LatentAssayError("refused by the command") from end
        if isinstance(end.code, int) and end.code > 128:  # by a signal, as whoever sent it knows
            raise KeyboardInterrupt from end
        if end.code:
            raise RuntimeError(f"ended with {end.code}") from end
    finally:
        sys.argv = before


def _info(name: str, folder: Path) -> None:
    run_command("data", "info", str(folder / name))


def _score(folder: Path) -> None:
    run_command("score", str(folder / "codes.npz"))


def _codes(folder: Path) -> None:
    from latentassay.faults.arguments import codes, factors

    np.savez(folder / "codes.npz", codes=codes().numpy(), factors=factors().numpy())


def _noise(folder: Path) -> None:
    la.uniform_noise(factored(), out=folder, seed=0)


def perturb(folder: Path, *, steps: int, **options: Any) -> None:
    """Perturb a few pictures into a folder."""
    data = la.data.FactorData(uniform(16, 8, 8).numpy(), np.indices((4, 4)).reshape(2, -1).T, layout="hw")
    sides = [[la.models.build("vae-mlp", x_shape=(1, 8, 8), latents=2, hidden=(4,), seed=seed)] for seed in (0, 1)]
    options = {"steps": steps, "batch_size": 4, **QUIET, **options}
    la.perturb(data, entangled=sides[0], disentangled=sides[1], out=folder, **options)


def _tiny(folder: Path) -> None:
    """Write a folder as diffusers would, with the smallest of its autoencoders."""
    from diffusers import AutoencoderTiny

    widths: Any = {"encoder_block_out_channels": (8, 8), "decoder_block_out_channels": (8, 8)}
    make: Any = AutoencoderTiny
    blocks: Any = {"num_encoder_blocks": (1, 1), "num_decoder_blocks": (1, 1), "latent_channels": 2}
    make(**widths, **blocks).save_pretrained(folder)


def _foreign(config: str, text: str, folder: Path) -> None:
    """Write a folder of a framework that need not be installed: its configuration, and weights."""
    from safetensors.torch import save_file

    (folder / config).write_text(text)
    save_file({"a": uniform(3)}, folder / "model.safetensors")


def _official(name: str) -> Door:
    entry = la.data.entry(name)
    return Door(
        lambda folder: None, tuple(file.name for file in entry.files[:1]), lambda folder: len(entry.load(folder))
    )


RUN = ("manifest.json", "checkpoint-00000002.safetensors", "metrics.jsonl")
DATA = ("x.npy", "x.npz", "x.h5", "x.h5ad", "x.csv", "x.mat")
PYTHAE = '{"name": "VAEConfig", "input_dim": [8], "latent_dim": 8}'
MONAI = '{"spatial_dims": 2, "in_channels": 1, "out_channels": 1, "channels": [8, 8]}'
DIFFUSERS = ("config.json", "diffusion_pytorch_model.safetensors")

_DOORS: dict[str, Door] = {
    "load_run": Door(partial(train, steps=2), RUN, lambda folder: la.load_run(folder).step),
    "fit(resume=True)": Door(partial(train, steps=2), RUN, lambda folder: train(folder, steps=4, resume=True).step),
    "Assay.load": Door(
        lambda folder: make_assay().save(folder / "a.assay"),
        ("a.assay",),
        lambda folder: str(la.Assay.load(folder / "a.assay")),
    ),
    "from_onnx": Door(
        _onnx,
        ("encoder.onnx", "decoder.onnx"),
        lambda folder: la.from_onnx(str(folder / "encoder.onnx"), str(folder / "decoder.onnx")).latent_shape,
        "onnx",
    ),
    **{
        f"data.own({name})": Door(
            partial(_write_data, name), (name,), partial(_read_data, name), "h5py" if "h5" in name else ""
        )
        for name in DATA
    },
    "data.own(pictures)": Door(_pictures, ("a.png",), partial(_read_data, ""), "PIL"),
    **{
        f"data info {name}": Door(
            partial(_write_data, name),
            (name,),
            partial(_info, name),
        )
        for name in ("x.npy", "x.npz", "x.csv")
    },
    "score": Door(_codes, ("codes.npz",), _score),
    "perturbation.load_perturbed": Door(
        _noise,
        ("perturbation.json", "images.npy", "factors.npy"),
        lambda folder: la.perturbation.load_perturbed(folder).batch([0]),
    ),
    "perturbation.manipulation": Door(
        partial(perturb, steps=1),
        ("perturbation.json", "network.safetensors"),
        lambda folder: repr(la.perturbation.manipulation(folder).network),
    ),
    "from_diffusers": Door(
        _tiny, DIFFUSERS, lambda folder: la.from_diffusers(folder, x_shape=(3, 16, 16)).latent_shape, "diffusers"
    ),
    "from_pythae": Door(
        partial(_foreign, "model_config.json", PYTHAE), ("model_config.json", "model.safetensors"), la.from_pythae
    ),
    "from_monai": Door(
        partial(_foreign, "config.json", MONAI),
        ("config.json", "model.safetensors"),
        lambda folder: la.from_monai(folder, x_shape=(1, 8, 8)),
    ),
    "from_scvi": Door(lambda folder: (folder / "model.pt").write_bytes(b"\0"), ("model.pt",), la.from_scvi),
    "from_sklearn": Door(
        lambda folder: (folder / "a.skops").write_bytes(b"\0"),
        ("a.skops",),
        lambda folder: la.from_sklearn(folder / "a.skops"),
    ),
    **{f"data.load({name})": _official(name) for name in ("dsprites-official", "cars3d", "mnist", "smallnorb")},
}


def prepare_door(name: str, folder: Path) -> object:
    """Write the valid files of a door."""
    return _DOORS[name].prepare(folder)


def ask_door(name: str, folder: Path) -> Any:
    """Ask a door."""
    return _DOORS[name].ask(folder)


# By names, since lambdas cannot be sent to another process.
DOORS: dict[str, Door] = {
    name: door._replace(prepare=partial(prepare_door, name), ask=partial(ask_door, name))
    for name, door in _DOORS.items()
}
"""Name of a door → how it is asked."""
