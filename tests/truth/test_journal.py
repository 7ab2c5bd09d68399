import json
from dataclasses import replace

import pytest

from latentassay.core.errors import FileError
from latentassay.truth.journal import hold_journal, open_journal
from latentassay.truth.plants import kinds
from latentassay.truth.runs import answer, run, tasks


@pytest.fixture
def asked():
    return tasks(kinds(("collapsed unit",)), seeds=2, doses=(3,), diagnosers=("kl", "active"), repeats=0)


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path, asked, monkeypatch):
    path, whole = tmp_path / "answers.jsonl", run(asked)
    first = run(asked[:2], journal=open_journal(path))
    with path.open("a") as file:
        file.write('{"code": "cut of')  # as a stop in the middle of a line leaves it
    calls = []
    monkeypatch.setattr("latentassay.truth.runs.answer", lambda task: calls.append(task) or answer(task))
    again = run(asked, journal=open_journal(path))
    assert calls == asked[2:]
    assert again[: len(first)] == first  # seconds too: they were read, not measured
    assert [replace(one, seconds=0) for one in again] == [replace(one, seconds=0) for one in whole]
    assert len(path.read_text().splitlines()) == len(asked)
    assert run(asked, journal=open_journal(path)) == again and len(calls) == len(asked) - 2


def test_answers_of_other_seeds_or_diagnosers_are_no_answers(tmp_path, asked):
    path = tmp_path / "answers.jsonl"
    run(asked[:1], journal=open_journal(path))
    assert open_journal(path).find(asked[0])
    assert open_journal(path).find(replace(asked[0], diagnosers=("kl",))) is None
    assert open_journal(path).find(asked[1]) is None


def test_answers_of_other_code_and_other_files_are_refused(tmp_path, asked):
    path = tmp_path / "answers.jsonl"
    run(asked[:1], journal=open_journal(path))
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, "code": "other"}) + "\n")
    with pytest.raises(FileError, match="other code"):
        open_journal(path)
    path.write_text("hello\n")
    with pytest.raises(FileError, match="line 1"):
        open_journal(path)


def test_a_journal_has_one_writer(tmp_path):
    path = tmp_path / "answers.jsonl"
    with hold_journal(path) as journal, pytest.raises(FileError, match=r"answers\.jsonl: is being written by process"):
        assert journal.path == path
        with hold_journal(path):
            pass
    assert not list(tmp_path.iterdir())
