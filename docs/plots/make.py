"""Draw the example of every function of ``latentassay.plots``, and write the page that shows them.

``python docs/plots/make.py`` writes ``docs/plots.md`` and ``docs/plots/*.png``; a test says whether the page is in step
with the code.
"""

import ast
import inspect
import io
import re
import runpy
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Any

from PIL import Image

from latentassay import plots
from latentassay.plots.style import figure_of

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "plots.md"
SOURCE = (HERE / "examples.py").read_text("utf-8")
EXAMPLES = runpy.run_path(str(HERE / "examples.py"))

DPI = 90

INTRODUCTION = """# Pictures

`latentassay.plots` draws what is known of a latent space. Every function takes arrays, draws on the axes it is given by
`ax=` or `axes=` or else on those of a new figure, and returns what it drew on; none opens a window or calls `plt.show`.
What came back knows its figure: `ax.figure` shows it in a notebook, and `ax.figure.savefig("a.png")` saves it.

Below is every one of them, by the file it lives in, with the lines that drew its picture. Arrays stand for measured
ones; names they share (`UNITS`, `DEAD`, `SIDE`, `X`, `Y`, `ball` …) are at the top of
[plots/examples.py](plots/examples.py). This page and its pictures are made by `python docs/plots/make.py`.
"""


def names() -> dict[str, list[str]]:
    """Return the public functions by the file they live in, files in alphabetical order."""
    files: dict[str, list[str]] = {}
    for name in sorted(plots.__all__, key=lambda name: (getattr(plots, name).__module__, name)):
        files.setdefault(getattr(plots, name).__module__, []).append(name)
    return files


def example(name: str) -> Callable[..., Any]:
    """Return the example of a function, which draws and returns what it drew on."""
    found: Callable[..., Any] = EXAMPLES[name]
    return found


def lines(name: str) -> str:
    """Return the lines of an example as a user would write them."""
    (function,) = (f for f in ast.parse(SOURCE).body if isinstance(f, ast.FunctionDef) and f.name == name)
    body = "\n".join(SOURCE.splitlines()[function.body[0].lineno - 1 : function.end_lineno])
    body = re.sub(r",?\s*\*\*on,?(\n?)", r"\1", dedent(body))
    return re.sub(r"^return ", "", body, flags=re.M)


def about(function: Callable[..., Any]) -> tuple[str, str]:
    """Return the signature of a function without its annotations, and the first sentence of its docstring."""
    signature = inspect.signature(function)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    text = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
    return str(signature.replace(parameters=bare, return_annotation=signature.empty)), text


def page() -> str:
    """Return the page in Markdown."""
    parts = [INTRODUCTION]
    for module, members in names().items():
        title = (import_module(module).__doc__ or "").split("\n\n")[0].strip().rstrip(".")
        parts.append(f"\n## {module.rsplit('.', 1)[1]}.py\n\n{' '.join(title.split())}.\n")
        for name in members:
            signature, text = about(getattr(plots, name))
            parts.append(
                f"\n### `{name}`\n\n`{name}{signature}`\n\n{text}\n\n"
                f"```python\n{lines(name)}\n```\n\n![What {name} draws](plots/{name}.png)\n"
            )
    return "".join(parts)


def picture(drawn: Any) -> bytes:
    """Return the figure of what was drawn on as a small PNG without transparency."""
    buffer, small = io.BytesIO(), io.BytesIO()
    figure_of(drawn).savefig(buffer, dpi=DPI, format="png")
    flat = Image.open(buffer).convert("RGB")
    flat.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    for name in plots.__all__:
        (HERE / f"{name}.png").write_bytes(picture(example(name)()))
    PAGE.write_text(page(), "utf-8")
