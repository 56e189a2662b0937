"""The picture in which several encoders are compared: a panel per video, a colour per encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import ConnectionPatch
from matplotlib.ticker import MaxNLocator

from vip_reward_node.metrics import bumps, voc
from vip_reward_node.page import GREEN, GREY, INK, Page, dress
from vip_reward_node.thumbnails import cropped, spread
from vip_reward_node.video import Image, TimedFrame

# Okabe and Ito's colours, told apart by colour-blind readers too; then the same with dashes.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#3b3b3b", "#8c6d31")
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))

# Inches.
LEFT, RIGHT, GAP, BOTTOM = 0.58, 0.12, 0.28, 0.04
CURVE_HEIGHT, TITLE, STRIP_GAP, LABELS, ROW_GAP = 2.1, 0.28, 0.2, 0.18, 0.2
LEGEND_LINE, LEGEND_LETTER, LEGEND_HANDLE = 0.16, 0.062, 0.6
THUMBNAIL_GAP, THUMBNAIL_HEIGHT = 0.05, 1.0
# Width of a panel and how many frames are shown under it, by the number of panels in a row.
LAYOUTS = {1: (6.6, 7), 2: (4.6, 6), 3: (3.7, 5)}


@dataclass(frozen=True)
class ComparedCurve:
    """One encoder on one video: stamps [T] (s) and distances still to go [T]; empty where it failed."""

    label: str
    stamps: np.ndarray
    distances: np.ndarray

    @property
    def normalised(self) -> np.ndarray:
        """Return the distances divided by the first [T]."""
        first = float(self.distances[0]) if self.distances.size else 0.0
        return self.distances / first if first > 0.0 else self.distances


@dataclass(frozen=True)
class Panel:
    """One video: its curves (the same encoders in the same order everywhere), a few frames, and the goal."""

    title: str
    curves: Sequence[ComparedCurve]
    frames: Sequence[TimedFrame]
    goal: Image | None = None
    ends_in_goal: bool = True


def save_panels(panels: Sequence[Panel], path: Path) -> None:
    """Draw one panel per video, curves over frames, and write it (PNG, PDF or SVG)."""
    columns = 2 if len(panels) == 4 else min(len(panels), 3)
    width, frames = LAYOUTS[columns]
    panels = [replace(panel, frames=spread(panel.frames, frames)) for panel in panels]
    page_width = LEFT + columns * width + (columns - 1) * GAP + RIGHT
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    strips = [max(_thumbnail_height(panel, width) for panel in row) for row in rows]
    labels = _labels(panels)
    entry = LEGEND_HANDLE + LEGEND_LETTER * max(len(label) for label in labels)
    entries = max(int((page_width - LEFT) / entry), 1)
    legend = LEGEND_LINE * -(-len(labels) // entries) + 0.12
    heights = [TITLE + CURVE_HEIGHT + STRIP_GAP + strip + LABELS + ROW_GAP for strip in strips]
    page = Page(page_width, sum(heights) - ROW_GAP + legend + BOTTOM)
    _draw_legend(page, labels, entries)
    limits = _limits(panels)
    top = page.height - legend
    for row, height in zip(rows, heights, strict=True):
        for column, panel in enumerate(row):
            x, y = LEFT + column * (width + GAP), top - TITLE - CURVE_HEIGHT
            axes = page.axes(x, y, width, CURVE_HEIGHT)
            page.text(x, y + CURVE_HEIGHT + 0.13, panel.title, fontsize=10, fontweight="bold")
            _draw_curves(axes, panel, limits, first=column == 0)
            _draw_frames(page, panel, axes, (x, y - STRIP_GAP, width))
        top -= height
    page.save(path)


def _draw_curves(axes: Axes, panel: Panel, limits: tuple[float, float], first: bool) -> None:
    for number, curve in enumerate(panel.curves):
        colour, dash = _style(number)
        axes.plot(curve.stamps, curve.normalised, color=colour, linestyle=dash, linewidth=1.7)
    axes.axhline(1.0, color=GREY, linewidth=0.6, linestyle=(0, (2, 3)), zorder=0)
    axes.set_xlim(0.0, max(float(curve.stamps[-1]) for curve in panel.curves if curve.stamps.size))
    axes.set_ylim(*limits)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    # The times stand under the frames.
    axes.set_xticks([frame.stamp for frame in panel.frames], labels=[])
    dress(axes)
    if first:
        axes.set_ylabel("distance to goal / first distance", fontsize=8.5, color=INK)
    else:
        axes.tick_params(labelleft=False)


def _draw_frames(page: Page, panel: Panel, curve: Axes, place: tuple[float, float, float]) -> None:
    """Show the frames side by side, each tied to its time on the curves' axis, and the goal image last."""
    x, top, width = place
    pictures = [frame.rgb for frame in panel.frames] + ([] if panel.goal is None else [panel.goal])
    high = _thumbnail_height(panel, width)
    wide = high * _shape(panel)
    y = top - high
    step = (width - wide) / max(len(pictures) - 1, 1)
    for number, rgb in enumerate(pictures):
        goal = number == len(pictures) - 1 and (panel.goal is not None or panel.ends_in_goal)
        colour = GREEN if goal else INK
        axes = page.picture((x + number * step, y, wide, high), cropped(rgb, wide / high), colour)
        label = "goal"
        if number < len(panel.frames):
            time = panel.frames[number].stamp
            label = f"{time:.1f} s" + (" = goal" if goal else "")
            page.figure.add_artist(
                ConnectionPatch(
                    (0.5, 1.0), (time, 0.0), "axes fraction", curve.get_xaxis_transform(), axesA=axes,
                    axesB=curve, color=GREY, linewidth=0.6, zorder=0,
                )
            )  # fmt: skip
        axes.set_xlabel(label, fontsize=7, color=colour, labelpad=2.0)


