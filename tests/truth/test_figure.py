from latentassay.truth.figure import draw, save
from latentassay.truth.plants import kinds
from latentassay.truth.results import summarise
from latentassay.truth.runs import run, tasks


def test_the_figure_has_a_dot_for_every_dose_and_a_bar_for_every_twin(tmp_path):
    chosen = kinds(("collapsed unit", "dead unit", "PCA"))
    bench = summarise(chosen, run(tasks(chosen, seeds=1, diagnosers=("kl",), repeats=0)), seeds=1, seconds=1.0)
    left, right = draw(bench).axes
    (dots,) = left.collections
    assert len(dots.get_offsets()) == 6
    assert [label.get_text() for label in left.get_yticklabels()] == ["dead unit", "collapsed unit"]
    assert [label.get_text() for label in right.get_yticklabels()] == ["clean vectors", "PCA"]
    save(bench, tmp_path / "found.svg")
    assert (tmp_path / "found.svg").stat().st_size > 1000
