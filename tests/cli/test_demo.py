import latentassay as la
from latentassay.cli.demo import run_demo
from latentassay.data.demo import demo_data


def test_the_demo_makes_a_report_and_keeps_its_evidence(tmp_path):
    made = run_demo(tmp_path / "demo", seed=0, steps=5, samples=32)
    assert made.report.read_text("utf-8").count("<section") >= 3 and made.run.step == 5
    assert '<script type="application/json" id="facts">' in made.explorer.read_text("utf-8")
    assert la.Assay.load(tmp_path / "demo" / "assay.safetensors").findings == made.result.findings


def test_its_data_are_a_whole_coarser_grid():
    data = demo_data()
    assert len(data) == 5 * 5 * 5 * 4 * 4 * 5 and data.x_shape == (3, 64, 64)
    assert len({tuple(row) for row in data.factors.tolist()}) == len(data)
