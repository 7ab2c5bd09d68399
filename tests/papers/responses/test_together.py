"""β-VAEs beside one another: the same plans, folders and scores as one after the other."""

import pickle

import pytest

from latentassay.core.errors import TrainingError
from latentassay.papers.experiment import Options
from latentassay.papers.responses import beta_vaes, together
from latentassay.papers.responses.beta_vaes import BetaVAE, BetaVAEs
from latentassay.papers.responses.scores import STRUCTURE, measure_structure
from latentassay.papers.responses.table2 import make_table
from latentassay.papers.runs import is_trained


@pytest.fixture
def scaled(tiny, one_process, monkeypatch):
    """A function that lets scale smoke train its models in another way."""

    def change(**changes):
        monkeypatch.setitem(beta_vaes.SCALES, "smoke", beta_vaes.SCALES["smoke"]._replace(**changes))

    return change


def test_processes_leave_what_the_table_reads(scaled, tmp_path, monkeypatch, trainings):
    alone = make_table(Options("smoke", tmp_path / "alone"))
    scaled(together="processes")
    jobs, run_job = [], together.run_job
    monkeypatch.setattr(together, "run_job", lambda job: (jobs.append(job.model), run_job(job)))
    options = Options("smoke", tmp_path / "together")
    table = make_table(options)
    assert table.cells == alone.cells and len(trainings) == 8
    assert jobs == [BetaVAE("3D Shapes", beta, kl=kl) for beta in (1, 8) for kl in ("exact", "sigma")]
    assert make_table(options) == table and len(jobs) == 4  # what is measured is no job


def test_jobs_can_be_read_by_other_processes(scaled, tmp_path, monkeypatch):
    scaled(together="processes")
    found = []
    monkeypatch.setattr(together.pool, "run_each", lambda work, jobs, label: found.extend(jobs))
    vaes, models = BetaVAEs(Options("smoke", tmp_path)), [BetaVAE("3D Shapes", 1, kl="sigma")]
    together.measure_together(vaes, measure_structure, models)
    (job,) = pickle.loads(pickle.dumps(found))
    assert job.model == models[0] and job.measure is measure_structure
    assert job.options == Options("smoke", tmp_path, device="cpu")


def test_what_one_process_left_undone_is_done_by_the_next_call(scaled, tmp_path, monkeypatch):
    scaled(together="processes")
    options, run_job = Options("smoke", tmp_path), together.run_job

    def interrupted(job):
        if job.model.beta == 8:
            raise KeyboardInterrupt
        run_job(job)

    monkeypatch.setattr(together, "run_job", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_table(options)
    jobs = []
    monkeypatch.setattr(together, "run_job", lambda job: (jobs.append(job.model.beta), run_job(job)))
    assert make_table(options).cell("8-VAE, σ-KL", "3D Shapes").ours is not None and jobs == [8, 8]


def test_all_models_train_in_one_step(scaled, tmp_path, trainings):
    scaled(together="one step", seeds=2)
    options = Options("smoke", tmp_path, device="cpu", seeds=2)
    table, vaes = make_table(options), BetaVAEs(options)
    models = [BetaVAE("3D Shapes", b, seed=s, kl=kl) for b in (1, 8) for s in (0, 1) for kl in ("exact", "sigma")]
    assert trainings == [] and all(is_trained(vaes.plan(model), vaes.folder(model)) for model in models)
    assert table.cell("1-VAE, σ-KL", "3D Shapes").seeds == 2
    assert vaes.run(models[0]).step == 30 and trainings == []
    assert len({vaes.run(model).history[-1]["loss"] for model in models}) == len(models)
    assert make_table(options).cells == table.cells


def test_models_that_became_infinite_are_said_and_the_others_kept(scaled, tmp_path):
    scaled(together="one step", lr=1e18)
    with pytest.raises(TrainingError, match="became NaN or infinite"):
        make_table(Options("smoke", tmp_path, device="cpu"))


def test_a_device_has_no_processes(scaled, tmp_path, monkeypatch):
    scaled(together="processes")
    vaes = BetaVAEs(Options("smoke", tmp_path, device="cuda"))
    monkeypatch.setattr(together.pool, "run_each", lambda *_: pytest.fail("a process was started"))
    together.measure_together(vaes, lambda *_: {STRUCTURE: 0.0}, [BetaVAE("3D Shapes", 1)])
