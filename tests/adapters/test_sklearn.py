"""scikit-learn's transformers behind the door, fitted here or read from files of skops; pickles are refused."""

import pickle
import re
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.decomposition import NMF, PCA, FastICA, KernelPCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch.testing import assert_close

import latentassay as la
from conftest import ROOT
from latentassay.cli.model_spec import open_model

rng = np.random.default_rng(0)
X = rng.exponential(size=(400, 2)) @ rng.uniform(size=(2, 5)) + 0.1 * rng.uniform(size=(400, 5))
x = torch.from_numpy(X).float()

MODELS = {
    "PCA": (la.from_sklearn(PCA(3).fit(X)), la.Point),
    "NMF": (la.from_sklearn(NMF(2, max_iter=2000, tol=1e-6).fit(X)), la.Point),
    "FastICA": (la.from_sklearn(FastICA(2, random_state=0).fit(X)), la.Point),
    "KernelPCA": (la.from_sklearn(KernelPCA(2, kernel="rbf", fit_inverse_transform=True).fit(X)), la.Point),
    "Pipeline": (la.from_sklearn(make_pipeline(StandardScaler(), PCA(2)).fit(X)), la.Point),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_kind_keeps_the_contract(name):
    model, kind = MODELS[name]
    la.check_autoencoder(model, x[:8])
    assert isinstance(model.encode(x[:3]), kind) and isinstance(model, la.Autoencoder)


@pytest.mark.parametrize("name", MODELS)
def test_every_kind_can_be_questioned(name):
    model, _ = MODELS[name]
    z = la.sampling.posterior(model, x, 30, generator=torch.Generator().manual_seed(0))
    m = la.response_matrix(model, z, generator=torch.Generator().manual_seed(0))
    assert torch.isfinite(m.matrix).all() and torch.isfinite(m.normalized_stderr).all()


def test_pca_responds_perfectly():
    model = MODELS["PCA"][0]
    z = la.sampling.encode(model, x).mean
    assert_close(la.respond(model, z), z, atol=1e-4, rtol=1e-4)
    assert_close(model.decode(z), torch.from_numpy(PCA(3).fit(X).inverse_transform(z.double().numpy())).float())


def test_nmf_is_clamped_to_where_it_is_defined():
    model = MODELS["NMF"][0]
    assert (model.decode(-torch.ones(2, 2)) == 0).all()
    assert torch.isfinite(model.encode(-torch.ones(2, 5)).mean).all()


@pytest.mark.parametrize(
    ("estimator", "match"),
    [
        (PCA(2), "not fitted"),
        (KernelPCA(2).fit(X), "fit_inverse_transform=True"),
        (KMeans(2, n_init=1, random_state=0).fit(X), "cannot decode"),
    ],
)
def test_sklearn_refusals(estimator, match):
    with pytest.raises(la.ContractError, match=match):
        la.from_sklearn(estimator)


def test_the_page_works_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page, names = (ROOT / "docs" / "guides" / "sklearn.md").read_text("utf-8"), {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "sklearn.md", "exec"), names)
    assert names["m"].matrix.shape == (6, 6) and names["model"].latent_shape == (6,)


def test_estimators_have_no_derivatives():
    model = MODELS["PCA"][0]
    z = la.sampling.encode(model, x[:4]).mean
    with pytest.raises(la.ContractError, match="differentiat"):
        la.response_jacobian(model, z)


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.skops", "model"])
def test_a_pickle_is_refused_and_never_opened(name, tmp_path, monkeypatch):
    monkeypatch.setattr(pickle, "load", None)
    (tmp_path / name).write_bytes(b"\x78\x9c, compressed" if name == "model.joblib" else pickle.dumps(PCA(2).fit(X)))
    for use in (la.from_sklearn, lambda path: open_model(f"sklearn:{path}"), la.wrap):
        with pytest.raises(la.FileError, match="is a Python pickle, which can run code and is never loaded"):
            use(tmp_path / name)
    with pytest.raises(la.FileError, match=r"write it with skops\.io\.dump"):
        open_model(f"sklearn:{tmp_path / name}", trust=True)


