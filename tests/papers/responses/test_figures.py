"""Reports of the models whose figures the paper shows."""

from latentassay.assay import assay
from latentassay.papers.experiment import Options
from latentassay.papers.responses.beta_vaes import BetaVAEs
from latentassay.papers.responses.figures import COLUMNS, list_reported, make_table
from tests.papers.conftest import brightness_model, small_grid


def test_every_model_gets_a_report_once_and_absent_data_a_note(tiny, tmp_path, trainings):
    options = Options("smoke", tmp_path)
    table = make_table(options)
    written = sorted(tmp_path.rglob("report.html"))
    assert len(written) == 4 and all("</html>" in path.read_text("utf-8") for path in written)
    row = "1-VAE, 3D Shapes, d = 24, σ-KL (figures beside 11)"
    assert table.cell(row, "alive units").ours is not None
    assert [name for name in ("mnist", "fashion-mnist") if any(note.startswith(name) for note in table.notes)]
    before = [path.stat().st_mtime_ns for path in written]
    again = make_table(options)
    assert [path.stat().st_mtime_ns for path in written] == before and again.cells == table.cells
    assert trainings == [30] * 4


def test_columns_are_scores_of_an_assay():
    scores = assay(brightness_model(), small_grid(), samples=128, grid=6, seed=0).scores
    assert {name for name, _ in COLUMNS.values()} <= set(scores)


def test_every_report_is_of_either_kl(tmp_path):
    models = list_reported(BetaVAEs(Options("laptop", tmp_path)))
    assert [(m.data_set, m.beta, m.kl) for m in models[:4]] == [
        ("3D Shapes", beta, kl) for beta in (1, 4) for kl in ("exact", "sigma")
    ]
