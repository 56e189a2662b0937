"""Figures measured in inches, and the look that all of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from vip_reward_node.video import Image

INK = "#22313f"
BLUE = "#2f6db5"
GREEN = "#3a9d5d"
RED = "#d1495b"
GREY = "#9aa5b1"


class Page:
    """A figure on which everything is placed in inches from its lower left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height), dpi=160, facecolor="white")
        FigureCanvasAgg(self.figure)

    def axes(self, x: float, y: float, wide: float, high: float, sharex: Axes | None = None) -> Axes:
        """Return new axes at that place."""
        box = (x / self.width, y / self.height, wide / self.width, high / self.height)
        return self.figure.add_axes(box, sharex=sharex)

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        """Write a text whose middle is at that height."""
        style = {"color": INK, "va": "center", **style}
        self.figure.text(x / self.width, y / self.height, text, **style)

    def picture(self, place: tuple[float, float, float, float], rgb: Image, colour: str = INK) -> Axes:
        """Show an image uint8 [H, W, 3] at (x, y, wide, high), framed in a colour."""
        axes = self.axes(*place)
        axes.imshow(rgb, interpolation="antialiased", aspect="auto")
        axes.set_xticks(())
        axes.set_yticks(())
        for spine in axes.spines.values():
            spine.set(edgecolor=colour, linewidth=1.6 if colour == GREEN else 0.6)
        return axes

    def save(self, path: Path) -> None:
        """Write the figure; the ending of the path says whether as PNG, PDF or SVG."""
        self.figure.savefig(path)


def dress(axes: Axes) -> None:
    """Give curves the common look: two thin spines, small ticks and faint horizontal lines."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=GREY, linewidth=0.8)
    axes.tick_params(labelsize=7.5, colors=INK, length=2.5)
    axes.grid(axis="y", color=GREY, alpha=0.25, linewidth=0.5)
    axes.set_axisbelow(True)
