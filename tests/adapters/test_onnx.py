"""ONNX pairs: the same network as torch, differences for derivatives, and files that must not be run."""

import math
import os
import pickle
import re
import sys
import warnings

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.testing import assert_close

import latentassay as la
from conftest import ROOT
from latentassay.adapters.onnx import from_onnx
from latentassay.core.errors import ContractError, FileError, InputError

D, X = 3, 7


def weights(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) / math.sqrt(shape[-1])


DOWN, WIDE, UP = weights(D, X, seed=1), weights(2 * D, X, seed=2), weights(X, D, seed=3)


def saved(path, nodes, given, tensors=(), taken=("x", ["n", X]), kind=TensorProto.FLOAT, **options):
    """Write a graph; ``given`` is a list of outputs, ``taken`` the input."""
    values = [helper.make_tensor_value_info(name, kind, shape) for name, shape in given]
    inputs = [helper.make_tensor_value_info(*pair[:1], kind, pair[1]) for pair in ([taken] if taken else [])]
    initializers = [numpy_helper.from_array(np.asarray(array), name) for name, array in tensors]
    graph = helper.make_graph(nodes, "net", inputs + options.get("more", []), values, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path), **options.get("save", {}))
    return path


def encoder(path, **options):
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Tanh", ["h"], ["mu"])]
    return saved(path, nodes, [("mu", ["n", D])], [("w", DOWN.T.numpy())], **options)


def decoder(path, **options):
    nodes = [helper.make_node("Sin", ["z"], ["s"]), helper.make_node("MatMul", ["s", "w"], ["y"])]
    return saved(path, nodes, [("y", ["n", X])], [("w", UP.T.numpy())], ("z", ["n", D]), **options)


def gaussian(path):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Split", ["h", "sizes"], ["mu", "logvar"], axis=1),
    ]
    tensors = [("w", WIDE.T.numpy()), ("sizes", np.array([D, D]))]
    return saved(path, nodes, [("mu", ["n", D]), ("logvar", ["n", D])], tensors)


@pytest.fixture
def pair(tmp_path):
    return encoder(tmp_path / "enc.onnx"), decoder(tmp_path / "dec.onnx")


TORCH = la.from_torch(lambda x: (x @ DOWN.T).tanh(), lambda z: z.sin() @ UP.T, latent_shape=(D,))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def x_of(n=20):
    return torch.randn(n, X, generator=seeded(4))


def test_the_pair_is_the_network_and_its_responses_are_the_same(pair):
    model, x = from_onnx(*pair), x_of()
    la.check_autoencoder(model, x)
    assert_close(model.encode(x).mean, TORCH.encode(x).mean)
    z = torch.randn(30, D, generator=seeded(5))
    found, expected = (la.response_matrix(each, z, generator=seeded()).matrix for each in (model, TORCH))
    assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert model.x_shape == (X,) and model.latent_shape == (D,) and model.value_range is None
    assert model.adapter == "ONNX pair enc.onnx, dec.onnx" and "native" in model.space


def test_posteriors_come_from_two_outputs(tmp_path):
    model = from_onnx(gaussian(tmp_path / "e.onnx"), decoder(tmp_path / "d.onnx"), output="mean_logvar", prior="normal")
    q, (mu, logvar) = model.encode(x_of()), (x_of() @ WIDE.T).chunk(2, 1)
    assert isinstance(q, la.DiagonalGaussian) and isinstance(model.prior, la.StandardNormal)
    assert_close(q.mean, mu)
    assert_close(q.std, (logvar / 2).exp())
    named = from_onnx(tmp_path / "e.onnx", tmp_path / "d.onnx", outputs=("logvar",))
    assert_close(named.encode(x_of()).mean, logvar)


