"""Scores of many β-VAEs: what is measured, in which order, and what becomes of data sets without files."""

from latentassay import objectives
from latentassay.papers.experiment import Options
from latentassay.papers.responses.beta_vaes import Absent, BetaVAE, BetaVAEs
from latentassay.papers.responses.sweep import describe_scale, list_models, measure_models, note_shapes

MODELS = [BetaVAE(name, beta) for beta in (1, 4) for name in ("MNIST", "3D Shapes")]


def test_every_model_and_seed_is_measured_and_absent_data_noted(tmp_path):
    vaes, measured = BetaVAEs(Options("smoke", tmp_path)), []

    def measure(its, model):
        assert its is vaes
        measured.append(model)
        if model.data_set == "MNIST" and model.beta == 4:
            raise Absent("mnist")
        return {"score": model.beta + model.seed / 10}

    found, notes = measure_models(vaes, measure, MODELS, 2, files=("score",))
    assert list(found) == MODELS  # in the order they were asked for, although data sets are loaded once
    assert [model.data_set for model in measured] == ["MNIST"] * 3 + ["3D Shapes"] * 4
    assert found[BetaVAE("3D Shapes", 4)] == [{"score": 4.0}, {"score": 4.1}]
    assert found[BetaVAE("MNIST", 1)] == found[BetaVAE("MNIST", 4)] == []  # nothing of a data set, or all of it
    assert len(notes) == 1 and notes[0].startswith("mnist: no files") and "--data mnist=FOLDER" in notes[0]


def test_the_scale_is_said_in_words(tmp_path):
    vaes = BetaVAEs(Options("laptop", tmp_path))
    words = describe_scale(vaes, 3, ("MNIST", "3D Shapes"))
    assert words["seeds"] == "0 to 2" and words["rows"] == "50,000 of the 70 % for training"
    assert words["KL terms"] == "exact KL and σ-KL" and words["pictures"] == "32×32"
    assert words["training"] == "2,000 steps of 32, Adam 0.001; vae-conv for 500 steps"
    words = describe_scale(BetaVAEs(Options("gpu", tmp_path)), 1, ("MNIST",))
    assert words["training"] == "10,000 steps of 64 (128 on MNIST and Fashion-MNIST), Adam 0.001"
    words = describe_scale(BetaVAEs(Options("paper", tmp_path)), 1, ())
    assert words["rows"] == "all of the 70 % for training" and words["pictures"] == "as they are"
    assert words["training"] == "100,000 steps of 64, Adam 0.0001"


def test_models_are_of_both_kls_and_some_have_the_papers_network_besides(tmp_path):
    vaes = BetaVAEs(Options("laptop", tmp_path))
    models = list_models(vaes, ("3D Shapes",), 24)
    assert [(model.beta, model.kl) for model in models[:8]] == [
        (b, k) for b in (1, 2, 4, 8) for k in ("exact", "sigma")
    ]
    assert [(m.beta, m.kl, m.is_own) for m in models[8:]] == [(4, kl, True) for kl in ("exact", "sigma")]
    assert vaes.plan(models[-1]).model == "vae-conv" and vaes.plan(models[-1]).steps == 500
    assert vaes.plan(models[-1]).objective == objectives.BetaVAE(4.0, kl="sigma")
    assert not any(model.is_own for model in list_models(vaes, ("MNIST", "3D Shapes"), 12))
    assert len({vaes.folder(model) for model in models}) == len(models)


def test_shapes_that_are_drawn_anew_have_a_note(tmp_path):
    assert len(note_shapes(BetaVAEs(Options("smoke", tmp_path)))) == 2
    assert len(note_shapes(BetaVAEs(Options("paper", tmp_path)))) == 1
    assert note_shapes(BetaVAEs(Options("paper", tmp_path, data={"shapes3d-official": tmp_path}))) == ()
