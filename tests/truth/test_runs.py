from latentassay.truth.plants import kinds
from latentassay.truth.runs import answer, run, tasks, twin_name


def test_every_plant_is_asked_about_and_shared_twins_once():
    chosen = kinds(("ring", "turned pair", "PCA"))
    asked = tasks(chosen, seeds=3, doses=(1, 3), repeats=1)
    named = [(task.name, task.dose) for task in asked if task.seed == 2]
    assert sorted(named) == sorted(
        [("ring", 1), ("ring", 3), ("turned pair", 1), ("turned pair", 3), ("clean vectors", 0), ("PCA", 0)]
    )
    assert [task.repeats for task in asked if task.dose in (0, 3) and task.seed == 0] == [(0, 1)] * 4
    assert twin_name(kinds(("PCA",))[0]) == "PCA"


def test_processes_answer_as_one_does_in_the_same_order():
    asked = tasks(kinds(("collapsed unit",)), seeds=2, doses=(3,), diagnosers=("kl", "active"), repeats=0)
    alone, together = run(asked), run(asked, processes=2)
    assert [(one.name, one.seed, one.diagnoser, one.verdict) for one in alone] == [
        (one.name, one.seed, one.diagnoser, one.verdict) for one in together
    ]
    assert all(one.verdict.named == (one.dose == 3) for one in alone)


def test_a_diagnoser_that_raises_has_said_nothing(monkeypatch):
    def broken(model, data):
        raise ValueError("no")

    monkeypatch.setattr("latentassay.truth.runs.find_diagnoser", lambda name, trust: broken)
    (task, *_) = tasks(kinds(("ring",)), seeds=1, doses=(3,), diagnosers=("mine",), repeats=0)
    (outcome,) = answer(task)
    assert outcome.failed == "ValueError: no"
    assert not outcome.verdict.named
