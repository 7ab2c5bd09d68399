"""JavaScript modules in one script: the modules that an entry imports, each after those that it needs itself.

The modules of ``js/`` keep to two forms, which a test holds: ``import { a, b } from "./other.js";`` on one line, and
``export`` in front of a declaration. Their names are unique, so that joining them is leaving these words out.
"""

import re
from importlib import resources

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(async )?(function|class|const|let)\b)", re.MULTILINE)


def bundle(entry: str) -> str:
    """Return ``entry`` and all that it imports as one script, which leaves nothing in the page's own scope."""
    return '(() => {\n"use strict";\n' + "\n".join(map(_body, modules(entry))) + "})();\n"


def modules(entry: str) -> list[str]:
    """Return the names of the modules that a script is joined of, in their order."""
    found = list[str]()

    def visit(name: str) -> None:
        for needed in IMPORT.findall(source(name)):
            visit(needed)
        if name not in found:
            found.append(name)

    visit(entry)
    return found


def source(name: str) -> str:
    """Return a module as it is."""
    return (resources.files("latentassay.explore") / "js" / name).read_text("utf-8")


def _body(name: str) -> str:
    return EXPORT.sub("", IMPORT.sub("", source(name)))
