"""Matplotlib's drawing as the body of a small SVG: a few attributes for each element, colours of the page by name.

Matplotlib's own SVG backend writes for files that stand alone: fonts, styles and ids for every element, and it draws
every figure twice. A page needs neither.
"""

import base64
import io
import math
from functools import cache, lru_cache
from html import escape
from typing import Any, final

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex, to_rgba
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Transform
from PIL import Image

from latentassay.core.text import printable
from latentassay.plots.style import THEME

PIXELS_PER_POINT = 2.0
"""Resolution of maps that are interpolated: sharp on a screen of twice the usual density."""

FEW = 3
"""So many markers are written out; more are copies of one."""

ANCHORS = {"left": "start", "center": "middle", "right": "end"}
"""Alignments of Matplotlib as those of SVG."""

TOKENS = {
    "M": "M%.5g %.5g",
    "L": "L%.5g %.5g",
    "Q": "Q%.5g %.5g",
    "C": "C%.5g %.5g",
    ",": " %.5g %.5g",
    "z": "z%.0s%.0s",  # takes two numbers and writes none
}
"""How a point of each kind is written."""

KINDS = dict(zip(map(int, (Path.MOVETO, Path.LINETO, Path.CURVE3, Path.CURVE4, Path.CLOSEPOLY)), "MLQCz", strict=True))
"""Codes of Matplotlib as kinds of points."""


def path_data(path: Path, transform: Transform, *, clip: Any = None, simplify: bool = False) -> str:
    """Return a path as the ``d`` of an SVG path.

    >>> path_data(Path([[0, 0], [1, 0.5], [1, 2.125]]), Affine2D().scale(10))
    'M0 0L10 5L10 21.25'
    """
    clean = path.cleaned(transform, remove_nans=True, clip=clip, simplify=simplify, curves=True)
    codes, points = np.asarray(clean.codes).tolist(), np.asarray(clean.vertices)
    kinds = "".join([KINDS[code] for code in codes[:-1]]).replace("CCC", "C,,").replace("QQ", "Q,")  # the last is STOP
    return "".join([TOKENS[kind] for kind in kinds]) % tuple(points[: len(kinds)].ravel().tolist())


@lru_cache(maxsize=4096)
def text_size(text: str, font: FontProperties, math_text: Any) -> tuple[float, float, float]:
    """Return width, height and descent of a text in points; texts such as 0.5 come again in most figures."""
    width, height, descent = _RULER.get_text_width_height_descent(text, font, math_text)
    return width, height, descent


_RULER = RendererBase()


@cache
def colour(red: float, green: float, blue: float) -> str:
    """Return a colour as CSS, by its name where the page has one for it."""
    code = to_hex((red, green, blue))
    return f"var(--{THEME[code]})" if code in THEME else code


