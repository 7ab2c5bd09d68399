"""GEO on digits: from runs to table and figures, and every number held against another way to it."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import FileError, InputError
from latentassay.papers.catalog import reproduce
from latentassay.papers.experiment import Options
from latentassay.papers.geometry import scores, turns
from latentassay.papers.geometry.configurations import SCALES, list_configurations, load_digits, train
from latentassay.papers.geometry.digits import _find_turn, draw_figures, make_table
from latentassay.papers.geometry.spread import SPREAD, SPREAD_WAYS, WIDENING
from latentassay.sampling import encode

STEM = "geometry.digits-smoke"


@pytest.fixture(scope="module")
def made(reproduced):
    """Scale smoke with fewer epochs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SCALES, "smoke", SCALES["smoke"]._replace(epochs=30, snapshots=(2, 10, 30)))
        yield reproduced("geometry.digits")


def test_every_order_size_epoch_and_way_has_its_numbers(made):
    folder, found = made
    orders = {f"α = {a}, k = {k}" for a in ("0", "1", "1 by samples") for k in (8, 16)}
    orders |= {f"α = {a}, k = 8, tanh" for a in (0, 1)}
    assert {row for row in found.rows if row.startswith("α") and "after" not in row} == orders
    probed = {row.removesuffix(", after 30 epochs") for row in found.rows if row.startswith("α") and "after" in row}
    assert probed == orders - {"α = 1, k = 8", "α = 1, k = 16"}  # of those every snapshot is probed, as VAEs
    assert all(0 < found.cell(f"{row}, after 30 epochs", "mean").ours < 1 for row in probed)
    assert found.cell("α = 0, k = 8, after 30 epochs", "mean").ours > 0.5
    assert all(found.cell(f"VAE, k = 8, {way}", SPREAD).ours > 0 for way in SPREAD_WAYS)
    widest, straight = (found.cell(f"VAE, k = 8, {way}", WIDENING).ours for way in SPREAD_WAYS)
    assert widest > 1.005 and straight == pytest.approx(1, abs=1e-3)
    for row in found.rows:
        if row in orders:
            k = int(row.split("k = ")[-1].partition(",")[0])
            fewest = 0 if "by samples" in row else 1  # three samples and so few epochs leave some with none
            assert fewest <= found.cell(row, scores.COMPONENTS).ours <= k
            assert found.cell(row, scores.BOUND).ours < found.cell(row, scores.LIKELIHOOD).ours < 0
            assert found.cell(row, scores.CHANCE).ours < 1 and found.cell(row, scores.NOISE).ours > 0
    assert (
        found.cell("VAE, k = 8, after 30 epochs", "mean").ours > found.cell("VAE, k = 8, after 2 epochs", "mean").ours
    )
    assert 0.5 < found.cell("pixels", "mean").ours < 1
    assert all(0 <= found.cell(f"VAE, k = 8, {way}", turns.WIDTH).ours <= 1 for way in turns.WAYS)
    names = {path.name.removeprefix(f"{STEM}-figure-") for path in folder.glob("*.png")}
    assert {"1-k8.png", "2-left.png", "3-sample.png", "4.png", "5-3.png"} <= names and len(names) == 12


def test_nothing_is_done_twice(made, trainings, monkeypatch):
    folder, before = made
    monkeypatch.setattr(scores, "log_likelihood", None)
    assert make_table(Options("smoke", folder)).cells == before.cells and trainings == []


def test_the_likelihood_is_the_bound_of_many_samples(made):
    folder, found = made
    first = list_configurations(Options("smoke", folder))[0]
    model, test = train(first).model, load_digits(first).test
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
    vae = next(one for one in list_configurations(Options("smoke", made[0])) if one.is_vae)
    model, x = train(vae).model, load_digits(vae).test.batch(range(6))
    rows = turns.decode_five_ways(model, x[:3], x[3:], steps=5, generator=torch.Generator().manual_seed(0))
    assert tuple(rows) == turns.WAYS and {tuple(row.shape) for row in rows.values()} == {(3, 5, 1, 8, 8)}
    torch.testing.assert_close(rows[turns.PIXELS][:, 2], (x[:3] + x[3:]) / 2)
    with torch.inference_mode():
        ends = model.decode(encode(model, x).mean)
    for way in (turns.MEANS, turns.GEODESIC):
        torch.testing.assert_close(rows[way][:, 0], ends[:3])
        torch.testing.assert_close(rows[way][:, -1], ends[3:])
    assert not torch.allclose(rows[turns.SAMPLES][:, 0], ends[:3], atol=1e-3)
    again = turns.decode_five_ways(model, x[:3], x[3:], steps=5, generator=torch.Generator().manual_seed(0))
    assert all(torch.equal(rows[way], again[way]) for way in rows)


def test_a_turn_is_marked_only_between_different_ends():
    assert _find_turn(torch.tensor([-3.0, -2.0, 1.0, -1.0, 2.0])) == 0.5
    assert _find_turn(torch.tensor([-3.0, -2.0, -1.0])) is None and _find_turn(torch.tensor([1.0, 2.0])) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "huge"}, "scale must be one of"),
        ({"device": "cuda"}, "train on the cpu"),
        ({"seeds": 0}, "seeds must be at least 1"),
        ({"data": {"dsprites": "x"}}, "--data may name mnist"),
    ],
)
def test_bad_input_is_refused_before_anything_is_trained(options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        reproduce("geometry.digits", Options(**{"scale": "smoke", "folder": tmp_path, **options}))
    assert not list(tmp_path.iterdir())


def test_mnist_that_is_not_there_is_named(tmp_path, monkeypatch, one_process):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "empty"))
    with pytest.raises(FileError, match="mnist"):
        make_table(Options("laptop", tmp_path / "out", seeds=1, data={"mnist": tmp_path}))


def test_pictures_are_drawn_from_the_same_runs(made, trainings):
    drawn = draw_figures(Options("smoke", made[0]))
    assert trainings == [] and len({picture.name for picture in drawn}) == len(drawn) == 12
    assert all(picture.caption and "GEO figure" in picture.title for picture in drawn)
