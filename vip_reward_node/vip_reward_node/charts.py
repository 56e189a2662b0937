"""Curves of the newest rewards, drawn into rectangles of a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from vip_reward_node.history import Columns
from vip_reward_node.text import Colour, TextLayer
from vip_reward_node.video import Image

BACKGROUND: Colour = (19, 24, 31)
PANEL: Colour = (28, 35, 44)
GRID: Colour = (50, 60, 72)
INK: Colour = (226, 232, 238)
DIM: Colour = (138, 151, 165)
BLUE: Colour = (92, 164, 245)
GREEN: Colour = (86, 199, 126)
RED: Colour = (237, 98, 110)


@dataclass(frozen=True)
class Box:
    """A rectangle of the picture, px."""

    x: int
    y: int
    wide: int
    high: int

    def view(self, canvas: Image) -> Image:
        """Return the rectangle's pixels."""
        return canvas[self.y : self.y + self.high, self.x : self.x + self.wide]


@dataclass(frozen=True)
class Chart:
    """One curve: times and values [T], how to draw it, and the axis it is drawn in."""

    times: np.ndarray
    values: np.ndarray
    low: float
    high: float
    starts: np.ndarray
    colour: Colour
    bars: bool = False

    @classmethod
    def of_distance(cls, shown: Columns) -> Chart:
        """Return the chart of distances, from 0."""
        return cls._of(shown, shown.distance, 0.0, BLUE)

    @classmethod
    def of_progress(cls, shown: Columns) -> Chart:
        """Return the chart of progress, at least from 0 to 1 and never beyond -1 and 2.

        An episode that begins at its goal has no way to go, and its progress no bounds.
        """
        return cls._of(shown, np.clip(shown.progress, -1.0, 2.0), 1.0, GREEN)

    @classmethod
    def of_reward(cls, shown: Columns) -> Chart:
        """Return the chart of rewards, symmetric about 0."""
        chart = cls._of(shown, shown.reward, 0.0, GREEN)
        reach = max(abs(chart.low), abs(chart.high))
        return cls(chart.times, chart.values, -reach, reach, chart.starts, chart.colour, True)

    @classmethod
    def _of(cls, shown: Columns, values: np.ndarray, high: float, colour: Colour) -> Chart:
        low = 0.0
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
        if high - low < 1e-9:
            high = low + 1.0
        return cls(shown.time, values, low, high * 1.05 if high > 0.0 else high, shown.starts, colour)


def draw_axis(canvas: Image, text: TextLayer, chart: Chart, box: Box) -> None:
    """Draw the lines and numbers of a chart's values into an empty box of the canvas and beside it."""
    values = ticks(chart.low, chart.high, 4 if box.high > 120 else 3)
    for tick, row in zip(values, _rows(chart, box, np.array(values)), strict=True):
        canvas[row, box.x : box.x + box.wide] = GRID
        text.add(f"{tick:.4g}", (box.x - 8, int(row)), DIM, 12, "rm")


def draw_chart(canvas: Image, text: TextLayer, chart: Chart, box: Box, now: float, window: float) -> None:
    """Draw a chart over its axis: the box's right edge is now (s), its width the window (s)."""
    if not chart.values.size:
        return
    columns = np.round(box.x + (chart.times - (now - window)) / window * (box.wide - 1)).astype(int)
    rows = _rows(chart, box, chart.values)
    _draw_starts(canvas, chart, box, now, window)
    if chart.bars:
        _draw_bars(canvas, chart, box, columns, rows)
    else:
        line = np.stack([columns, rows], axis=1).astype(np.int32).reshape(-1, 1, 2)
        episodes = np.split(line, np.searchsorted(chart.times, chart.starts))
        parts = [part for part in episodes if len(part)]
        # A core between two soft edges looks like a thick line and is drawn in half its time.
        for shift, kind in ((-1, cv2.LINE_AA), (1, cv2.LINE_AA), (0, cv2.LINE_8)):
            shifted = [part + np.array((0, shift), np.int32) for part in parts]
            cv2.polylines(canvas, shifted, False, chart.colour, 1, kind)
        cv2.circle(canvas, (int(columns[-1]), int(rows[-1])), 4, chart.colour, -1, cv2.LINE_AA)
    text.add(f"{chart.values[-1]:.3g}", (box.x + box.wide, box.y - 8), INK, 15, "rs")


def _draw_bars(canvas: Image, chart: Chart, box: Box, columns: np.ndarray, rows: np.ndarray) -> None:
    zero = int(_rows(chart, box, np.array([0.0]))[0]) - box.y
    gaps = np.diff(columns)
    half = min(max(int(np.median(gaps) * 0.4), 0), 6) if gaps.size else 2
    # The shortest first: where several share a column of pixels, what is written last is the longest.
    order = np.argsort(np.abs(chart.values))
    tips, up = (rows - box.y)[order].astype(np.int16), (chart.values >= 0.0)[order]
    places = np.clip(columns[order, None] - box.x + np.arange(-half, half + 1), 0, box.wide - 1)
    # Of each column of pixels: where its bars begin and end; beyond zero where it has none on that side.
    top, bottom = np.full(box.wide, zero + 1, np.int16), np.full(box.wide, zero, np.int16)
    top[places[up]] = tips[up, None]
    bottom[places[~up]] = tips[~up, None]
    down_rows = np.arange(box.high, dtype=np.int16)[:, None]
    view = box.view(canvas)
    for where, colour in (
        ((down_rows >= top) & (down_rows <= zero), GREEN),
        ((down_rows > zero) & (down_rows <= bottom), RED),
    ):
        cv2.copyTo(_plain(colour, box), where.view(np.uint8), view)


@lru_cache
def _plain(colour: Colour, box: Box) -> Image:
    return np.full((box.high, box.wide, 3), colour, np.uint8)


def _draw_starts(canvas: Image, chart: Chart, box: Box, now: float, window: float) -> None:
    for start in chart.starts:
        column = round(box.x + (start - (now - window)) / window * (box.wide - 1))
        box.view(canvas)[::6, min(max(column - box.x, 0), box.wide - 1)] = DIM


def draw_faults(
    canvas: Image,
    text: TextLayer,
    faults: Sequence[tuple[float, str]],
    box: Box,
    now: float,
    window: float,
) -> None:
    """Draw a line where the guard latched a fault; faults are (time in s, name)."""
    for time, name in faults:
        column = round((time - (now - window)) / window * (box.wide - 1))
        box.view(canvas)[:, min(max(column, 0), box.wide - 2) :][:, :2] = RED
        side = "rs" if column > box.wide // 2 else "ls"
        text.add(name, (box.x + column + (-4 if side == "rs" else 6), box.y + 16), RED, 12, side)


def draw_time_axis(text: TextLayer, box: Box, window: float) -> None:
    """Write the times before now (s) under a box."""
    for tick in ticks(-window, 0.0, 4):
        column = round(box.x + (1.0 + tick / window) * (box.wide - 1))
        label = "now" if tick == 0.0 else f"{tick:.3g} s"
        text.add(label, (column, box.y + box.high + 16), DIM, 12, "rs" if tick == 0.0 else "ms")


def _rows(chart: Chart, box: Box, values: np.ndarray) -> np.ndarray:
    """Return the rows of pixels in which values of the chart lie."""
    share = (values - chart.low) / (chart.high - chart.low)
    return np.clip(np.round(box.y + (1.0 - share) * (box.high - 1)), box.y, box.y + box.high - 1).astype(int)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Return about count round values (1, 2 or 5 times a power of ten apart) within [low, high]."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]