def test_derivatives_are_central_differences(pair):
    """Against torch's own of the same network; halves of both sides go through them."""
    model, z = from_onnx(*pair), torch.randn(9, D, generator=seeded(6))
    assert model.derivatives == "central finite differences"
    for ask in (lambda m: la.response_jacobian(m, z), lambda m: la.geometry.decoder_jacobian(m.decode, z)):
        assert_close(ask(model), ask(TORCH), atol=1e-4, rtol=1e-3)
    with pytest.raises(ContractError, match="reverse mode"):
        la.geometry.pullback_geodesic(model.decode, z[:1], z[1:2])


def test_ranges_are_applied_inside(pair):
    model, x = from_onnx(*pair, value_range=(-1, 1)), torch.rand(4, X, generator=seeded())
    assert model.value_range == (0.0, 1.0)
    assert_close(model.encode(x).mean, ((2 * x - 1) @ DOWN.T).tanh())
    z = torch.randn(4, D, generator=seeded())
    assert_close(model.decode(z), (z.sin() @ UP.T + 1) / 2)


def picture_pair(folder, shape, order):
    """Pictures pass through an average over 2 × 2, channels last or first."""
    h, w, c = shape
    sizes = [h, w, c] if order == "nhwc" else [c, h, w]
    small = [h // 2, w // 2, c] if order == "nhwc" else [c, h // 2, w // 2]
    turn, back = [0, 3, 1, 2], [0, 2, 3, 1]
    down = [helper.make_node("AveragePool", ["a"], ["b"], kernel_shape=[2, 2], strides=[2, 2])]
    up = [helper.make_node("Resize", ["a", "", "scales"], ["b"], mode="nearest")]
    if order == "nhwc":
        first, last = (
            helper.make_node("Transpose", [i], [o], perm=p) for i, o, p in (("x", "a", turn), ("b", "y", back))
        )
    else:
        first, last = (helper.make_node("Identity", [i], [o]) for i, o in (("x", "a"), ("b", "y")))
    scales = [("scales", np.array([1, 1, 2, 2], np.float32))]
    one = saved(folder / "e.onnx", [first, *down, last], [("y", ["n", *small])], taken=("x", ["n", *sizes]))
    other = saved(folder / "d.onnx", [first, *up, last], [("y", ["n", *sizes])], scales, taken=("x", ["n", *small]))
    return one, other


@pytest.mark.parametrize("order", ["nchw", "nhwc"])
def test_pictures_go_in_and_come_out_channels_first(order, tmp_path):
    model, x = from_onnx(*picture_pair(tmp_path, (8, 6, 3), order), layout=order), torch.rand(5, 3, 8, 6)
    assert model.x_shape == (3, 8, 6) and model.latent_shape == (3, 4, 3)
    la.check_autoencoder(model, x)
    z = torch.nn.functional.avg_pool2d(x, 2)
    assert_close(model.encode(x).mean, z)
    assert_close(model.decode(z), z.repeat_interleave(2, 2).repeat_interleave(2, 3))
    with pytest.raises(InputError, match=r"x\.permute\(0, 3, 1, 2\)"):
        model.encode(x.permute(0, 2, 3, 1))


def test_channels_last_are_recognised(tmp_path):
    with pytest.raises(ContractError, match="say layout='nhwc'"):
        from_onnx(*picture_pair(tmp_path, (8, 6, 3), "nhwc"))


def test_sizes_left_open_are_stated(tmp_path):
    net = helper.make_node("Identity", ["x"], ["y"])
    free = ["n", 2, "h", "w"]
    halves = [saved(tmp_path / f"{name}.onnx", [net], [("y", free)], taken=("x", free)) for name in "ed"]
    with pytest.raises(InputError, match="say latent_shape="):
        from_onnx(*halves)
    model = from_onnx(*halves, latent_shape=(2, 4, 4))
    assert model.x_shape is None and model.encode(torch.ones(2, 2, 4, 4)).mean.shape == (2, 2, 4, 4)
    assert from_onnx(*halves, latent_shape=(2, 4, 4), x_shape=(2, 4, 4)).x_shape == (2, 4, 4)
    with pytest.raises(InputError, match=r"latent_shape is .*but the file says"):
        from_onnx(*halves, latent_shape=(3, 4, 4))
    with pytest.raises(ContractError, match="are these two halves of one model"):
        from_onnx(*halves, latent_shape=(2, 2, 2)).encode(torch.ones(2, 2, 4, 4))


def test_what_the_runtime_refuses_is_told(tmp_path):
    odd = saved(tmp_path / "e.onnx", [helper.make_node("NoSuchOp", ["x"], ["y"])], [("y", ["n", D])])
    with pytest.raises(ContractError, match=r"cannot run e\.onnx"):
        from_onnx(odd, decoder(tmp_path / "d.onnx"))
    reshape = [helper.make_node("Reshape", ["x", "to"], ["y"])]
    odd = saved(tmp_path / "e.onnx", reshape, [("y", ["n", D])], [("to", np.array([5, D]))])
    with pytest.raises(ContractError, match=r"e\.onnx fails on \(20, 7\)"):
        from_onnx(odd, decoder(tmp_path / "d.onnx")).encode(x_of())


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (
            lambda p: saved(p, [helper.make_node("Identity", ["x"], ["y"])], [("y", [2, X])], taken=("x", [1, X])),
            r"different sizes \(1, 2\).*dynamic_axes=\{'x': \{0: 'n'\}\}",
        ),
        (lambda p: encoder(p, taken=("x", [])), "no batch"),
        (lambda p: encoder(p, kind=TensorProto.FLOAT16), r"is float16.*model\.float\(\)"),
        (
            lambda p: encoder(p, more=[helper.make_tensor_value_info("t", TensorProto.FLOAT, ["n"])]),
            r"2 inputs \(x, t\)",
        ),
        (lambda p: encoder(p, taken=None), r"0 inputs \(none\)"),
        (
            lambda p: saved(p, [helper.make_node("RandomNormalLike", ["x"], ["y"])], [("y", ["n", X])]),
            "draws at random",
        ),
        (gaussian, "gives mu, logvar, and output='mean' needs 1.*--model-option output=mean_logvar"),
    ],
)
def test_files_that_cannot_be_asked(make, match, tmp_path):
    make(tmp_path / "e.onnx")
    with pytest.raises(ContractError, match=match):
        from_onnx(tmp_path / "e.onnx", decoder(tmp_path / "d.onnx"))