def test_files_that_are_not_there_and_skops_that_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops", None)
    (tmp_path / "model.skops").write_bytes(b"PK\x03\x04")
    with pytest.raises(la.InputError, match="skops is not installed; pip install skops"):
        la.wrap(tmp_path / "model.skops")
    with pytest.raises(la.FileError, match="does not exist"):
        la.from_sklearn(tmp_path / "none.skops")
    with pytest.raises(la.FileError, match="is a folder"):
        open_model(f"sklearn:{tmp_path}")


class FakeSkops(ModuleType):
    """What is used of ``skops.io``, over a dictionary of files."""

    def __init__(self, unknown, found):
        super().__init__("skops.io")
        self.unknown, self.found, self.trusted = unknown, found, None

    def get_untrusted_types(self, *, file):
        if self.found is None:
            raise KeyError("protocol")
        return self.unknown

    def load(self, file, trusted):
        self.trusted = trusted
        return self.found


@pytest.fixture
def fake(tmp_path, monkeypatch):
    def put(unknown=(), found=None):
        io = FakeSkops(list(unknown), found)
        monkeypatch.setitem(sys.modules, "skops", ModuleType("skops"))
        monkeypatch.setitem(sys.modules, "skops.io", io)
        (tmp_path / "model.skops").write_bytes(b"PK\x03\x04")
        return tmp_path / "model.skops", io

    return put


def test_types_that_are_not_trusted_are_refused_by_name(fake):
    path, io = fake(["mine.Scaler", "os.system"], PCA(2).fit(X))
    for use in (la.from_sklearn, la.wrap, lambda path: open_model(f"sklearn:{path}")):
        with pytest.raises(la.FileError, match=r"not trust: mine\.Scaler, os\.system\. Look at them, and say --trust"):
            use(path)
    assert io.trusted is None
    assert open_model(f"sklearn:{path}", trust=True).notes.startswith("scikit-learn PCA in native latents")
    assert io.trusted == ["mine.Scaler", "os.system"]


def test_a_file_of_skops_is_opened_and_a_damaged_one_refused(fake):
    path, io = fake([], PCA(2).fit(X))
    assert open_model(f"sklearn:{path}").name == "model: scikit-learn PCA, native latents" and io.trusted == []
    assert la.wrap(path).latent_shape == (2,)
    with pytest.raises(la.InputError, match="from_sklearn got an unexpected keyword argument 'size'"):
        open_model(f"sklearn:{path}", {"size": 3})
    with pytest.raises(la.InputError, match=r"looks like what sklearn opens; name it sklearn:.*model\.skops"):
        open_model(str(path))
    with pytest.raises(la.ContractError, match="not fitted"):
        la.wrap(fake([], PCA(2))[0])
    with pytest.raises(la.FileError, match=r"is no whole file of skops \('protocol'\)"):
        la.wrap(fake()[0])


def halved(values):
    return values / 2


def doubled(values):
    return values * 2


def test_what_skops_itself_writes(tmp_path):
    skops = pytest.importorskip("skops.io")
    plain = make_pipeline(StandardScaler(), PCA(2)).fit(X)
    skops.dump(plain, tmp_path / "plain.skops")
    assert_close(la.wrap(tmp_path / "plain.skops").encode(x).mean, la.from_sklearn(plain).encode(x).mean)
    skops.dump(make_pipeline(FunctionTransformer(halved, doubled), PCA(2)).fit(X), tmp_path / "own.skops")
    with pytest.raises(la.FileError, match=r"does not trust: .*doubled"):
        open_model(f"sklearn:{tmp_path / 'own.skops'}")
    assert open_model(f"sklearn:{tmp_path / 'own.skops'}", trust=True).model.latent_shape == (2,)
    damaged = (tmp_path / "plain.skops").read_bytes()[:-50]
    (tmp_path / "plain.skops").write_bytes(damaged)
    with pytest.raises(la.FileError, match="is no whole file of skops"):
        la.wrap(tmp_path / "plain.skops")


def test_nmf_of_single_precision_is_asked_in_single_precision():
    """scikit-learn refuses rows of another type than it was fitted on."""
    model = la.from_sklearn(NMF(2, max_iter=500).fit(X.astype("float32")))
    x = torch.as_tensor(X[:8]).double()
    assert model.encode(x).mean.dtype == torch.float64 and model.decode(model.encode(x).mean).shape == x.shape
