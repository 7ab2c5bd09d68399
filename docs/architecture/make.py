"""Draw the rooms of the house from the import contracts, with what each says of itself.

``python docs/architecture/make.py`` writes ``docs/architecture.md`` and ``docs/architecture/rooms.svg``; a test says
whether they are in step with ``.importlinter`` and the code.
"""

import ast
import configparser
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "latentassay"
PAGE, PICTURE = ROOT / "docs" / "architecture.md", ROOT / "docs" / "architecture" / "rooms.svg"

INTRODUCTION = """# Architecture

Two wings and one door. *Makers* build autoencoders, *readers* question them; neither imports the other, so a reader cannot
know who trained a model, and a foreign one is a first-class citizen. Both know only the door (`core/autoencoder.py`):
`latent_shape`, `prior`, `encode(x)` → `Posterior`, `decode(z)` → tensor. The wings meet in `assay`, `papers` and `cli`.

Imports go one way, from the top of the picture down; `lint-imports` holds that in every test run. This page is made from
its contracts (`.importlinter`) by `docs/architecture/make.py`.

![Rooms of the house in layers: what is higher may import what is lower](architecture/rooms.svg)
"""

ADDITIONS = """
## What is collected from a folder

| to add | one file in | found because |
|---|---|---|
| a metric | `metrics/disentanglement/` or `metrics/quality/` | the folder is walked; panel, command line, report and laws follow |
| a model | `models/` | the folder is walked; `build`, `latentassay models`, `train` and the contract tests follow |
| an adapter | `adapters/`, or a package outside with an entry point in `latentassay.adapters` | the folder is walked, then the entry points |
| a question | `assay/questions/`, with its place in `ORDER`; or `la.assay(questions=[…])` | the order names the files |
| a paper's table | `papers/<paper>/` | the folders are walked; `latentassay reproduce` follows |

Nothing is registered by a side effect of an import. [CONTRIBUTING](../CONTRIBUTING.md) shows each by an example that a test runs.

## The way of a batch

`latentassay assay runs/a` → `cli/assay.py` opens the model (`cli/model_spec.py`, an adapter) and the data → `assay/run.py` draws
rows, encodes them and measures the response matrix once (`Context`) → every question's `measure(context)` returns its
`Evidence`, `judge` turns that into scores and findings → `Assay` keeps sections → `report/html.py` draws each question's
`figures(evidence)` by functions of `plots/`, and fills the page.
"""


def layers(contract: str = "layers") -> list[list[str]]:
    """Return the rooms of a contract, the highest layer first, without the package's name."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    lines = config[f"importlinter:contract:{contract}"]["layers"].split("\n")
    return [
        [name.strip().removeprefix("latentassay.") for name in line.replace(":", "|").split("|")]
        for line in lines
        if line
    ]


def blind() -> set[str]:
    """Return the rooms of readers that may not know makers, or of which a part may not."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    names = config["importlinter:contract:readers"]["source_modules"].split()
    return {name.removeprefix("latentassay.").split(".")[0] for name in names}


def about(room: str) -> str:
    """Return the first paragraph of what a room says of itself."""
    path = SOURCE / room.replace(".", "/")
    text = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8")
    return " ".join((ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0].split())


def page() -> str:
    """Return the page in Markdown."""
    readers, makers = layers(), layers("makers-layers")
    parts = [INTRODUCTION]
    both = [room for rooms in readers for room in rooms]
    for title, rooms in (
        ("Readers, and where the wings meet", both),
        ("Makers", [room for layer in makers for room in layer if room not in both]),
    ):
        parts.append(f"\n## {title}\n\n| room | what lives there |\n|---|---|\n")
        parts += [f"| `{room}` | {about(room)} |\n" for room in rooms]
    return "".join([*parts, ADDITIONS])


WIDTH, HEIGHT, GAP = 150, 34, 12


def picture() -> str:
    """Return the layers as SVG: readers on the left, makers on the right, above them where the two meet."""
    readers, makers = layers(), layers("makers-layers")
    shared = [layer for layer in makers if layer in readers]
    meeting = [layer for layer in readers if layer not in shared and not set(layer) & blind()]
    middle = [layer for layer in readers if layer not in meeting + shared]
    columns = max(len(layer) for layer in middle)
    left, right = columns * (WIDTH + GAP), WIDTH
    whole, step = left + 2 * GAP + right, HEIGHT + GAP
    top = len(meeting) * step + GAP + 16
    below = top + len(middle) * step + GAP
    boxes = _column(meeting, 0, 0, whole) + _column(shared, 0, below, whole)
    boxes += _column(middle, 0, top, left - GAP)
    boxes += _column([layer for layer in makers if layer not in shared], left + 2 * GAP, top, right)
    titles = _text(0, top - 8, "readers", "start") + _text(left + 2 * GAP, top - 8, "makers", "start")
    box = f'viewBox="-2 -2 {whole + 4} {below + len(shared) * step + 4}" width="{whole + 4}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img"><title>Rooms in layers</title>'
    style = "text{font:13px sans-serif;fill:#1c2530}rect{fill:#eef2f6;stroke:#2768a8}"
    return f"{head}<style>{style}</style>{titles}{boxes}</svg>\n"


def _column(rows: list[list[str]], x: int, y: int, width: int) -> str:
    boxes = ""
    for row, rooms in enumerate(rows):
        each = (width - (len(rooms) - 1) * GAP) / len(rooms)
        for k, room in enumerate(rooms):
            at = x + k * (each + GAP), y + row * (HEIGHT + GAP)
            boxes += f'<rect x="{at[0]:.0f}" y="{at[1]}" width="{each:.0f}" height="{HEIGHT}" rx="4"/>'
            boxes += _text(at[0] + each / 2, at[1] + 22, room, "middle")
    return boxes


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(words)}</text>'


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    PICTURE.write_text(picture(), "utf-8")
