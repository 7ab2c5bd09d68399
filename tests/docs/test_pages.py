"""Pages link to files that there are, name what there is, and the migration table leads to names that exist."""

import re
from importlib import import_module
from urllib.parse import unquote

import pytest

import latentassay as la
from conftest import ROOT

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += [*sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "changes").glob("*.md"))]
MIGRATION = (ROOT / "docs" / "migration.md").read_text("utf-8")
NEWS = ROOT / "CHANGELOG.md"


def anchors(text):
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page):
    text = page.read_text("utf-8")
    base = ROOT if page.parent.name == "changes" else page.parent  # fragments are read in CHANGELOG.md
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = unquote(target).partition("#")
        if path.startswith(("http:", "https:")):
            continue
        found = (base / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found.read_text("utf-8")), target


def resolve(name):
    """What a dotted name such as ``la.metrics.mig`` stands for."""
    found = la
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    return found


def names_of(text):
    return set(re.findall(r"\bla(?:\.[A-Za-z_]\w*)+", text))


@pytest.mark.parametrize("page", [page for page in PAGES if page != NEWS], ids=lambda page: str(page.relative_to(ROOT)))
def test_names_of_the_package_exist(page):
    """But for those of the first column of the migration table."""
    before = {name for was, _ in rows() for name in names_of(was)} if page.name == "migration.md" else set()
    missing = []
    for name in names_of(page.read_text("utf-8")) - before:
        try:
            resolve(name)
        except AttributeError:
            missing.append(name)
    assert not missing


def rows():
    """Pairs (before, now) of the migration page's tables."""
    lines = re.findall(r"^\|(.*)\|$", MIGRATION, re.MULTILINE)
    cells = [[cell.strip() for cell in line.split(" | ")] for line in lines if not line.startswith("---")]
    return [(row[-2], row[-1]) for row in cells]


def test_questions_of_the_table_are_those_of_an_assay():
    from latentassay.assay.question import known_questions

    keys = [question.key for question in known_questions()]
    for group in ("consistency", "spatial"):
        (cell,) = re.findall(rf"^\| section `{group}`.*\| (.*) \|$", MIGRATION, re.MULTILINE)
        named = [f"{group}.{name.rpartition('.')[2]}" for name in re.findall(r"`([^`]+)`", cell)]
        assert named == [key for key in keys if key.startswith(f"{group}.")]


def test_modules_of_the_table_are_importable():
    table = MIGRATION[MIGRATION.index("## Modules") :].partition("Inside the rooms")[0]
    names = [name for _, now in re.findall(r"^\| (.*) \| (.*) \|$", table, re.MULTILINE) for name in names_in(now)]
    assert len(names) >= 15
    for name in names:
        import_module(name)


def names_in(cell):
    """Modules of a cell: a first one whole, then siblings that begin with a dot."""
    first, found = "", []
    for name in re.findall(r"`([a-z_.…0-9]+)`", cell):
        name = name.removesuffix(".…")
        if name.startswith("latentassay."):
            first = name
        elif name.startswith("."):
            name = f"{first.rpartition('.')[0]}{name}"
        else:
            continue
        found.append(name)
    return found
