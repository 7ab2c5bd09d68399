"""CONTRIBUTING is followed to the letter: each addition is made in a copy of the package, and its commands are run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^## (?=Add an? )", TEXT, flags=re.M)[1:]}


def blocks(section, mark):
    """Pairs of what a mark says and the code block below it."""
    found = re.findall(rf"<!-- {mark}: (.*?) -->\n```python\n(.*?)```", section, flags=re.S)
    return [(words.strip(), code) for words, code in found]


def commands(section):
    return "".join(re.findall(r"```sh\n(.*?)```", section, flags=re.S))


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    command = folder / "bin" / "latentassay"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m latentassay "$@"\n')
    command.chmod(0o755)
    (command.parent / "python").symlink_to(sys.executable)
    return folder


def test_every_kind_of_addition_has_its_example():
    assert [name.split()[-1] for name in SECTIONS][:4] == ["metric", "model", "adapter", "question"]
    for section in SECTIONS.values():
        assert len(blocks(section, "file")) == 1 and commands(section) and "<!-- shows: " in section


@pytest.mark.parametrize("name", SECTIONS)
def test_an_addition_is_one_file_and_works_as_written(name, package, tmp_path):
    section, written, changed = SECTIONS[name], [], {}
    for path, code in blocks(section, "file"):
        written.append(package / path)
        assert not written[-1].exists()
        written[-1].write_text(code, "utf-8")
    for where, line in blocks(section, "line"):
        path, _, after = where.partition(" after ")
        changed[package / path] = before = (package / path).read_text("utf-8")
        assert before.count(f"{after.strip()}\n") == 1
        (package / path).write_text(before.replace(f"{after.strip()}\n", f"{after.strip()}\n{line}"), "utf-8")
    try:
        search = f"{package / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PYTHONPATH": str(package / "src"), "PATH": search, "COLUMNS": "200"}
        words = ["bash", "-euc", commands(section)]
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    finally:
        for path in written:
            path.unlink()
        for path, before in changed.items():
            path.write_text(before, "utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    (shown,) = re.findall(r"<!-- shows: (.*?) -->", section)
    assert shown in done.stdout, done.stdout


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
