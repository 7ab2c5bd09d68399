"""scvi-tools' models, trained for an epoch on blood cells, behind the door; runs where scvi-tools is installed."""

import math
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse
from torch.testing import assert_close

import latentassay as la
from conftest import ROOT
from latentassay.adapters.scvi import from_scvi
from latentassay.cli.model_spec import open_model

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the many packages it imports
    scvi = pytest.importorskip("scvi")
    anndata = pytest.importorskip("anndata")
    scanpy = pytest.importorskip("scanpy")
pytestmark = pytest.mark.filterwarnings("ignore")

BATCHES = np.array(["new", "old", "old"])


def blood():
    """Counts of scanpy's blood cells, which it stores as log1p of counts per ten thousand."""
    stored = anndata.read_h5ad(Path(scanpy.__file__).parent / "datasets" / "10x_pbmc68k_reduced.h5ad")
    whole = np.expm1(stored.raw.X.toarray()) * stored.obs["n_counts"].to_numpy()[:, None] / 1e4
    obs = stored.obs[["bulk_labels", "percent_mito"]].copy()
    obs["batch"], obs["factor"] = BATCHES[np.arange(len(obs)) % 3], whole.sum(1) / 100
    return anndata.AnnData(sparse.csr_matrix(np.round(whole).astype(np.float32)), obs=obs, var=stored.raw.var.copy())


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the file's old format
    CELLS = blood()
X = torch.from_numpy(CELLS.X[:80].toarray())


def trained(kind="SCVI", *, setup=None, cells=CELLS, epochs=1, **options):
    cells, made = cells.copy(), getattr(scvi.model, kind)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made.setup_anndata(cells, **(setup or {}))
        model = made(cells, n_hidden=16, n_latent=4, **options)
        if epochs:
            model.train(epochs, accelerator="cpu", enable_progress_bar=False, logger=False, batch_size=64)
    return model


COVARIATES = {
    "batch_key": "batch",
    "categorical_covariate_keys": ["bulk_labels"],
    "continuous_covariate_keys": ["percent_mito"],
}
FORMS = {
    "plain": ({}, {}),
    "covariates": (COVARIATES, {"encode_covariates": True, "n_layers": 2}),
    "embedded batch": (COVARIATES, {"encode_covariates": True, "batch_representation": "embedding"}),
    "nb": ({}, {"gene_likelihood": "nb", "dispersion": "gene-cell"}),
    "poisson": ({}, {"gene_likelihood": "poisson"}),
    "normal": ({}, {"gene_likelihood": "normal"}),
    "logistic": ({}, {"latent_distribution": "ln"}),
    "library unknown": ({"batch_key": "batch"}, {"use_observed_lib_size": False, "dispersion": "gene-batch"}),
    "labels": ({"labels_key": "bulk_labels"}, {"dispersion": "gene-label"}),
    "factor": ({"size_factor_key": "factor"}, {}),
}


@pytest.fixture(scope="module")
def models():
    return {name: trained(setup=setup, **options) for name, (setup, options) in FORMS.items()}


@pytest.mark.parametrize("name", FORMS)
def test_it_keeps_the_contract(models, name):
    wrapped = from_scvi(models[name])
    assert la.check_autoencoder(wrapped, X[:12])
    assert wrapped.adapter == "scvi-tools SCVI" and wrapped.x_shape == (765,) and wrapped.latent_shape == (4,)
    assert wrapped.prior == la.StandardNormal((4,)) and wrapped.value_range is None
    assert ("softmax" in wrapped.space) is (name == "logistic")


def test_a_linear_decoder_keeps_the_contract():
    wrapped = from_scvi(trained("LinearSCVI"))
    assert la.check_autoencoder(wrapped, X[:12]) and wrapped.adapter == "scvi-tools LinearSCVI"


@pytest.mark.parametrize("name", ["plain", "nb", "library unknown"])
def test_its_posterior_is_what_scvi_says_of_its_cells(models, name):
    """Without covariates in the encoder, every cell is asked as scvi-tools asks it."""
    mean, variance = models[name].get_latent_representation(return_dist=True)
    q = from_scvi(models[name]).encode(X)
    assert_close(q.mean, torch.from_numpy(mean[:80]))
    assert_close(q.std.square(), torch.from_numpy(variance[:80]))


