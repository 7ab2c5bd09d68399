"""Colour scales beside, below and above pictures, each drawn as one small artist.

A scale needs a strip of colours, a few numbers and a label. As axes of its own it would cost a tenth of a figure, and
its distance from the picture would depend on how large that is.
"""

from typing import Any, Literal, final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox, BboxBase, BboxTransformTo, IdentityTransform

from latentassay.plots.layout import ruler

Renderer = Any
"""What an artist is drawn with. Where matplotlib writes SVG or PDF it is no ``RendererBase``, though it acts as one."""

THICK = 0.095
"""Inches of the strip of colours across."""

TICK = 0.04
"""Inches of a tick,"""

AIR = 0.03
"""and between it and its number, and between numbers and the label."""

EVERY = 0.42
"""Inches of a scale for every number on it."""

Side = Literal["right", "below", "above"]


@final
class ColourScale(Artist):
    """The colours of a picture with their values.

    Args:
        ax: the picture's axes.
        image: what is coloured; its norm and colours are those of the scale.
        label: what the values are.
        side: of the axes.
        apart: inches between axes and strip.
        along: where the strip begins and ends, in shares of the axes.
        ink: colour of texts.
        frame: colour of the frame and the ticks.
        size: points of the numbers; the label is a little larger.
    """

    def __init__(
        self,
        ax: Axes,
        image: AxesImage,
        label: str,
        *,
        side: Side,
        apart: float,
        along: tuple[float, float],
        ink: str,
        frame: str,
        size: float,
    ):
        super().__init__()
        self.label, self.side = label, side
        self._ax, self._apart, self._along = ax, apart, along
        low, high = image.get_clim()
        steps = np.linspace(low, high, 128)
        self._limits = float(low), float(high)
        norm = Normalize(low, high)
        self._strip = AxesImage(ax, cmap=image.get_cmap(), norm=norm, interpolation="none", extent=(0, 1, 0, 1))
        self._strip.origin = "lower"
        self._strip.set_data(steps[:, None] if side == "right" else steps[None, :])
        self._strip.set_gid("tint")
        self._frame = Rectangle((0, 0), 1, 1, fill=False, edgecolor=frame, linewidth=0.7)
        self._ticks = Line2D([], [], color=frame, linewidth=0.7)
        self._name = Text(0, 0, label, color=ink, fontsize=size + 1, parse_math=False)
        self._numbers: list[Text] = []
        self._look: dict[str, Any] = {"color": ink, "fontsize": size, "parse_math": False}
        self.set_clip_on(False)

    @property
    def parts(self) -> tuple[Artist, ...]:
        """What the scale is made of: strip, frame, ticks, numbers, label; the label is the last."""
        return self._strip, self._frame, self._ticks, *self._numbers, self._name

    def draw(self, renderer: Renderer) -> None:
        """Draw strip, frame, ticks, numbers and label where the axes are now."""
        if not self.get_visible():
            return
        self._arrange(renderer)
        for part in self.parts:
            part.draw(renderer)
        self.stale = False

    def get_window_extent(self, renderer: Renderer = None) -> Bbox:
        """Return the box of the strip and all texts in dots."""
        measure = renderer or ruler(self._ax.figure.dpi)
        box = self._arrange(measure)
        texts = [text for text in (*self._numbers, self._name) if text.get_text()]
        return Bbox.union([box, *(text.get_window_extent(measure) for text in texts)])

    def get_tightbbox(self, renderer: Renderer = None) -> Bbox:
        """Return the same: nothing is clipped."""
        return self.get_window_extent(renderer)

    def _arrange(self, renderer: Renderer) -> Bbox:
        """Put every part in its place, and return the box of the strip."""
        inch = float(np.asarray(renderer.points_to_pixels(72)))
        box = self._box(self._ax.bbox, inch)
        self._strip.set_transform(BboxTransformTo(box))
        self._frame.set_bounds(*box.bounds)
        length = box.height if self.side == "right" else box.width
        low, high = self._limits
        locator = MaxNLocator(int(np.clip(length / inch / EVERY, 1, 5)), steps=[1, 2, 5, 10])
        values, slack = np.asarray(locator.tick_values(low, high)), 1e-9 * (high - low)
        values = values[(values >= low - slack) & (values <= high + slack)]
        self._number(box, values, inch)
        parts = self.parts
        for part in parts:
            part.set_figure(self._ax.figure)
            part.set_clip_on(False)
        for part in parts[1:]:
            part.set_transform(IdentityTransform())
        self._entitle(box, renderer, inch)
        return box

    def _box(self, ax: BboxBase, inch: float) -> Bbox:
        start, end = self._along
        if self.side == "right":
            left = ax.x1 + self._apart * inch
            return Bbox.from_extents(left, ax.y0 + start * ax.height, left + THICK * inch, ax.y0 + end * ax.height)
        bottom = ax.y1 + self._apart * inch if self.side == "above" else ax.y0 - (self._apart + THICK) * inch
        return Bbox.from_extents(ax.x0 + start * ax.width, bottom, ax.x0 + end * ax.width, bottom + THICK * inch)

    def _number(self, box: Bbox, values: np.ndarray, inch: float) -> None:
        """Write numbers behind ticks on the far side of the strip."""
        low, high = self._limits
        shares = (values - low) / ((high - low) or 1.0)
        if self.side == "right":
            at = box.y0 + shares * box.height
            ends, place = (box.x1, box.x1 + TICK * inch), box.x1 + (TICK + AIR) * inch
        else:
            at, away = box.x0 + shares * box.width, 1 if self.side == "above" else -1
            edge = box.y1 if self.side == "above" else box.y0
            ends, place = (edge, edge + away * TICK * inch), edge + away * (TICK + AIR) * inch
        gaps = np.full(len(at), np.nan)
        across, down = np.tile([*ends, np.nan], (len(at), 1)), np.stack([at, at, gaps], 1)
        self._ticks.set_data(*(np.ravel(xy) for xy in ((across, down) if self.side == "right" else (down, across))))
        looks = {"right": ("left", "center_baseline"), "below": ("center", "top"), "above": ("center", "bottom")}
        ha, va = looks[self.side]
        places = [(place, y) if self.side == "right" else (y, place) for y in at.tolist()]
        texts = [_number(value) for value in values.tolist()]
        if texts != [text.get_text() for text in self._numbers]:
            self._numbers = [Text(0, 0, text, ha=ha, va=va, **self._look) for text in texts]
        for text, xy in zip(self._numbers, places, strict=True):
            text.set_position(xy)

    def _entitle(self, box: Bbox, renderer: Renderer, inch: float) -> None:
        """Put the label beyond the numbers: along an upright scale, in the middle below, at the left above."""
        boxes = Bbox.union([box, *(text.get_window_extent(renderer) for text in self._numbers)])
        if self.side == "right":
            self._name.set(x=boxes.x1 + AIR * inch, y=(box.y0 + box.y1) / 2, rotation=90, rotation_mode="anchor")
            self._name.set(ha="center", va="top")
        elif self.side == "below":
            self._name.set(x=(box.x0 + box.x1) / 2, y=boxes.y0 - AIR * inch, ha="center", va="top")
        else:
            self._name.set(x=box.x0, y=boxes.y1 + 2 * AIR * inch, ha="left", va="bottom")


def _number(value: float) -> str:
    """Write a round number; what is left of 0 after rounding is 0.

    >>> [_number(value) for value in (-0.5, -1e-17, 2e-06)]
    ['−0.5', '0', '2e−06']
    """
    return f"{value if abs(value) > 1e-12 else 0.0:.6g}".replace("-", "−")
