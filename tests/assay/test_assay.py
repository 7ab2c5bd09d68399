import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch.testing import assert_close

import latentassay as la
from latentassay.assay.evidence import pack
from latentassay.core.findings import LEVELS
from tests.oracles.linear import exact_inverse

SMALL = {"samples": 96, "grid": 8, "groups": 5, "budget": 3600.0}  # or a busy machine would be asked less


@pytest.fixture(scope="module")
def digits():
    return la.data.load("digits").split(0)


@pytest.fixture(scope="module")
def trained(digits):
    model = la.models.build("vae-mlp", x_shape=(1, 8, 8), latents=6, hidden=(64,))
    la.fit(model, la.objectives.VAE(), digits.train, steps=400, batch_size=64, lr=3e-3, progress=False)
    return model


@pytest.fixture(scope="module")
def result(trained, digits):
    return la.assay(trained, digits.test, **SMALL)


def grid_data(model, sizes=(6, 5, 4)):
    codes = np.indices(sizes).reshape(3, -1).T
    z = torch.from_numpy((codes - codes.mean(0)) / codes.std(0))
    return la.data.FactorData(model.decode(z).float().numpy(), codes, ("a", "b", "c"), sizes)


def test_answers_every_question_and_every_score_has_company(result):
    keys = [section.key for section in result.sections]
    assert keys == [
        "reconstruction",
        "input_checks",
        "units",
        "responses",
        "graph",
        "consistency.invariance",
        "consistency.self",
        "consistency.independence",
        "consistency.traversal_errors",
        "consistency.hybrids",
        "traversals",
        "field",
        "paths",
        "structure",
        "holes",
        "factors",
    ]
    for score in result.scores.values():
        assert score.n > 0 and score.seed == 0 and score.definition and np.isfinite(score.value)
        assert score.low is None or score.low <= score.value <= score.high, score.name
    ranks = [LEVELS.index(finding.level) for finding in result.findings]
    assert ranks == sorted(ranks)
    named = {name for finding in result.findings for name in finding.scores}
    assert named <= set(result.scores)
    assert str(result).startswith("VAE on digits:")


def test_same_seed_same_assay_and_nothing_is_disturbed(trained, digits, result):
    state, modes = torch.get_rng_state(), [m.training for m in trained.modules()]
    again = la.assay(trained, digits.test, **SMALL)
    assert again.scores == result.scores and again.findings == result.findings
    assert torch.equal(state, torch.get_rng_state()) and modes == [m.training for m in trained.modules()]
    other = la.assay(trained, digits.test, seed=1, **SMALL)
    assert other.scores["reconstruction.mse"].value != result.scores["reconstruction.mse"].value


def test_a_perfect_linear_model_gets_a_perfect_verdict():
    model = exact_inverse(3, 8, noise=0.02)
    found = la.assay(model, grid_data(model), **SMALL)
    value = {name: score.value for name, score in found.scores.items()}
    assert value["reconstruction.explained"] > 0.999 and value["units.alive"] == 3 and value["graph.edges"] == 0
    assert value["units.strength"] == pytest.approx(1, abs=0.15)
    assert value["factors.mig"] > 0.8 and value["factors.cds"] > 0.9 and value["factors.ccs"] > 0.9
    assert value["factors.dci"] > 0.98 and value["factors.completeness"] > 0.98
    assert value["factors.informativeness"] == 1 and value["factors.irs"] == pytest.approx(1)
    assert "gradient boosted" in found.scores["factors.dci"].definition
    assert "0.99 quantile" in found.scores["factors.irs"].definition
    assert not [f for f in found.findings if f.level == "problem" and f.key != "holes"]
    assert any("each can be changed on its own" in f.sentence for f in found.findings)


def factors_of(found):
    return found["factors"]


def test_one_factor_leaves_nothing_to_share_out(result):
    names = {score.name for score in factors_of(result).scores}
    assert "factors.mig" in names and factors_of(result).evidence.importance is None
    assert not {"factors.dci", "factors.factor_vae", "factors.beta_vae", "factors.cds"} & names