def _limits(panels: Sequence[Panel]) -> tuple[float, float]:
    """Return the range of the vertical axis that all panels share."""
    values = np.concatenate([curve.normalised for panel in panels for curve in panel.curves])
    return min(0.0, float(values.min())), 1.04 * max(1.0, float(values.max()))


def _labels(panels: Sequence[Panel]) -> list[str]:
    """Return the encoders' names with their means over the videos."""
    labels = []
    for number, curve in enumerate(panels[0].curves):
        curves = [panel.curves[number].distances for panel in panels]
        curves = [values for values in curves if values.size]
        figures = [float(np.mean([figure(values) for values in curves])) for figure in (bumps, voc)]
        labels.append(f"{curve.label}   bumps {figures[0]:.2f}  VOC {figures[1]:+.2f}")
    return labels


def _draw_legend(page: Page, labels: Sequence[str], entries: int) -> None:
    handles = []
    for number, label in enumerate(labels):
        colour, dash = _style(number)
        handles.append(Line2D([], [], color=colour, linestyle=dash, linewidth=2.2, label=label))
    page.figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(LEFT / page.width, 1.0 - 0.06 / page.height),
        ncols=min(entries, len(handles)), frameon=False, fontsize=8, labelcolor=INK, handlelength=1.8,
        columnspacing=1.8, borderaxespad=0.0, borderpad=0.0, labelspacing=0.35,
    )  # fmt: skip


def _style(number: int) -> tuple[str, Any]:
    return COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]


def _thumbnail_height(panel: Panel, width: float) -> float:
    """Return how high the thumbnails are when they fill the panel's width side by side, inches."""
    count = len(panel.frames) + (panel.goal is not None)
    place = (width - THUMBNAIL_GAP * (count - 1)) / count
    return min(place / _shape(panel), THUMBNAIL_HEIGHT)


def _shape(panel: Panel) -> float:
    """Return width / height of the video."""
    high, wide = panel.frames[0].rgb.shape[:2]
    return wide / high