@final
class SvgRenderer(RendererBase):
    """Writes what a figure of 72 dots per inch draws; ``body`` is what lies inside the ``<svg>`` element.

    Args:
        width: of the figure in points.
        height: of the figure in points.
        name: prefix of all ids, unique on the page.
    """

    def __init__(self, width: float, height: float, name: str):
        super().__init__()
        self.width, self.height, self._name = width, height, name
        self._flip = Affine2D().scale(1, -1).translate(0, height)
        self._written: list[str] = []
        self._shared: dict[str, str] = {}
        self._group = ""
        self._path = ("", "")

    def body(self) -> str:
        """Return everything drawn so far."""
        self._enter("")
        shared = "".join(text.replace("ID", key, 1) for text, key in self._shared.items())
        return (f"<defs>{shared}</defs>" if shared else "") + "".join(self._written)

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: Any = None) -> None:
        """Write one path."""
        open_line = rgbFace is None and gc.get_hatch_path() is None
        clip = (0, 0, self.width, self.height) if open_line else None
        simplify = bool(open_line and path.should_simplify)
        data = path_data(path, transform + self._flip, clip=clip, simplify=simplify)
        if data:
            self._enter(self._clip(gc))
            self._write_path(data, self._look(gc, rgbFace))

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Any = None,
    ) -> None:
        """Write the same small path at many places."""
        places = (trans + self._flip).transform(path.vertices)
        if path.codes is not None:
            places = places[np.isin(path.codes, (Path.MOVETO, Path.LINETO))]
        places = places[np.isfinite(places).all(1)]
        if not len(places):
            return
        self._enter(self._clip(gc))
        look, shape = self._look(gc, rgbFace), marker_trans + Affine2D().scale(1, -1)
        if len(places) <= FEW:
            for x, y in places.tolist():
                self._write_path(path_data(marker_path, shape + Affine2D().translate(x, y)), look)
            return
        key = self._share(f'<path id="ID" d="{path_data(marker_path, shape)}"/>', "m")
        copies = [f'<use href="#{key}" x="{x:.5g}" y="{y:.5g}"/>' for x, y in places.tolist()]
        self._write(f'<g style="{look}">{"".join(copies)}</g>')

    def draw_image(self, gc: GraphicsContextBase, x: float, y: float, im: Any, transform: Any = None) -> None:
        """Write a picture ``(h, w, 4)`` of bytes, pixel by pixel where it comes with a transformation."""
        height, width = np.shape(im)[:2]
        if not height or not width:
            return
        self._enter(self._clip(gc))
        kind = ' class="tint"' if str(gc.get_gid()) == "tint" else ""
        data = base64.b64encode(encode_png(im)).decode("ascii")
        if transform is None:
            w, h = width / PIXELS_PER_POINT, height / PIXELS_PER_POINT
            place = f'transform="matrix(1 0 0 -1 {x:.5g} {self.height - y:.5g})" width="{w:.5g}" height="{h:.5g}"'
        else:
            whole = Affine2D().scale(1 / width, 1 / height) + transform + Affine2D().translate(x, y) + self._flip
            matrix = " ".join(f"{value:.6g}" for value in whole.get_matrix()[:2].T.ravel())
            place = f'transform="matrix({matrix})" width="{width}" height="{height}" style="image-rendering:pixelated"'
            if gc.get_alpha() != 1:
                place += f' opacity="{gc.get_alpha():.3g}"'
        self._write(f'<image{kind} {place} preserveAspectRatio="none" href="data:image/png;base64,{data}"/>')

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Text | None = None,
    ) -> None:
        """Write a text as text, formulas as outlines."""
        if ismath:
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        anchor = "start"
        if mtext is not None and (angle == 0 or mtext.get_rotation_mode() == "anchor"):
            x, y, anchor = self._anchored(mtext, x, y, angle)
        look = [f"font-size:{prop.get_size_in_points():.4g}px", f"fill:{colour(*gc.get_rgb()[:3])}"]
        look += [f"font-weight:{prop.get_weight()}"] if prop.get_weight() not in ("normal", 400) else []
        look += [f"text-anchor:{anchor}"] if anchor != "start" else []
        look += [f"opacity:{gc.get_alpha():.3g}"] if gc.get_alpha() != 1 else []
        turn = f' transform="rotate({-angle:.4g} {x:.5g} {y:.5g})"' if angle else ""
        self._enter(self._clip(gc))
        words = escape(printable(s), quote=False)
        self._write(f'<text x="{x:.5g}" y="{y:.5g}"{turn} style="{";".join(look)}">{words}</text>')

    def _anchored(self, text: Text, x: float, y: float, angle: float) -> tuple[float, float, str]:
        """The place that a text hangs on, so that it stays there in another font; and its end at that place."""
        at = self._flip.transform(text.get_transform().transform(text.get_unitless_position()))
        down = np.array([math.sin(math.radians(angle)), math.cos(math.radians(angle))])
        at = at + (np.array([x, y]) - at) @ down * down
        return float(at[0]), float(at[1]), ANCHORS[text.get_horizontalalignment()]

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        """Return the size of a text in points."""
        return text_size(s, prop, ismath)

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Return the size of the figure in points."""
        return self.width, self.height

    def points_to_pixels(self, points: Any) -> float:
        """Return points: there are 72 dots per inch."""
        return float(points)

    def flipy(self) -> bool:
        """Tell that y grows downwards in texts and pictures."""
        return True

    def option_image_nocomposite(self) -> bool:
        """Tell that pictures are written one by one."""
        return True

    def option_scale_image(self) -> bool:
        """Tell that pictures may be of any size."""
        return True

    def get_image_magnification(self) -> float:
        """Return how many pixels interpolated maps have for every point."""
        return PIXELS_PER_POINT

    def _write(self, text: str) -> None:
        self._written.append(text)
        self._path = ("", "")

    def _write_path(self, data: str, look: str) -> None:
        """Write a path, or lengthen the one before where both are opaque lines that look the same."""
        if look == self._path[1] and "opacity" not in look and look.startswith("fill:none"):
            data = self._path[0] + data
            self._written.pop()
        self._written.append(f'<path d="{data}" style="{look}"/>')
        self._path = (data, look)

    def _enter(self, clip: str) -> None:
        """Write what follows inside a group that is clipped so, or outside of all."""
        if clip != self._group:
            self._write(("</g>" if self._group else "") + (f'<g clip-path="url(#{clip})">' if clip else ""))
            self._group = clip

    def _share(self, text: str, kind: str) -> str:
        """Return the id under which a text is found in the definitions, where ``ID`` stands for it."""
        return self._shared.setdefault(text, f"{self._name}-{kind}{len(self._shared)}")

    def _clip(self, gc: GraphicsContextBase) -> str:
        rectangle: Any = gc.get_clip_rectangle()
        path: Any
        path, transform = gc.get_clip_path()
        if path is not None and transform is not None:
            shape = f'<path d="{path_data(path, transform + self._flip)}"/>'
        elif rectangle is not None:
            x, y, w, h = rectangle.bounds
            shape = f'<rect x="{x:.5g}" y="{self.height - y - h:.5g}" width="{w:.5g}" height="{h:.5g}"/>'
        else:
            return ""
        return self._share(f'<clipPath id="ID">{shape}</clipPath>', "c")

    def _look(self, gc: GraphicsContextBase, face: Any) -> str:
        """How a path is filled and drawn, as CSS."""
        forced = gc.get_alpha() if gc.get_forced_alpha() else None
        look = [f"fill:{self._fill(gc, face)}"]
        if face is not None and len(face) == 4 and face[3] != 1 and forced is None:
            look.append(f"fill-opacity:{face[3]:.3g}")
        if forced is not None and forced != 1:
            look.append(f"opacity:{forced:.3g}")
        if gc.get_linewidth():
            look += _stroke(gc, forced)
        return ";".join(look)

    def _fill(self, gc: GraphicsContextBase, face: Any) -> str:
        hatch = gc.get_hatch_path(6.0) if gc.get_hatch() is not None else None
        if hatch is None:
            return "none" if face is None else colour(*map(float, face[:3]))
        *rgb, alpha = to_rgba(gc.get_hatch_color())
        look = f"stroke:{colour(*rgb)};stroke-width:{gc.get_hatch_linewidth():.3g};stroke-opacity:{alpha:.3g}"
        lines = f'<path d="{path_data(hatch, Affine2D().scale(72))}" style="{look}"/>'
        pattern = f'<pattern id="ID" patternUnits="userSpaceOnUse" width="72" height="72">{lines}</pattern>'
        return f"url(#{self._share(pattern, 'h')})"


def _stroke(gc: GraphicsContextBase, forced: float | None) -> list[str]:
    rgb, (offset, dashes) = gc.get_rgb(), gc.get_dashes()
    look = [f"stroke:{colour(*rgb[:3])}", f"stroke-width:{gc.get_linewidth():.3g}"]
    if len(rgb) == 4 and rgb[3] != 1 and forced is None:
        look.append(f"stroke-opacity:{rgb[3]:.3g}")
    if dashes is not None:
        look.append(f"stroke-dasharray:{','.join(f'{dash:.3g}' for dash in np.asarray(dashes).tolist())}")
        look += [f"stroke-dashoffset:{offset:.3g}"] if offset else []
    if gc.get_joinstyle() != "round":
        look.append(f"stroke-linejoin:{gc.get_joinstyle()}")
    if gc.get_capstyle() != "butt":
        look.append(f"stroke-linecap:{'square' if gc.get_capstyle() == 'projecting' else gc.get_capstyle()}")
    return look


def encode_png(pixels: np.ndarray) -> bytes:
    """Return pixels ``(h, w, 4)`` as a PNG, without opacity or colour where there is none."""
    opaque = bool((pixels[..., 3] == 255).all())
    grey = bool((pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all())
    kept = {(True, True): [0], (True, False): [0, 3], (False, True): [0, 1, 2], (False, False): [0, 1, 2, 3]}
    channels = np.ascontiguousarray(pixels[..., kept[grey, opaque]])
    buffer = io.BytesIO()
    Image.fromarray(channels[..., 0] if channels.shape[-1] == 1 else channels).save(buffer, "png", compress_level=4)
    return buffer.getvalue()
