"""Words such as ``size=32`` become values, and which data were used is kept beside a run."""

import pytest

import latentassay as la
from latentassay.cli.config import DataConfig, parse_model_options, parse_options, parse_seconds, read_data_config


def test_options_of_models_are_read_as_what_they_look_like():
    words = ["filters=16", "hidden=64,8", "decoder_hidden=5", "activation=relu"]
    assert parse_model_options(words) == {
        "filters": 16,
        "hidden": (64, 8),
        "decoder_hidden": (5,),
        "activation": "relu",
    }


def test_values_become_what_they_look_like():
    words = ["a=1", "b=-0.5", "c=true", "d=None", "e=x=y", "f=", "g=1e3"]
    assert parse_options(words) == {"a": 1, "b": -0.5, "c": True, "d": None, "e": "x=y", "f": "", "g": 1000.0}


@pytest.mark.parametrize("text", ["soon", "0", "0s", "-3", "1d", "", "1 m 2"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(la.InputError, match="a budget is a time such as 60s, 2m or 90"):
        parse_seconds(text)


def test_rows_are_drawn_by_the_seed_and_split_the_same_way_again():
    config = DataConfig(name="digits", rows=50, seed=3)
    once, again = config.load(), config.load()
    assert len(once) == 50 and (once.factors == again.factors).all()
    assert (once.factors != DataConfig(name="digits", rows=50, seed=4).load().factors).any()
    assert [len(part) for part in config.split()] == [35, 5, 10]
    assert len(DataConfig(name="digits", rows=10_000).load()) == 1797


def test_what_is_kept_is_read_back_and_another_set_is_refused(tmp_path):
    config = DataConfig(name="digits", options={"size": 8}, rows=50, seed=3)
    config.write(tmp_path)
    assert read_data_config(tmp_path) == config
    (tmp_path / "manifest.json").write_text("{}")
    config.write(tmp_path)
    with pytest.raises(la.InputError, match=r"holds a run on digits \(rows 50, options {'size': 8}, seed 3\)"):
        DataConfig(name="digits").write(tmp_path)


def test_a_run_that_does_not_say_its_data_asks_for_their_name(tmp_path):
    with pytest.raises(la.CheckpointError, match="does not say what it was trained on"):
        read_data_config(tmp_path)
    (tmp_path / "data.json").write_text('{"name": "digits", "rows": -1}')
    with pytest.raises(la.CheckpointError, match="is damaged"):
        read_data_config(tmp_path)