def test_a_logistic_normal_is_its_softmax(models):
    wrapped = from_scvi(models["logistic"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        z = torch.from_numpy(models["logistic"].get_latent_representation(give_mean=True, mc_samples=4000)[:20])
    q = wrapped.encode(X[:20])
    draws = torch.stack([q.sample(torch.Generator().manual_seed(seed)).softmax(1) for seed in range(4000)])
    assert_close(draws.mean(0), z, atol=0.02, rtol=0)


def test_where_the_encoder_sees_covariates_cells_of_those_covariates_are_asked_as_scvi_does(models):
    model = models["covariates"]
    obs = model.adata.obs
    row = 6  # of the rarer batch
    held = {column: obs[column].iloc[row] for column in ("batch", "bulk_labels")}
    wrapped = from_scvi(model, covariates={**held, "percent_mito": float(obs["percent_mito"].iloc[row])})
    mean, _ = model.get_latent_representation(indices=[row], return_dist=True)
    assert_close(wrapped.encode(X[row : row + 1]).mean, torch.from_numpy(mean))
    assert wrapped.covariates == {**held, "percent_mito": float(obs["percent_mito"].iloc[row])}
    assert (from_scvi(model).encode(X[row : row + 1]).mean - torch.from_numpy(mean)).abs().max() > 1e-3


@pytest.mark.parametrize(("name", "label"), [("nb", None), ("poisson", None), ("covariates", "zinb")])
def test_its_decoding_is_the_expression_that_scvi_normalises_to_that_library(models, name, label):
    """With one cell's covariates held, both answer alike; inflated zeros, which scvi-tools leaves out, come on top."""
    model, row = models[name], 12
    obs = model.adata.obs.iloc[row]
    held = {"batch": obs["batch"], "bulk_labels": obs["bulk_labels"], "percent_mito": float(obs["percent_mito"])}
    wrapped = from_scvi(model, library=500, covariates=held if label else None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        expected = model.get_normalized_expression(indices=[row], library_size=500, return_numpy=True)
        torch.manual_seed(3)
        z = torch.from_numpy(model.get_latent_representation(indices=[row], give_mean=False))
    found = wrapped.decode(z)
    if label:
        assert (found <= torch.from_numpy(expected) + 1e-6).all() and found.sum() < 0.99 * 500
        found = found / (1 - _inflation(wrapped, model, z))
    assert_close(found, torch.from_numpy(expected), atol=1e-4, rtol=1e-4)
    assert found.sum().item() == pytest.approx(500, rel=1e-4)


def _inflation(wrapped, model, z):
    """Share of inflated zeros, from the layers by hand."""
    module, given = model.module, wrapped._conditions(z)
    inner = torch.cat([z, given["cont_covs"]], 1)
    hidden = module.decoder.px_decoder(inner, given["batch_index"], *given["cat_covs"].split(1, 1))
    return module.decoder.px_dropout_decoder(hidden).sigmoid()


def test_a_mean_is_the_mean_of_counts_that_scvi_draws(models):
    """Zeros are inflated here, and the decoded mean counts them: 4 000 drawn cells agree with it, gene by gene."""
    model = models["plain"]
    wrapped = from_scvi(model)
    z = torch.randn(1, 4, generator=torch.Generator().manual_seed(0))
    given = wrapped._conditions(z)
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(0)
        size = torch.full((1, 1), math.log(wrapped.library))
        px = model.module.generative(z=z, library=size, y=torch.zeros(1, 1, dtype=torch.long), **given)["px"]
        draws = px.sample((4_000,))[:, 0]
        mean = wrapped.decode(z)[0]
    error = (draws.mean(0) - mean) / (draws.std(0) / 4_000**0.5)
    assert error.abs().max() < 5 and error.std() == pytest.approx(1, abs=0.1)


def test_library_sizes(models):
    sums = np.asarray(CELLS.X.sum(1)).ravel()
    wrapped = from_scvi(models["nb"])
    assert wrapped.library == float(np.median(sums))
    z = torch.zeros(2, 4)
    assert_close(from_scvi(models["nb"], library=2 * wrapped.library).decode(z), 2 * wrapped.decode(z))
    assert from_scvi(models["factor"]).library == pytest.approx(np.median(CELLS.obs["factor"]))
    assert_close(from_scvi(models["factor"], library=3).decode(z), 3 * from_scvi(models["factor"], library=1).decode(z))


def test_covariates_are_held_at_the_commonest_and_the_middle(models):
    commonest = CELLS.obs["bulk_labels"].value_counts().index[0]
    wrapped = from_scvi(models["covariates"])
    middle = float(np.median(CELLS.obs["percent_mito"]))
    assert wrapped.covariates == {"batch": "old", "bulk_labels": commonest, "percent_mito": middle}
    z = torch.zeros(1, 4)
    for other in ({"batch": "new"}, {"bulk_labels": "CD4+/CD25 T Reg"}, {"percent_mito": 0.2}):
        moved = from_scvi(models["covariates"], covariates=other)
        assert moved.covariates == wrapped.covariates | other
        assert (moved.decode(z) - wrapped.decode(z)).abs().max() > 1e-5
    assert from_scvi(models["plain"]).covariates == {}


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("covariates", {"covariates": {"batch": "newer"}}, "batch has no 'newer', only new, old"),
        ("covariates", {"covariates": {"donor": 1}}, "covariates are batch, bulk_labels, percent_mito"),
        ("plain", {"covariates": {"donor": 1}}, "its covariates are none"),
        ("covariates", {"covariates": {"percent_mito": "much"}}, "percent_mito must be held at a finite number"),
        ("covariates", {"covariates": ["batch"]}, "covariates must say columns and values"),
        ("plain", {"library": 0}, "library must be a positive number"),
        ("plain", {"library": float("nan")}, "library must be a positive number"),
        ("plain", {"library": True}, "library must be a positive number"),
        ("plain", {"prior": "gauss"}, "prior must be"),
    ],
)
def test_arguments_that_are_refused(models, name, options, match):
    with pytest.raises(la.InputError, match=match):
        from_scvi(models[name], **options)


def test_models_that_are_refused(models):
    with pytest.raises(la.ContractError, match=r"SCVI is not trained; call model\.train\(\)"):
        from_scvi(trained(epochs=0))
    with pytest.raises(la.ContractError, match=r"Linear is none of scvi-tools' SCVI"):
        from_scvi(torch.nn.Linear(2, 2))
    model = trained()
    model.module.half()
    with pytest.raises(la.ContractError, match=r"model\.float\(\)"):
        from_scvi(model)


def test_a_model_without_its_counts_is_refused():
    model = trained()
    model.adata.obsm["mean"], model.adata.obsm["variance"] = model.get_latent_representation(return_dist=True)
    model.minify_adata(use_latent_qzm_key="mean", use_latent_qzv_key="variance")
    with pytest.raises(la.ContractError, match=r"minified.*full data"):
        from_scvi(model)


def test_a_model_without_its_data_is_refused(tmp_path, models):
    models["plain"].save(str(tmp_path / "scvi"))
    model = scvi.model.SCVI.load(str(tmp_path / "scvi"), adata=False, accelerator="cpu")
    with pytest.raises(la.ContractError, match=r"has no AnnData.*adata=adata"):
        from_scvi(model)
    assert from_scvi(scvi.model.SCVI.load(str(tmp_path / "scvi"), adata=CELLS.copy(), accelerator="cpu")).library


@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize(("value", "words"), [(0.5, "0.5"), (-1.0, "-1"), (float("nan"), "nan")])
def test_a_single_value_that_is_no_count_is_found(form, value, words):
    """scvi-tools itself looks at twenty values drawn at random, and only warns."""
    model = trained()
    assert from_scvi(model)
    if form == "dense":
        model.adata.X = model.adata.X.toarray()
        model.adata.X[600, 333] = value
    else:
        model.adata.X.data[40_000] = value
    with pytest.raises(la.InputError, match=rf"no counts \(a value of {re.escape(words)}, .*layer='counts'"):
        from_scvi(model)


def test_a_normal_likelihood_takes_what_is_no_count():
    cells = CELLS.copy()
    cells.X = cells.X.log1p()
    model = trained(cells=cells, gene_likelihood="normal", log_variational=False)
    assert from_scvi(model).library > 0
    model.adata.X.data[:] = -1
    with pytest.raises(la.InputError, match=r"median library size .* say library="):
        from_scvi(model)


def test_counts_and_latents_of_another_shape_are_refused(models):
    wrapped = from_scvi(models["plain"])
    with pytest.raises(la.InputError, match=r"\(n, 765\).*order of its AnnData, got \(2, 700\)"):
        wrapped.encode(torch.zeros(2, 700))
    with pytest.raises(la.InputError, match="latents must have shape"):
        wrapped.decode(torch.zeros(2, 5))


def test_an_assay_runs_and_the_modes_stay(models):
    """After one epoch all units have collapsed, and the assay says so; after twenty some live."""
    x, learned = torch.from_numpy(CELLS.X.toarray()), trained(epochs=20, gene_likelihood="nb")
    models["plain"].module.train()
    early, late = (la.assay(from_scvi(model), x, samples=64, grid=6, groups=4) for model in (models["plain"], learned))
    assert models["plain"].module.training and not learned.module.z_encoder.encoder.training
    alive = [result.scores["units.alive"].value for result in (early, late)]
    assert alive[0] == 0 < alive[1]


def test_it_can_be_differentiated(models):
    """Exact derivatives of the response against differences of the same passes in double precision."""
    model = trained()
    model.module.double()
    wrapped, z = from_scvi(model), torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def respond(z):
        with torch.inference_mode():
            return wrapped.encode(wrapped.decode(z)).mean

    model.module.eval()
    step = torch.zeros(4, dtype=torch.float64)
    step[1] = 1e-5
    expected = (respond(z + step) - respond(z - step)) / 2e-5
    assert_close(la.response_jacobian(wrapped, z)[..., 1], expected, rtol=1e-4, atol=1e-9)
    assert expected.abs().max() > 1e-6


def test_a_saved_model_is_refused_and_never_opened(tmp_path, models):
    """Its file is a pickle: one that would run code is put in its place."""
    import pickle

    class Canary:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "hatched"),)

    models["plain"].save(str(tmp_path / "scvi"))
    (tmp_path / "scvi" / "model.pt").write_bytes(pickle.dumps(Canary()))
    for path in (tmp_path / "scvi", str(tmp_path / "scvi"), tmp_path / "scvi" / "model.pt"):
        with pytest.raises(la.FileError, match=r"pickle.*never loaded[\s\S]*SCVI.load\('.*scvi"):
            from_scvi(path)
    assert not (tmp_path / "hatched").exists()
    pickle.loads(pickle.dumps(Canary()))
    assert (tmp_path / "hatched").exists()  # the canary is alive
    (tmp_path / "empty").mkdir()
    for path, match in ((tmp_path / "empty", r"holds no model\.pt"), (tmp_path / "none", "does not exist")):
        with pytest.raises(la.FileError, match=match):
            from_scvi(path)


def test_a_saved_model_is_opened_on_the_command_line_where_it_is_trusted(tmp_path, models):
    folder = tmp_path / "scvi"
    models["nb"].save(str(folder), save_anndata=True)
    with pytest.raises(la.FileError, match="say --trust on the command line"):
        open_model(f"scvi:{folder}")
    opened = open_model(f"scvi:{folder}", {"library": 500}, trust=True)
    assert opened.notes == "scvi-tools SCVI in native latents" and opened.model.library == 500
    assert_close(opened.model.encode(X[:8]).mean, from_scvi(models["nb"]).encode(X[:8]).mean)


def test_the_page_works_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page, names = (ROOT / "docs" / "guides" / "scvi.md").read_text("utf-8"), {}
    with torch.random.fork_rng(devices=[]):
        for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
            exec(compile(block, "scvi.md", "exec"), names)
    assert names["m"].matrix.shape == (10, 10)
