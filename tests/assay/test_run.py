"""A whole assay: every question in order, the same for the same seed, of models good and bad, theirs and ours."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

import latentassay as la
from latentassay.core.findings import LEVELS
from tests.assay.conftest import SMALL
from tests.assay.responding import gridded
from tests.oracles.linear import exact_inverse


def test_answers_every_question_and_every_score_has_company(result):
    keys = [section.key for section in result.sections]
    assert keys == [
        "input_checks",
        "reconstruction",
        "units",
        "posterior",
        "aggregate",
        "responses",
        "graph",
        "consistency.invariance",
        "consistency.self",
        "consistency.independence",
        "consistency.traversal_errors",
        "consistency.hybrids",
        "traversals",
        "field",
        "directions",
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
    other = la.assay(trained, digits.test, seed=1, questions=["reconstruction"], **SMALL)
    assert other.scores["reconstruction.mse"].value != result.scores["reconstruction.mse"].value


def test_a_perfect_linear_model_gets_a_perfect_verdict():
    model = exact_inverse(3, 8, noise=0.02)
    found = la.assay(model, gridded(model), **SMALL)
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


def test_a_collapsed_model_is_called_collapsed():
    model = exact_inverse(3, 8)
    data = gridded(model)
    model.E = 0 * model.E
    model.noise = 1.0
    found = la.assay(model, data, **SMALL)
    assert "units.encoder_blind" in {f.key for f in found.findings if f.level == "problem"}
    assert [section.key for section in found.sections][:3] == ["input_checks", "reconstruction", "units"]
    assert "<html" in found.to_html()


def test_a_model_without_a_fault_is_not_blamed_for_its_rounding(digits):
    """PCA responds exactly, up to 1e-7: no holes, no structure, no divergence, whatever rounding does."""
    x = digits.train.batch(np.arange(len(digits.train))).flatten(1)
    found = la.assay(la.from_sklearn(PCA(5).fit(x.numpy())), x[:300], **SMALL)
    assert found.scores["holes.hybrid"].value == 0
    blamed = [f.key for f in found.findings if f.level in ("warning", "problem")]
    assert not set(blamed) & {"holes", "field", "structure"}


def test_models_without_a_prior_and_foreign_ones(digits):
    x = digits.train.batch(np.arange(len(digits.train))).flatten(1)
    foreign = la.from_sklearn(PCA(5).fit(x.numpy()))
    found = la.assay(foreign, digits.test.batch(np.arange(200)).flatten(1), **SMALL)
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
    words = r"encode takes observations \(n, 1, 8, 8\) and failed on a tensor \(8, 1, 9, 9\)"
    with pytest.raises(la.ContractError, match=words):
        la.assay(trained, torch.rand(100, 1, 9, 9), **SMALL)


def test_precision_says_how_many_rows_were_used(trained, digits):
    options = {"samples": 1024, "questions": ["responses"], "budget": 3600.0}
    made = [la.assay(trained, digits.train, precision=p, **options) for p in (0.3, None)]
    rough, fine = (result.meta for result in made)
    assert 0 < rough.used[0] < 1024 and rough.used[0] <= rough.used[1]  # what is unsure takes more
    used = made[0]["responses"].evidence.used
    assert (used.min(), used.max()) == rough.used
    assert fine.used == (1024, 1024) and fine.precision is None
    with pytest.raises(la.InputError, match="budget must be a positive"):
        la.assay(trained, digits.test, **{**SMALL, "budget": 0})


@pytest.mark.parametrize("batch_size", [7, 32])
def test_the_rows_of_a_pass_change_no_draw(trained, digits, batch_size):
    """What is left are single-precision roundings of the passes themselves."""
    options = SMALL | {"questions": ["responses", "consistency", "posterior", "holes"]}
    plain, small = (la.assay(trained, digits.test, **options, **k) for k in ({}, {"batch_size": batch_size}))
    assert plain.scores.keys() == small.scores.keys()
    for name, score in plain.scores.items():
        assert small.scores[name].value == pytest.approx(score.value, rel=1e-3, abs=1e-5), name


def test_the_report_says_which_layout_was_taken():
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 2))
    back = torch.nn.Sequential(torch.nn.Linear(2, 12), torch.nn.Unflatten(1, (3, 4)))
    model = la.from_torch(net, back, latent_shape=(2,))
    result = la.assay(model, la.data.own(np.random.default_rng(0).random((64, 4, 3))), questions="units", samples=64)
    assert result.meta.assumed == ("data: passed as 3×4, which the model takes (layout='lc'; say another by layout=)",)
    assert "passed as 3×4, which the model takes" in result.to_html()
