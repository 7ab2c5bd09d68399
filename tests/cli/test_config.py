"""Words such as ``size=32`` become values, and which data were used is kept beside a run."""

from latentassay.cli.config import parse_model_options


def test_options_of_models_are_read_as_what_they_look_like():
    words = ["filters=16", "hidden=64,8", "decoder_hidden=5", "activation=relu"]
    assert parse_model_options(words) == {
        "filters": 16,
        "hidden": (64, 8),
        "decoder_hidden": (5,),
        "activation": "relu",
    }
