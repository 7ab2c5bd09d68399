"""The process in which strangers' additions are tried one after another; ``strangers`` starts it and reads the results.

It must import nothing of the package itself: every case begins by forgetting what the one before has imported.
"""

import contextlib
import importlib
import io
import json
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def main(folder: Path) -> None:
    """Run the cases of ``cases.json`` and write what came of them to ``outcomes.json``."""
    sys.dont_write_bytecode = False  # for the modules that stay as they are, which every case imports again
    tests, cases = json.loads((folder / "cases.json").read_text("utf-8"))
    finders, path = list(sys.meta_path), list(sys.path)
    outcomes = {}
    for number, (name, case) in enumerate(cases.items()):
        forget(folder / "src", Path(tests))
        sys.meta_path[:], sys.path[:] = finders, [*case["path"], *path]
        place = folder / f"case_{number}"
        place.mkdir()
        os.chdir(place)
        with added(folder, case["files"]):
            outcomes[name] = {"folder": str(place), **run(case["code"], case["arguments"])}
    (folder / "outcomes.json").write_text(json.dumps(outcomes), "utf-8")


def forget(*folders: Path) -> None:
    """Drop every module that was imported from these folders."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and any(folder in Path(file).parents for folder in folders) and name != "__main__":
            del sys.modules[name]
    importlib.invalidate_caches()


@contextlib.contextmanager
def added(folder: Path, files: dict[str, str]) -> Iterator[None]:
    """Write files into the copy; afterwards, remove them, or give them back the text that they had."""
    before = {name: (folder / name).read_text("utf-8") if (folder / name).exists() else None for name in files}
    try:
        for name, text in files.items():
            write(folder / name, text)
        yield
    finally:
        for name, old in before.items():
            write(folder / name, old)


def write(path: Path, text: str | None) -> None:
    """Write a file, or remove it, and what was compiled of it, lest it pass for its successor of the same second."""
    path.unlink(missing_ok=True)
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink()
    if text is not None:
        path.write_text(text, "utf-8")
    importlib.invalidate_caches()


def run(code: str, arguments: list[str]) -> dict[str, Any]:
    """Run code as the main program; return its exit code and what it printed."""
    sys.argv = ["-c", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            exec(compile(code, "<case>", "exec"), {"__name__": "__main__"})
            status: Any = 0
        except SystemExit as done:
            status = done.code or 0
        except BaseException:
            traceback.print_exc()
            status = 1
    return {"code": status, "stdout": out.getvalue(), "stderr": err.getvalue()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
