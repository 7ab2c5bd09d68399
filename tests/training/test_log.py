"""The log of a run: its history, line by line."""

import json

import pytest

from latentassay.core.errors import CheckpointError
from latentassay.training.log import LOG_FILE, append_row, read_rows, rewrite_rows


def test_rows_are_json_lines(lab, tmp_path):
    run = lab.train(lab.make(), 6, tmp_path / "run", log_every=2)
    lines = (tmp_path / "run" / LOG_FILE).read_text().splitlines()
    assert [json.loads(line) for line in lines] == list(run.history)
    assert {"step", "loss", "nll", "kl", "kl_polarized", "images_per_second"} == run.history[0].keys()


def test_garbled_rows_are_named(lab, tmp_path):
    lab.train(lab.make(), 4, tmp_path, log_every=1)
    file = tmp_path / LOG_FILE
    file.write_text(file.read_text().replace('{"step": 2', "{step"))
    with pytest.raises(CheckpointError, match="line 2"):
        lab.train(lab.make(), 8, tmp_path, resume=True)


def test_rows_are_read_up_to_a_step_and_begun_anew(tmp_path):
    for step in (1, 2, 3):
        append_row(tmp_path, {"step": step, "loss": 0.5 * step})
    append_row(None, {"step": 4})
    assert read_rows(tmp_path, 2) == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 1.0}]
    rewrite_rows(tmp_path, [{"step": 9, "loss": 0.25}])
    assert read_rows(tmp_path, 9) == [{"step": 9, "loss": 0.25}] and read_rows(tmp_path / "none", 9) == []
