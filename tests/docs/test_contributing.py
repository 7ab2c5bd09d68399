"""CONTRIBUTING is followed to the letter: each addition is made in a copy of the package, and its commands are run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT
from tests.strangers import Case, expect, try_in_a_copy

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^## (?=Add an? )", TEXT, flags=re.M)[1:]}


def blocks(section, mark):
    """Pairs of what a mark says and the code block below it."""
    found = re.findall(rf"<!-- {mark}: (.*?) -->\n```python\n(.*?)```", section, flags=re.S)
    return [(words.strip(), code) for words, code in found]


def commands(section):
    return "".join(re.findall(r"```sh\n(.*?)```", section, flags=re.S))


FOLLOW = """
import shlex
import subprocess
import sys

from latentassay.cli import main

for line in sys.argv[1].splitlines():
    program, *words = shlex.split(line)
    if program == "latentassay":
        sys.argv = [program, *words]
        try:
            main()
        except SystemExit as done:
            assert not done.code, (line, done.code)
    elif program == "python":
        assert words.pop(0) == "-c", line
        exec(*words, {})
    else:
        subprocess.run(["bash", "-euc", line], check=True)
"""
"""Follows the commands of a section in a process that has its libraries loaded."""


def additions(section):
    """The files of a section, and those that it adds a line to, as they are afterwards."""
    files = dict(blocks(section, "file"))
    assert not any((ROOT / path).exists() for path in files)
    for where, line in blocks(section, "line"):
        path, _, after = where.partition(" after ")
        before = (ROOT / path).read_text("utf-8")
        assert before.count(f"{after.strip()}\n") == 1
        files[path] = before.replace(f"{after.strip()}\n", f"{after.strip()}\n{line}")
    return files


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    cases = {name: Case(FOLLOW, additions(section), [commands(section)]) for name, section in SECTIONS.items()}
    return try_in_a_copy(tmp_path_factory.mktemp("package"), cases)


def test_every_kind_of_addition_has_its_example():
    assert [name.split()[-1] for name in SECTIONS] == ["metric", "model", "adapter", "question", "table"]
    for section in SECTIONS.values():
        assert len(blocks(section, "file")) == 1 and commands(section) and "<!-- shows: " in section


@pytest.mark.parametrize("name", SECTIONS)
def test_an_addition_is_one_file_and_works_as_written(name, outcomes):
    expect(outcomes[name])
    (shown,) = re.findall(r"<!-- shows: (.*?) -->", SECTIONS[name])
    assert shown in outcomes[name].stdout, outcomes[name].stdout


def test_examples_keep_the_style_of_the_house(tmp_path):
    for number, (_, code) in enumerate(pair for section in SECTIONS.values() for pair in blocks(section, "file")):
        (tmp_path / f"example_{number}.py").write_text(code, "utf-8")
    ruff = shutil.which("ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    config = ["--config", str(ROOT / "pyproject.toml")]
    for words in (["check", "--no-cache", *config], ["format", "--check", "--no-cache", *config]):
        done = subprocess.run([ruff, *words, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_fragments_of_the_changelog_are_named_by_kind():
    kinds = {"added", "changed", "deprecated", "removed", "fixed", "security"}
    for path in (ROOT / "changes").glob("*"):
        if path.name != ".gitignore":
            assert re.fullmatch(rf"[\w-]+\.({'|'.join(kinds)})\.md", path.name), path.name
            assert path.read_text("utf-8").strip()
