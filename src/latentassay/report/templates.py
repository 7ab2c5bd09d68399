"""HTML templates of any package here, with the page's style and the filters that its numbers need."""

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from latentassay.core.text import printable


@cache
def template(folder: str, name: str) -> Template:
    """Return ``name`` from ``folder`` inside this package; it escapes what it is given and refuses names not given."""
    environment = Environment(
        loader=PackageLoader("latentassay", folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_show,
    )
    environment.filters |= {"tight": _tight, "minus": _minus}
    files = resources.files("latentassay.report")
    for key, file in (("style", "page.css"), ("script", "sort.js")):
        environment.globals[key] = Markup((files / file).read_text("utf-8"))
    return environment.get_template(name)


def _show(value: Any) -> Any:
    """What users and files call things may not steer who reads the page; markup of ours stays as it is."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _tight(text: Any) -> str:
    """Keep numbers together with their errors and units at the end of a line."""
    return str(text).replace(" %", "\u00a0%").replace(" ± ", "\u00a0±\u00a0").replace(" (×", "\u00a0(×")


def _minus(text: Any) -> str:
    """Write a minus sign where a number is negative."""
    return str(text).replace("-", "−")