def test_factors_whose_values_are_too_rare_are_named_and_not_predicted():
    model = exact_inverse(3, 8, noise=0.02)
    codes = np.stack([np.arange(300) % 5, np.arange(300) // 2, np.arange(300) % 3], 1)
    z = torch.from_numpy((codes - codes.mean(0)) / codes.std(0))
    data = la.data.FactorData(model.decode(z).float().numpy(), codes, ("a", "b", "c"), (5, 150, 3))
    found = la.assay(model, data, **SMALL)
    assert "factors.mig" in found.scores and not {"factors.dci", "factors.irs"} & set(found.scores)
    (finding,) = (f for f in found.findings if f.key == "factors.rare")
    assert "b takes more values than the 300 rows encoded can teach" in finding.sentence and finding.remedy


def test_codes_are_scored_on_more_rows_than_are_intervened_on():
    model = exact_inverse(3, 8, noise=0.02)
    data = grid_data(model)
    found = la.assay(model, data, **{**SMALL, "samples": 40})
    assert found.scores["factors.mig"].n == min(len(data), 400) > found.scores["units.alive"].n == 40
    mig, irs = found.scores["factors.mig"], found.scores["factors.irs"]
    assert mig.low <= mig.value <= mig.high and irs.low is not None


@pytest.mark.parametrize("units", [None, [[0], [1], [2]], [[0, 1], [2]]])
def test_units_add_up_what_their_latents_predict(units):
    model = exact_inverse(3, 8, noise=0.02)
    section = factors_of(la.assay(model, grid_data(model), units=units, **SMALL))
    known = np.eye(3) if units is None or len(units) == 3 else np.array([[1, 0], [1, 0], [0, 1]])
    np.testing.assert_allclose(section.evidence.importance, known, atol=0.02)
    assert section.evidence.information.shape == section.evidence.conditioned.shape == known.shape


def test_spatial_latents_are_asked_about_factors_by_channel():
    codes = np.indices((5, 4, 6)).reshape(3, -1).T
    x = np.kron((codes / [4, 3, 5])[:, :, None, None], np.ones((4, 4))).astype(np.float32)
    pair = la.from_torch(
        lambda x: x[:, :, ::2, ::2], lambda z: z.repeat_interleave(2, 2).repeat_interleave(2, 3), latent_shape=(3, 2, 2)
    )
    section = factors_of(la.assay(pair, la.data.FactorData(x, codes, ("a", "b", "c"), (5, 4, 6)), **SMALL))
    np.testing.assert_allclose(section.evidence.importance, np.eye(3), atol=0.02)
    assert section.evidence.information.shape == (3, 3)
    assert "a in unit c0" in section.findings[1].sentence


def test_a_collapsed_model_is_called_collapsed():
    model = exact_inverse(3, 8)
    data = grid_data(model)
    model.E = 0 * model.E
    model.noise = 1.0
    found = la.assay(model, data, **SMALL)
    assert found.findings[0].level == "problem" and "posterior collapse" in found.findings[0].sentence
    assert [section.key for section in found.sections] == ["reconstruction", "input_checks", "units"]
    assert "<html" in found.to_html()


def test_two_units_of_one_circle_are_one_variable():
    model = exact_inverse(3, 8, noise=0.01)
    data = grid_data(model)
    turn = torch.tensor([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    model.E = turn @ model.E
    sentences = [f.sentence for f in la.assay(model, data, **SMALL).findings]
    assert "Units 0 and 1 form one variable: each moves the other about equally." in sentences


def mixed(matrix):
    """A model whose response to z is this matrix times z."""
    model = exact_inverse(3, 8, noise=0.01)
    data = grid_data(model)
    model.E = torch.tensor(matrix, dtype=torch.float64) @ model.E
    return [f.sentence for f in la.assay(model, data, **SMALL).findings]


def test_one_way_arrows_are_no_variable():
    sentences = mixed([[1.0, 0.0, 0.0], [0.4, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert any("No two alive units form one variable, but 1 of 6 possible one-way responses" in s for s in sentences)


def test_three_units_that_move_each_other_are_entangled():
    sentences = mixed([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]])
    assert any(s.startswith("Units 0, 1 and 2 are entangled") for s in sentences)


def test_a_model_without_a_fault_is_not_blamed_for_its_rounding(digits):
    """PCA responds exactly, up to 1e-7: no holes, no structure, no divergence, whatever rounding does."""
    x = digits.train.batch(np.arange(len(digits.train))).flatten(1)
    found = la.assay(la.from_sklearn(PCA(5).fit(x.numpy())), x[:300], **SMALL)
    assert found.scores["holes.hybrid"].value == 0
    blamed = [f.key for f in found.findings if f.level in ("warning", "problem")]
    assert not set(blamed) & {"holes", "field", "structure"}


def test_models_without_a_prior_and_foreign_ones(digits):
    x = digits.train.batch(np.arange(len(digits.train))).flatten(1)
    guest = la.from_sklearn(PCA(5).fit(x.numpy()))
    found = la.assay(guest, digits.test.batch(np.arange(200)).flatten(1), **SMALL)
    assert found.scores["units.alive"].value == 5
    assert "holes.prior" not in found.scores and "holes.hybrid" in found.scores
    assert found.meta.model == "SklearnModel" and found.meta.data == "observations"
    assert "factors" not in [section.key for section in found.sections]


def test_spatial_latents_are_asked_by_channel():
    pair = la.from_torch(
        lambda x: x[:, :, ::2, ::2], lambda z: z.repeat_interleave(2, 2).repeat_interleave(2, 3), latent_shape=(3, 4, 4)
    )
    x = torch.rand(64, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    x = x[:, :, ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3)
    found = la.assay(pair, x, samples=64, grid=8)
    assert found.scores["units.alive"].value == 3
    assert "field" not in [section.key for section in found.sections]


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (torch.zeros(100, 1, 8, 8), "all the same"),
        (torch.rand(10, 1, 8, 8), "at least 32 rows"),
        (torch.rand(1, 1, 8, 8), "n at least 2"),
        (torch.rand(0, 1, 8, 8), "n at least 2"),
        (torch.zeros(100, 1, 8, 8, dtype=torch.uint8), "floating point"),
        (torch.full((100, 1, 8, 8), torch.nan), "NaN"),
        (np.full((100, 1, 8, 8), np.inf, np.float32), "infinite"),
        ("mnist", "got str"),
    ],
)
def test_unusable_data_is_refused(trained, data, match):
    with pytest.raises(la.InputError, match=match):
        la.assay(trained, data, **SMALL)


def test_data_of_another_shape_is_named(trained):
    with pytest.raises(la.ContractError, match=r"encode failed on a tensor \(8, 1, 9, 9\)"):
        la.assay(trained, torch.rand(100, 1, 9, 9), **SMALL)


def test_saved_and_loaded_is_the_same(result, tmp_path):
    path = tmp_path / "a.safetensors"
    result.save(path)
    loaded = la.Assay.load(path)
    assert loaded.scores == result.scores and loaded.findings == result.findings and loaded.meta == result.meta
    for a, b in zip(loaded.sections, result.sections, strict=True):
        (arrays, facts), (kept, known) = pack(a.evidence), pack(b.evidence)
        assert type(a.evidence) is type(b.evidence) and facts == known and set(arrays) == set(kept)
        for name in arrays:
            assert_close(arrays[name], kept[name], equal_nan=True)
    assert set(loaded.figures()) == set(result.figures())
    assert loaded.to_html(tmp_path / "r.html") == result.to_html() == (tmp_path / "r.html").read_text("utf-8")


class Canary:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


def _flipped(payload):
    middle = len(payload) - 100
    return payload[:middle] + bytes([payload[middle] ^ 1]) + payload[middle + 1 :]


DAMAGE = {
    "is truncated": lambda p: p[: len(p) // 2],
    "was altered": _flipped,
    "is empty": lambda p: b"",
    "web page": lambda p: b"<!DOCTYPE html><html>Not found</html>",
    "pickle": lambda p: __import__("pickle").dumps(Canary()),
    "no saved assay": lambda p: b"\x08" + bytes(7) + b'{"a": 1}',
}


@pytest.mark.parametrize("cause", DAMAGE)
def test_damaged_files_are_refused_by_cause(result, tmp_path, cause):
    path = tmp_path / "a.safetensors"
    result.save(path)
    path.write_bytes(DAMAGE[cause](path.read_bytes()))
    with pytest.raises(la.CheckpointError, match=cause):
        la.Assay.load(path)


def test_missing_file_and_unwritable_folder(result, tmp_path):
    with pytest.raises(la.CheckpointError, match="cannot be read"):
        la.Assay.load(tmp_path / "none.safetensors")
    (tmp_path / "file").write_text("")
    with pytest.raises(la.FileError, match="cannot be written"):
        result.save(tmp_path / "file" / "a.safetensors")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


def test_precision_says_how_many_rows_were_used(trained, digits):
    options = {"samples": 1024, "grid": 8, "groups": 4}
    made = [la.assay(trained, digits.train, precision=p, **options) for p in (0.3, None)]
    rough, fine = (result.meta for result in made)
    assert 0 < rough.used[0] <= rough.used[1] < 1024
    used = made[0]["responses"].evidence.used
    assert (used.min(), used.max()) == rough.used
    assert fine.used == (1024, 1024) and fine.precision is None
    with pytest.raises(la.InputError, match="budget must be a positive"):
        la.assay(trained, digits.test, **{**SMALL, "budget": 0})


def test_a_path_is_shown_where_two_units_are_alive_and_lines_are_priced(result):
    paths = result["paths"].evidence
    costs = paths.costs
    assert costs["refined"] <= costs["straight"] and set(costs) == {"straight", "manifold", "refined"}
    assert paths.manifold.shape == paths.straight.shape == (64, 2)
    assert result.scores["paths.gain"].value <= 1 and result.scores["paths.straight"].low >= 0


def test_guests_that_torch_cannot_differentiate_get_the_way_across_the_plane():
    x = la.data.load("digits").batch(range(500)).flatten(1)
    made = la.assay(la.from_sklearn(PCA(4).fit(x.numpy())), x, **SMALL)
    paths = made["paths"].evidence
    assert paths.refined is None and paths.costs["manifold"] > 0
