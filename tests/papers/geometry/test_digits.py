"""GEO on digits: from runs to table and figures, and every number held against another way to it."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import FileError, InputError
from latentassay.data import load
from latentassay.papers.geometry import pictures, scores, table
from latentassay.papers.geometry.pictures import _turn
from latentassay.papers.geometry.runs import SCALES, cells, digits, train
from latentassay.papers.responses.helix import one_thread
from latentassay.sampling import encode

STEM = "geometry.digits-smoke"


@pytest.fixture(scope="module")
def made(reproduced):
    return reproduced("geometry.digits")


@pytest.fixture(autouse=True)
def _thread():
    with one_thread():
        yield


def test_every_order_size_epoch_and_way_has_its_numbers(made):
    folder, found = made
    assert {row for row in found.rows if row.startswith("α")} == {f"α = {a}, k = {k}" for a in (0, 1) for k in (8, 16)}
    for row in found.rows:
        if row.startswith("α"):
            k = int(row.split("= ")[-1])
            assert 1 <= found.cell(row, scores.COMPONENTS).ours <= k
            assert found.cell(row, scores.BOUND).ours < found.cell(row, scores.LIKELIHOOD).ours < 0
            assert found.cell(row, scores.CHANCE).ours < 1 and found.cell(row, scores.NOISE).ours > 0
    assert (
        found.cell("VAE, k = 8, after 50 epochs", "mean").ours > found.cell("VAE, k = 8, after 5 epochs", "mean").ours
    )
    assert 0.5 < found.cell("pixels", "mean").ours < 1
    assert all(0 <= found.cell(f"VAE, k = 8, {way}", scores.WIDTH).ours <= 1 for way in scores.WAYS)
    names = {path.name.removeprefix(f"{STEM}-figure-") for path in folder.glob("*.png")}
    assert {"1-k8.png", "2-left.png", "3-sample.png", "4.png", "5-3.png"} <= names and len(names) == 12


def test_nothing_is_done_twice(made, trainings, monkeypatch):
    folder, before = made
    monkeypatch.setattr(scores, "log_likelihood", None)
    assert table("smoke", folder).cells == before.cells and trainings == []


def test_the_likelihood_is_the_bound_of_many_samples(made):
    folder, found = made
    cell = cells("smoke", folder, None, 1)[0]
    model, test = train(cell).model, digits("digits", None).test
    x = test.batch(np.linspace(0, len(test) - 1, 50).round().astype(int))
    q, g = model.encode(x), torch.Generator().manual_seed(5)
    with torch.inference_mode():
        weights = []
        for _ in range(400):
            z = q.sample(g)
            joint = model.prior.log_prob(z) - model.likelihood.nll(model.decoder_output(z), x)
            weights.append(joint - q.log_prob(z))
    truth = float((torch.stack(weights).double().logsumexp(0) - np.log(400)).mean())
    assert found.cell("α = 0, k = 8", scores.LIKELIHOOD).ours == pytest.approx(truth, abs=0.15)


def test_five_ways_share_their_ends(made):
    cell = next(cell for cell in cells("smoke", made[0], None, 1) if cell.is_vae)
    model, x = train(cell).model, digits("digits", None).test.batch(range(6))
    rows = scores.five_ways(model, x[:3], x[3:], steps=5, generator=torch.Generator().manual_seed(0))
    assert tuple(rows) == scores.WAYS and {tuple(row.shape) for row in rows.values()} == {(3, 5, 1, 8, 8)}
    torch.testing.assert_close(rows[scores.PIXELS][:, 2], (x[:3] + x[3:]) / 2)
    with torch.inference_mode():
        ends = model.decode(encode(model, x).mean)
    for way in (scores.MEANS, scores.GEODESIC):
        torch.testing.assert_close(rows[way][:, 0], ends[:3])
        torch.testing.assert_close(rows[way][:, -1], ends[3:])
    assert not torch.allclose(rows[scores.SAMPLES][:, 0], ends[:3], atol=1e-3)
    again = scores.five_ways(model, x[:3], x[3:], steps=5, generator=torch.Generator().manual_seed(0))
    assert all(torch.equal(rows[way], again[way]) for way in rows)


def test_the_judge_knows_digits_and_draws_pairs_of_different_ones():
    judge = scores.Judge(digits("digits", None), 0)
    assert 0.75 < judge.accuracy < 1 and len(judge.x) == 597
    a, b = judge.pairs(20, 0)
    assert len(a) == len(b) == 20 and (judge.labels[a] != judge.labels[b]).all()
    odds = judge.odds(torch.stack([judge.x[a], judge.x[b]], 1), judge.labels[a], judge.labels[b])
    assert (odds[:, 0] < 0).all() and (odds[:, 1] > 0).all()


def test_pixels_are_black_or_white_with_their_grey_as_probability():
    grey, both = load("digits"), digits("digits", None)
    drawn = torch.cat([both.train.batch(range(1200)), both.test.batch(range(597))])
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    asked = grey.batch(range(1797))
    for low in (0.0, 0.25, 0.5, 0.75):
        near = (asked >= low) & (asked <= low + 0.25)
        assert float(drawn[near].mean()) == pytest.approx(float(asked[near].mean()), abs=0.01)
    assert (both.train.factors[:, 0] == grey.factors[:1200, 0]).all()


def test_a_turn_is_marked_only_between_different_ends():
    assert _turn(torch.tensor([-3.0, -2.0, 1.0, -1.0, 2.0])) == 0.5
    assert _turn(torch.tensor([-3.0, -2.0, -1.0])) is None and _turn(torch.tensor([1.0, 2.0])) is None


def test_doubt_is_what_a_fine_grid_says():
    odds = torch.randn(7, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 4
    odds[0], odds[1] = 0.5, 3.0  # always in doubt, never in doubt
    fine = torch.nn.functional.interpolate(odds[:, None], size=11 * 2000 + 1, mode="linear", align_corners=True)[:, 0]
    p = fine.sigmoid()
    torch.testing.assert_close(scores.in_doubt(odds), ((p > 0.1) & (p < 0.9)).double().mean(1), atol=2e-3, rtol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "huge"}, "scale must be one of"),
        ({"device": "cuda"}, "train on the cpu"),
        ({"seeds": 0}, "seeds must be at least 1"),
        ({"data": {"dsprites": "x"}}, "only mnist is used here"),
    ],
)
def test_bad_input_is_refused_before_anything_is_trained(options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        table(**{"scale": "smoke", "folder": tmp_path, **options})
    assert not list(tmp_path.iterdir())


def test_mnist_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "empty"))
    with pytest.raises(FileError, match="mnist"):
        table("laptop", tmp_path / "out", seeds=1, data={"mnist": tmp_path})


def test_pictures_are_drawn_from_the_same_runs(made, trainings):
    drawn = pictures("smoke", made[0])
    assert trainings == [] and len({picture.name for picture in drawn}) == len(drawn) == 12
    assert all(picture.caption and "GEO figure" in picture.title for picture in drawn)


def test_scales_keep_what_they_say():
    for scale in SCALES.values():
        assert set(scale.snapshots) <= set(range(1, scale.epochs + 1)) and 1.0 in scale.alphas
