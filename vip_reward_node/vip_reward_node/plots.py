"""Figures of a distance-to-goal curve with the frames it was computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch
from matplotlib.ticker import MaxNLocator

from vip_reward_node.metrics import bumps, voc
from vip_reward_node.video import Image, TimedFrame

INK = "#22313f"
BLUE = "#2f6db5"
GREEN = "#3a9d5d"
RED = "#d1495b"
GREY = "#9aa5b1"

# Inches.
WIDTH = 8.0
LEFT, SPAN = 0.68, 6.72
GAP = 0.06
MAX_THUMBNAIL = 1.3


@dataclass(frozen=True)
class Curve:
    """What one figure shows.

    Args:
        title: name of the video or episode.
        encoder: encoder id, for the caption.
        stamps: time of each frame [T], s.
        distances: distance to the goal of each frame [T].
        frames: a few frames with their stamps, in order, for the strip above the curve.
        goal: goal image uint8 [H, W, 3]; None: the last of the frames is the goal.
    """

    title: str
    encoder: str
    stamps: np.ndarray
    distances: np.ndarray
    frames: Sequence[TimedFrame] = ()
    goal: Image | None = None


def save_curve(curve: Curve, path: Path) -> None:
    """Draw the curve with thumbnails above and the rewards below it, and write it (PNG, PDF or SVG)."""
    strip = _Strip.of(curve)
    page = _Page(strip.height + 4.3)
    value = page.axes(LEFT, 1.65, SPAN, 2.0)
    _draw_distance(value, curve)
    _draw_rewards(page.axes(LEFT, 0.5, SPAN, 0.9, sharex=value), curve)
    _draw_strip(page, strip, value, curve)
    _draw_caption(page, curve)
    page.figure.savefig(path)


class _Page:
    """A figure measured in inches from its lower left corner."""

    def __init__(self, height: float) -> None:
        self.height = height
        self.figure = Figure(figsize=(WIDTH, height), dpi=160, facecolor="white")
        FigureCanvasAgg(self.figure)

    def axes(self, x: float, y: float, wide: float, high: float, sharex: Axes | None = None) -> Axes:
        box = (x / WIDTH, y / self.height, wide / WIDTH, high / self.height)
        return self.figure.add_axes(box, sharex=sharex)

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        self.figure.text(x / WIDTH, y / self.height, text, color=INK, va="center", **style)


@dataclass(frozen=True)
class _Strip:
    """Where the thumbnails go (inches): all of one size, side by side, as wide as the curve."""

    count: int
    width: float
    height: float

    @classmethod
    def of(cls, curve: Curve) -> _Strip:
        count = len(curve.frames) + (curve.goal is not None)
        if not count:
            return cls(0, 0.0, 0.0)
        high, wide = (curve.frames[0].rgb if curve.frames else curve.goal).shape[:2]  # type: ignore[union-attr]
        width = min((SPAN - GAP * (count - 1)) / count, MAX_THUMBNAIL * wide / high)
        return cls(count, width, width * high / wide)

    def left(self, column: int) -> float:
        spare = SPAN - self.count * self.width
        return LEFT + column * (self.width + spare / max(self.count - 1, 1))


def _draw_distance(axes: Axes, curve: Curve) -> None:
    initial = float(curve.distances[0])
    axes.plot(curve.stamps, curve.distances, color=BLUE, linewidth=1.8, solid_joinstyle="round")
    axes.fill_between(curve.stamps, curve.distances, color=BLUE, alpha=0.10, linewidth=0)
    axes.set_ylabel("distance to goal  $\\|\\phi(o_t)-\\phi(g)\\|_2$", fontsize=8.5, color=INK)
    axes.set_ylim(0.0, 1.08 * max(float(curve.distances.max()), 1e-6))
    axes.tick_params(labelbottom=False)
    axes.patch.set_visible(False)
    _dress(axes)
    if initial > 0.0:
        convert = (lambda d: 1.0 - np.asarray(d) / initial, lambda p: (1.0 - np.asarray(p)) * initial)
        twin = axes.secondary_yaxis("right", functions=convert)
        twin.set_ylabel("progress", fontsize=8.5, color=INK)
        twin.tick_params(labelsize=7.5, colors=INK, length=2.5)
        twin.spines["right"].set_visible(False)


def _draw_rewards(axes: Axes, curve: Curve) -> None:
    rewards = -np.diff(curve.distances)
    width = float(np.median(np.diff(curve.stamps))) * 0.8
    axes.bar(curve.stamps[1:], rewards, width, color=np.where(rewards < 0.0, RED, GREEN), linewidth=0)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    axes.set_ylabel("reward", fontsize=8.5, color=INK)
    axes.set_xlabel("time [s]", fontsize=8.5, color=INK)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_xlim(curve.stamps[0], curve.stamps[-1] + width / 2)
    _dress(axes)


def _draw_strip(page: _Page, strip: _Strip, value: Axes, curve: Curve) -> None:
    for column, frame in enumerate(curve.frames):
        goal = curve.goal is None and column == len(curve.frames) - 1
        label = f"{frame.stamp:.1f} s{' = goal' if goal else ''}"
        axes = _picture(page, strip, column, frame.rgb, label, GREEN if goal else INK)
        index = int(np.argmin(np.abs(curve.stamps - frame.stamp)))
        point = (float(curve.stamps[index]), float(curve.distances[index]))
        value.plot(*point, "o", color="white", markeredgecolor=BLUE, markersize=4.5, clip_on=False, zorder=4)
        page.figure.add_artist(
            ConnectionPatch(
                (0.5, 0.0), point, "axes fraction", "data", axesA=axes, axesB=value,
                color=GREY, linewidth=0.6, linestyle=(0, (3, 3)), zorder=0, shrinkB=3,
            )
        )  # fmt: skip
    if curve.goal is not None:
        _picture(page, strip, len(curve.frames), curve.goal, "goal", GREEN)


def _picture(page: _Page, strip: _Strip, column: int, rgb: Image, label: str, colour: str) -> Axes:
    axes = page.axes(strip.left(column), 3.85, strip.width, strip.height)
    axes.imshow(rgb, interpolation="antialiased")
    axes.set_title(label, fontsize=7.5, color=colour, pad=2.5)
    axes.set_xticks(())
    axes.set_yticks(())
    for spine in axes.spines.values():
        spine.set(edgecolor=colour, linewidth=1.6 if colour == GREEN else 0.6)
    return axes


def _draw_caption(page: _Page, curve: Curve) -> None:
    y = page.height - 0.17
    page.text(LEFT, y, curve.title, fontsize=11, fontweight="bold")
    facts = (
        f"{curve.encoder}    frames {len(curve.distances)}    "
        f"bumps {bumps(curve.distances):.2f}    VOC {voc(curve.distances):+.2f}"
    )
    page.text(LEFT + SPAN, y, facts, fontsize=8, ha="right")


def _dress(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=GREY, linewidth=0.8)
    axes.tick_params(labelsize=7.5, colors=INK, length=2.5)
    axes.grid(axis="y", color=GREY, alpha=0.25, linewidth=0.5)
    axes.set_axisbelow(True)