def test_randomness_in_a_branch_is_found(tmp_path):
    branches = {
        f"{name}_branch": helper.make_graph(
            [helper.make_node(op, ["x"], [name])], name, [], [helper.make_tensor_value_info(name, 1, ["n", X])]
        )
        for name, op in (("then", "Identity"), ("else", "RandomUniformLike"))
    }
    node = helper.make_node("If", ["yes"], ["y"], **branches)
    saved(tmp_path / "e.onnx", [node], [("y", ["n", X])], [("yes", np.array(True))])
    with pytest.raises(ContractError, match="RandomUniformLike"):
        from_onnx(tmp_path / "e.onnx", decoder(tmp_path / "d.onnx"))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"output": "logvar"}, "output must be"),
        ({"layout": "hwc"}, "layout must be"),
        ({"prior": "gauss"}, "prior must be"),
        ({"value_range": (1, 0)}, "low below high"),
        ({"x_shape": 9}, "x_shape is .*but the file says"),
    ],
)
def test_arguments_that_are_refused(options, match, pair):
    with pytest.raises(InputError, match=match):
        from_onnx(*pair, **options)


def test_observations_and_latents_that_are_refused(pair):
    model = from_onnx(*pair)
    with pytest.raises(InputError, match=r"observations \(n, 7\), got \(2, 6\)"):
        model.encode(torch.ones(2, 6))
    with pytest.raises(InputError, match="latents must have shape"):
        model.decode(torch.ones(2, 6))


