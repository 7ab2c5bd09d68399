"""Scores of many β-VAEs: what is measured, in which order, and what becomes of data sets without files."""

from latentassay.papers.experiment import Options
from latentassay.papers.responses.beta_vaes import Absent, BetaVAE, BetaVAEs
from latentassay.papers.responses.sweep import describe_scale, measure_models, note_shapes

MODELS = [BetaVAE(name, beta) for beta in (1, 4) for name in ("MNIST", "3D Shapes")]


def test_every_model_and_seed_is_measured_and_absent_data_noted():
    measured = []

    def measure(model):
        measured.append(model)
        if model.data_set == "MNIST" and model.beta == 4:
            raise Absent("mnist")
        return {"score": model.beta + model.seed / 10}

    found, notes = measure_models(measure, MODELS, 2)
    assert list(found) == MODELS  # in the order they were asked for, although data sets are loaded once
    assert [model.data_set for model in measured] == ["MNIST"] * 3 + ["3D Shapes"] * 4
    assert found[BetaVAE("3D Shapes", 4)] == [{"score": 4.0}, {"score": 4.1}]
    assert found[BetaVAE("MNIST", 1)] == found[BetaVAE("MNIST", 4)] == []  # nothing of a data set, or all of it
    assert len(notes) == 1 and notes[0].startswith("mnist: no files") and "--data mnist=FOLDER" in notes[0]


def test_the_scale_is_said_in_words(tmp_path):
    vaes = BetaVAEs(Options("laptop", tmp_path))
    words = describe_scale(vaes, 3, ("MNIST", "3D Shapes"))
    assert words["seeds"] == "0 to 2" and words["rows"] == "20,000 of the 70 % for training"
    assert words["training"] == "2,500 steps of 64 (128 on MNIST and Fashion-MNIST), Adam 0.001"
    assert describe_scale(vaes, 1, ("3D Shapes",))["training"] == "2,500 steps of 64, Adam 0.001"
    assert describe_scale(BetaVAEs(Options("paper", tmp_path)), 1, ())["rows"] == "all of the 70 % for training"


def test_shapes_that_are_drawn_anew_have_a_note(tmp_path):
    assert len(note_shapes(BetaVAEs(Options("smoke", tmp_path)))) == 2
    assert len(note_shapes(BetaVAEs(Options("paper", tmp_path)))) == 1
    assert note_shapes(BetaVAEs(Options("paper", tmp_path, data={"shapes3d-official": tmp_path}))) == ()
