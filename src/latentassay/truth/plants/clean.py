"""Models without any defect, which may be blamed for nothing: optima on noisy data, PCA, the identity, ONNX files."""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from latentassay.adapters import from_onnx, from_sklearn
from latentassay.truth.plant import Kind, Plant, chance, torch_chance
from latentassay.truth.vectors import Faulty, known_of, vector_world


def noisy_optimum(seed: int) -> Plant:
    """Return the optimum on data of which a fifth to two fifths of every variable's code is noise.

    Changes come back at 1 − E[s²] of their size, and means are shrunk: both as they must be.
    """
    world = vector_world(seed, warped=False, noise=(0.45, 0.62))
    return Plant(model=Faulty(world, (world.units,)), data=world.draw(), known=known_of(world))


def pca(seed: int) -> Plant:
    """Return scikit-learn's PCA of vectors, with as many components as there are variables."""
    from sklearn.decomposition import PCA

    world = vector_world(seed)
    x = world.draw()
    fitted = PCA(world.units, random_state=seed).fit(world.draw(2000, part="train").numpy())
    return Plant(model=from_sklearn(fitted), data=x)


def identity(seed: int) -> Plant:
    """Return a model that hands on what it is given, and normal data."""
    rng = chance("identity", seed)
    size = int(rng.integers(2, 13))

    class Same:
        """Hands on."""

        def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, torch.zeros_like(x)

        def decode(self, hidden: Tensor) -> Tensor:
            return hidden

    x = torch.randn(2000, size, generator=torch_chance(rng))
    return Plant(model=Faulty(Same(), (size,), prior=False), data=x)


def onnx_files(seed: int) -> Plant:
    """Return a world's linear coders as a pair of ONNX files, which nobody can train further."""
    world = vector_world(seed, warped=False)
    inwards = world.basis * (world.amplitude / (world.amplitude.square() + world.sigma**2))
    outwards = (world.basis * world.amplitude).T
    x = world.draw()
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("encoder.onnx", "decoder.onnx")]
        _write_linear(paths[0], inwards, -world.offset @ inwards)
        _write_linear(paths[1], outwards, world.offset)
        return Plant(model=from_onnx(*paths), data=x)


def _write_linear(path: Path, weight: Tensor, bias: Tensor) -> None:
    """Write ``x W + b`` as an ONNX file with a free number of rows."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = [helper.make_node("MatMul", ["x", "w"], ["xw"]), helper.make_node("Add", ["xw", "b"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", weight.shape[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", weight.shape[1]])],
        [numpy_helper.from_array(weight.numpy(), "w"), numpy_helper.from_array(bias.numpy(), "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))


def _clean(name: str, effect: str, build: object) -> Kind:
    return Kind(
        name=name,
        keys=(),
        sizes=(0, 0, 0),
        effect=effect,
        plant=lambda size, seed: build(seed),  # type: ignore[operator]
        clean=build,  # type: ignore[arg-type]
    )


KINDS = (
    _clean("exact optimum on noisy data", "changes come back at 1 − E[s²]", noisy_optimum),
    _clean("PCA", "scikit-learn's", pca),
    _clean("identity", "hands on what it is given", identity),
    *([_clean("ONNX files", "linear coders", onnx_files)] if find_spec("onnxruntime") and find_spec("onnx") else []),
)