def test_weights_beside_the_file_are_read(tmp_path):
    beside = {"save_as_external_data": True, "location": "weights.bin", "size_threshold": 0}
    model = from_onnx(encoder(tmp_path / "e.onnx", save=beside), decoder(tmp_path / "d.onnx"))
    assert_close(model.encode(x_of()).mean, TORCH.encode(x_of()).mean)
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(FileError, match=r"weights\.bin: is missing"):
        from_onnx(tmp_path / "e.onnx", tmp_path / "d.onnx")


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/hostname", "sub/weights.bin", "a\\b.bin", "link.bin"])
def test_weights_elsewhere_are_refused(location, tmp_path):
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "weights.bin").write_bytes(DOWN.T.numpy().tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "weights.bin")
    encoder(folder / "e.onnx", save={"save_as_external_data": True, "location": "weights.bin", "size_threshold": 0})
    model = onnx.load(str(folder / "e.onnx"), load_external_data=False)
    (entry,) = (entry for entry in model.graph.initializer[0].external_data if entry.key == "location")
    entry.value = location
    (folder / "e.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(FileError, match="outside its folder"):
        from_onnx(folder / "e.onnx", decoder(tmp_path / "d.onnx"))


def outside(*names):
    """A tensor whose values lie in files of these names."""
    tensor = TensorProto(name="v", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    for name in names:
        tensor.external_data.add(key="location", value=name)
    return tensor


def hidden_in_a_sparse_tensor(model):
    sparse = model.graph.sparse_initializer.add(dims=[X])
    sparse.values.CopyFrom(outside("/etc/hostname"))


def hidden_in_a_function(model):
    node = helper.make_node("Constant", [], ["c"], value=outside("/etc/hostname"))
    model.functions.append(helper.make_function("own", "F", [], ["c"], [node], [helper.make_opsetid("", 17)]))


def hidden_behind_another(model):
    model.graph.initializer.append(outside("weights.bin", "/etc/hostname"))


@pytest.mark.parametrize("hide", [hidden_in_a_sparse_tensor, hidden_in_a_function, hidden_behind_another])
def test_weights_elsewhere_are_found_wherever_they_hide(hide, tmp_path):
    model = onnx.load(str(encoder(tmp_path / "e.onnx")))
    (tmp_path / "weights.bin").write_bytes(bytes(4))
    hide(model)
    (tmp_path / "e.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(FileError, match=r"outside its folder \(/etc/hostname\)"):
        from_onnx(tmp_path / "e.onnx", decoder(tmp_path / "d.onnx"))


def test_randomness_in_a_function_is_found(tmp_path):
    model = onnx.load(str(encoder(tmp_path / "e.onnx")))
    node = helper.make_node("RandomNormalLike", ["a"], ["b"])
    model.functions.append(helper.make_function("own", "F", ["a"], ["b"], [node], [helper.make_opsetid("", 17)]))
    (tmp_path / "e.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ContractError, match="RandomNormalLike"):
        from_onnx(tmp_path / "e.onnx", decoder(tmp_path / "d.onnx"))


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_packages_that_are_not_installed(package, pair, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"^{package} is not installed; .*latentassay\[onnx\]"):
        from_onnx(*pair)


class Hostile:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (lambda canary: pickle.dumps(Hostile(canary)), "never loaded"),
        (lambda canary: b"<html>not found</html>", "web page"),
        (lambda canary: b"", "is empty"),
        (lambda canary: os.urandom(300), "is no ONNX file"),
        (lambda canary: onnx.ModelProto().SerializeToString() or b"\x08\x08", "holds no network"),
    ],
)
def test_files_that_are_something_else(content, match, tmp_path):
    (tmp_path / "e.onnx").write_bytes(content(tmp_path / "canary"))
    with pytest.raises(FileError, match=match):
        from_onnx(tmp_path / "e.onnx", decoder(tmp_path / "d.onnx"))
    assert not (tmp_path / "canary").exists()


def test_a_truncated_and_a_missing_file(tmp_path):
    whole = encoder(tmp_path / "e.onnx").read_bytes()
    (tmp_path / "e.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match=r"damaged|no network"):
        from_onnx(tmp_path / "e.onnx", decoder(tmp_path / "d.onnx"))
    with pytest.raises(FileError, match="does not exist"):
        from_onnx(tmp_path / "none.onnx", tmp_path / "d.onnx")


def exported(net, x, path, names):
    """Through torch's old exporter, which needs no onnxscript and warns that there is a new one."""
    axes = {name: {0: "n"} for name in ["in", *names]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net.eval(), (x,), str(path), input_names=["in"], output_names=names, dynamo=False, dynamic_axes=axes
        )
    return path


@pytest.mark.filterwarnings("ignore")
def test_the_page_works_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page, names = (ROOT / "docs" / "guides" / "onnx.md").read_text("utf-8"), {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "onnx.md", "exec"), names)
    assert names["m"].matrix.shape == (2, 2) and isinstance(names["model"].prior, la.StandardNormal)


class Half(torch.nn.Module):
    """One method of a model as a network of its own."""

    def __init__(self, model, function):
        super().__init__()
        self.model, self.function = model.requires_grad_(False), function

    def forward(self, x):
        return self.function(self.model, x)


def moments(model, x):
    q = model.encode(x)
    return q.mean, 2 * q.std.log()


@pytest.mark.long
def test_a_whole_assay_says_the_same_of_the_files_as_of_the_model(tmp_path):
    model = la.models.build("vae-mlp", x_shape=(1, 8, 8), latents=4, hidden=(32,), seed=0)
    digits = la.data.load("digits")
    la.fit(model, la.objectives.BetaVAE(0.5), digits, steps=150, batch_size=64, lr=3e-3, progress=False, device="cpu")
    down = exported(Half(model, moments), torch.rand(2, 1, 8, 8), tmp_path / "e.onnx", ["mu", "logvar"])
    up = exported(Half(model, lambda model, z: model.decode(z)), torch.rand(2, 4), tmp_path / "d.onnx", ["y"])
    wrapped = from_onnx(down, up, output="mean_logvar", prior="normal")
    ours, theirs = (la.assay(each, digits, samples=64, grid=6, groups=4) for each in (model, wrapped))
    assert set(ours.scores) == set(theirs.scores)
    apart = {
        name: (score.value, theirs.scores[name].value)
        for name, score in ours.scores.items()
        if abs(score.value - theirs.scores[name].value) > 0.02 * max(abs(score.value), 0.1)
    }
    assert set(apart) <= {"paths.gain"} and "spline" not in theirs.scores["paths.gain"].definition  # no way downhill


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("rows", [1, 8, 20])
def test_a_fixed_batch_is_run_in_filled_chunks(batch, rows, tmp_path):
    e, d = encoder(tmp_path / "e.onnx", taken=("x", [batch, X])), decoder(tmp_path / "d.onnx")
    model = from_onnx(e, d)
    x = x_of()[:rows]
    torch.testing.assert_close(model.encode(x).mean, (x @ DOWN.T).tanh())
    assert f"e.onnx takes {batch} at a time" in model.space


@pytest.mark.parametrize("unit", [False, True])
def test_decodings_of_bytes_are_numbers_or_shares(unit, tmp_path):
    ends = [("z", TensorProto.FLOAT), ("y", TensorProto.UINT8)]
    taken, given = (helper.make_tensor_value_info(name, kind, ["n", D]) for name, kind in ends)
    node = helper.make_node("Cast", ["z"], ["y"], to=TensorProto.UINT8)
    graph = helper.make_graph([node], "net", [taken], [given])
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(file, str(tmp_path / "d.onnx"))
    model = from_onnx(encoder(tmp_path / "e.onnx"), tmp_path / "d.onnx", unit_bytes=unit)
    expected = torch.tensor([[0.0, 51.0, 255.0]]) / (255 if unit else 1)
    torch.testing.assert_close(model.decode(torch.tensor([[0.2, 51.7, 255.0]])), expected)
    assert "unit_bytes" in model.space
