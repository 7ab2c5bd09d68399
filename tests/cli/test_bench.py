import json
import subprocess
import sys

from typer.testing import CliRunner

from latentassay.cli.app import app


def test_a_small_bench_is_shown_and_written(tmp_path):
    paths = [str(tmp_path / name) for name in ("found.json", "found.md", "found.png")]
    words = ["bench", "truth", "--seeds", "1", "--kinds", "collapsed unit", "--diagnoser", "kl,active"]
    words += ["--processes", "1", "--resume", str(tmp_path / "answers.jsonl")]
    result = CliRunner().invoke(app, [*words, "--out", paths[0], "--table", paths[1], "--figure", paths[2]])
    assert result.exit_code == 0, result.output
    assert "Named by kl" in result.output
    assert json.loads((tmp_path / "found.json").read_text("utf-8"))["seeds"] == 1
    assert len((tmp_path / "answers.jsonl").read_text("utf-8").splitlines()) == 4


def test_unknown_words_are_refused():
    for words, message in ((["--kinds", "nonsense"], "no kind or family"), (["--doses", "huge"], "doses are")):
        result = CliRunner().invoke(app, ["bench", "truth", *words])
        assert result.exit_code == 2
        assert message in " ".join(result.output.split()) or message in " ".join(result.stderr.split())


def test_faults_are_counted_and_written(tmp_path):
    paths = [str(tmp_path / name) for name in ("found.json", "found.md")]
    words = ["bench", "faults", "--functions", "metrics.mig,sampling.encode", "--axes", "arrays", "--quick"]
    done = subprocess.run(  # in a process without the tests' type checks, which are errors of another kind
        [sys.executable, "-m", "latentassay", *words, "--out", paths[0], "--table", paths[1]],
        capture_output=True,
        text=True,
    )
    facts = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert done.returncode == bool(facts["faults"]), done.stdout + done.stderr
    assert set(facts["functions"]) == {"metrics.mig", "sampling.encode"}
    assert "raw error" in done.stdout and "| raw error |" in (tmp_path / "found.md").read_text("utf-8")


def test_unknown_axes_and_functions_are_refused():
    for words in (["--axes", "nonsense"], ["--functions", "nonsense"]):
        result = CliRunner().invoke(app, ["bench", "faults", *words])
        assert result.exit_code == 2
        assert "nonsense" in " ".join((result.output + result.stderr).split())
