"""One HTML file: contents, weights and scripts inside."""

import base64
import json
from importlib import resources
from typing import Any

import numpy as np
from markupsafe import Markup

from latentassay.explore.bundle import bundle
from latentassay.explore.contents import GRID, Contents, as_json
from latentassay.explore.network import Networks
from latentassay.report.templates import template


def render(contents: Contents, networks: Networks, *, title: str, subject: str, shapes: dict[str, Any]) -> str:
    """Return the page.

    Args:
        contents: what it shows.
        networks: what it runs.
        title: heading.
        subject: line under it.
        shapes: ``xShape`` and ``latentShape``.
    """
    arrays, payload = _arrays(contents, networks.packed.payload)
    facts = {
        **as_json(contents),
        **shapes,
        "networks": networks.as_json(),
        "arrays": arrays,
        "mapSide": GRID,
    }
    files = resources.files("latentassay.explore")
    return template("explore", "page.html.jinja").render(
        title=title,
        subject=subject,
        look=Markup((files / "explore.css").read_text("utf-8")),
        drawn_from=contents.drawn_from,
        quantile="99 %",
        notes=_notes(networks),
        facts=_script(json.dumps(facts, separators=(",", ":"))),
        bytes=Markup(base64.b64encode(payload).decode()),
        worker=_script(bundle("worker.js")),
        main=_script(bundle("main.js")),
    )


def _script(text: str) -> Markup:
    """Text inside a script element, which only its end tag and comments could end early."""
    return Markup(text.replace("</", "<\\/").replace("<!--", "<\\!--"))


def _arrays(contents: Contents, weights: bytes) -> tuple[dict[str, Any], bytes]:
    """Put all arrays behind the weights; return where each lies."""
    low, high = contents.reach
    levels = np.clip((contents.samples - low) / ((high - low) or 1.0), 0, 1)
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
        "samples": np.rint(255 * levels).astype(np.uint8),
    }
    places, blocks, at = {}, [weights], len(weights)
    for name, array in parts.items():
        small = array.dtype == np.uint8
        block = array.tobytes() if small else array.astype("<f4").tobytes()
        places[name] = {"kind": "u8" if small else "f32", "at": at, "count": array.size}
        blocks.append(block)
        at += len(block)
    return places, b"".join(blocks)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([part.reshape(-1) for part in parts]) if parts else np.zeros(0, np.float32)


def _notes(networks: Networks) -> list[str]:
    bits = "32 bits, as the model's own" if networks.exact else "16 bits with a scale for every row"
    return [
        f"Everything runs in this page: weights of {bits}; decodings agree with torch within 0.001 of what they reach.",
        "Made by latentassay. This file needs no network: everything it shows is inside it.",
    ]
