"""Table 1 of LR: the paper's values, and ours at a size that takes seconds."""

import pytest

from latentassay.core.errors import InputError
from latentassay.papers.catalog import reproduce
from latentassay.papers.experiment import Options
from latentassay.papers.responses import beta_vaes, scores
from latentassay.papers.responses.scores import ALIVE, CDS, CDS_AUTHORS, CDS_VARIANTS, DCI, IRS, MIG, UNSCALED
from latentassay.papers.responses.table1 import PRINTED, make_table
from tests.papers.responses.text import TABLE_1, numbers


@pytest.fixture(scope="module")
def made(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("table1")
    return folder, make_table(Options("smoke", folder))


def test_the_papers_values_are_those_of_the_text():
    assert [list(row) for row in PRINTED.values()] == numbers(TABLE_1)
    assert list(PRINTED) == [(beta, d) for d in (12, 24) for beta in (1, 2, 4, 8)]


def test_table_1_has_the_papers_rows_and_ours_beside_them(made):
    table = made[1]
    assert table.rows == tuple(
        f"{b}-VAE, d = {d}, {kl}" for d in (12, 24) for b in (1, 8) for kl in ("exact KL", "σ-KL")
    )
    assert table.columns == (*CDS_VARIANTS, DCI, IRS, MIG, ALIVE)
    printed = {CDS: 0.78, CDS_AUTHORS: 0.78, DCI: 0.73, IRS: 0.64, MIG: 0.2}
    assert [table.cell("8-VAE, d = 24, σ-KL", name).paper for name in table.columns] == [
        printed.get(name) for name in table.columns
    ]
    for row in table.rows:
        values = {name: table.cell(row, name).ours for name in table.columns}
        assert all(0 <= values[name] <= 1 for name in (*CDS_VARIANTS, DCI, IRS, MIG))
        if values[ALIVE]:
            assert values[CDS] == pytest.approx((values[UNSCALED] - 1 / 4) / (1 - 1 / 4))
        else:
            assert values[CDS] == values[UNSCALED] == 0
    notes = " ".join(table.notes)
    assert "σ where σ² belongs" in notes and "authors' code: posterior means" in notes and "drawn anew" in notes
    assert "30 steps of 16" in table.scale["training"] and table.scale["network"] == "vae-conv-small"


def test_what_is_done_is_not_done_again(made, trainings, monkeypatch):
    folder, first = made
    monkeypatch.setattr(beta_vaes, "demo_data", lambda: pytest.fail("the data were loaded"))
    monkeypatch.setattr(scores, "score_network", lambda *_: pytest.fail("a model was measured again"))
    assert make_table(Options("smoke", folder)) == first and trainings == []


def test_seeds_have_an_interval_and_only_new_ones_are_trained(made, trainings):
    cell = make_table(Options("smoke", made[0], seeds=2)).cell("1-VAE, d = 12, exact KL", DCI)
    assert cell.seeds == len(cell.values) == 2 and cell.low <= cell.ours <= cell.high
    assert trainings == [30] * 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "huge"}, "smoke, laptop, gpu, paper, got 'huge'"),
        ({"seeds": 0}, "seeds must be at least 1"),
        ({"data": {"celeba": "x"}}, "needs no celeba"),
    ],
)
def test_what_cannot_be_made_is_refused(options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        reproduce("responses.table1", Options(**{"scale": "smoke", "folder": tmp_path, **options}))
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_the_real_smoke_takes_seconds(tmp_path):
    table = make_table(Options("smoke", tmp_path))
    assert len(table.rows) == 8 and all(cell.ours is not None for cell in table.cells)
