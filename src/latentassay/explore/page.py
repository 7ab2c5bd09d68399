"""One HTML file: contents, weights and scripts inside."""

import base64
import json
from importlib import resources
from typing import Any

import numpy as np
import torch
from markupsafe import Markup

from latentassay.explore.bundle import bundle
from latentassay.explore.contents import GRID, Contents, as_json
from latentassay.explore.library import ROW, Library, is_picture, sheet, shrink
from latentassay.explore.network import Networks
from latentassay.report.templates import template


def render(contents: Contents, runs: Networks | Library, *, title: str, subject: str, shapes: dict[str, Any]) -> str:
    """Return the page.

    Args:
        contents: what it shows.
        runs: the networks that it runs, or decodings made beforehand.
        title: heading.
        subject: line under it.
        shapes: ``xShape`` and ``latentShape``.
    """
    library = runs if isinstance(runs, Library) else None
    arrays, payload = _arrays(contents, runs)
    facts = {**as_json(contents), **shapes, **_runs(contents, runs), "arrays": arrays, "mapSide": GRID}
    files = resources.files("latentassay.explore")
    return template("explore", "page.html.jinja").render(
        title=title,
        subject=subject,
        look=Markup((files / "explore.css").read_text("utf-8")),
        drawn_from=contents.drawn_from,
        reason="" if library is None else library.reason,
        beforehand=0 if library is None else len(library.at),
        notes=_notes(runs),
        facts=_script(json.dumps(facts, separators=(",", ":"))),
        bytes=Markup(base64.b64encode(payload).decode()),
        worker=_script(bundle("worker.js") if library is None else ""),
        main=_script(bundle("main.js")),
    )


def _runs(contents: Contents, runs: Networks | Library) -> dict[str, Any]:
    """What the page decodes with."""
    if isinstance(runs, Networks):
        return {"networks": runs.as_json()}
    pictures = is_picture(runs.observations)
    return {
        "networks": None,
        "sheet": {"uri": sheet(runs.observations, contents.reach), "row": ROW} if pictures else None,
        "xShape": list(runs.observations.shape[1:]),
    }


def _script(text: str) -> Markup:
    """Text inside a script element, which only its end tag and comments could end early."""
    return Markup(text.replace("</", "<\\/").replace("<!--", "<\\!--"))


def _arrays(contents: Contents, runs: Networks | Library) -> tuple[dict[str, Any], bytes]:
    """Put all arrays behind the weights; return where each lies."""
    parts = {
        "codes": contents.codes,
        "distance": contents.distance,
        "drawn": contents.drawn,
        "drawnDistance": contents.drawn_distance,
        "sampleCodes": contents.sample_codes,
        "ways": _joined([walk.z for walk in contents.walks]),
        "wayDistance": _joined([walk.distance for walk in contents.walks]),
        "straightDistance": _joined([walk.straight for walk in contents.walks]),
        **({} if contents.map is None else {"map": contents.map}),
        **_library_arrays(contents, runs),
        "samples": _levels(shrink(torch.from_numpy(contents.samples)).numpy(), contents),
    }
    weights = runs.packed.payload if isinstance(runs, Networks) else b""
    places, blocks, at = {}, [weights], len(weights)
    for name, array in parts.items():
        small = array.dtype == np.uint8
        block = array.tobytes() if small else array.astype("<f4").tobytes()
        places[name] = {"kind": "u8" if small else "f32", "at": at, "count": array.size}
        blocks.append(block)
        at += len(block)
    return places, b"".join(blocks)


def _library_arrays(contents: Contents, runs: Networks | Library) -> dict[str, np.ndarray]:
    if isinstance(runs, Networks):
        return {}
    found = {"at": runs.at, "back": runs.back, "atDistance": runs.distance}
    if not is_picture(runs.observations):
        # Levels end at what samples reach; decodings of other latents may go beyond.
        found["observations"] = runs.observations.reshape(len(runs.at), -1)
    return found


def _levels(x: np.ndarray, contents: Contents) -> np.ndarray:
    low, high = contents.reach
    return np.rint(255 * np.clip((x - low) / ((high - low) or 1.0), 0, 1)).astype(np.uint8)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([part.reshape(-1) for part in parts]) if parts else np.zeros(0, np.float32)


def _notes(runs: Networks | Library) -> list[str]:
    last = "Made by latentassay. This file needs no network: everything it shows is inside it."
    if isinstance(runs, Library):
        return [last]
    bits = "32 bits, as the model's own" if runs.exact else "16 bits with a scale for every row"
    return [f"The page runs the model itself, with weights of {bits}.", last]
