"""Curves of the newest rewards, drawn into rectangles of a picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

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
class Point:
    """One reward: time in s, the rest as in Reward.msg."""

    time: float
    distance: float
    initial_distance: float
    progress: float
    reward: float
    goal: str = ""
    subgoal_index: int = 0
    subgoal_count: int = 1

    @property
    def title(self) -> str:
        """The goal's name, with the subgoal in force where there are several."""
        stage = f"  {self.subgoal_index + 1}/{self.subgoal_count}" if self.subgoal_count > 1 else ""
        return f"{self.goal[:34]}{stage}"


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

    title: str
    times: np.ndarray
    values: np.ndarray
    low: float
    high: float
    starts: Sequence[float]
    colour: Colour
    bars: bool = False

    @classmethod
    def of_distance(cls, points: Sequence[Point]) -> Chart:
        """Return the chart of distances, from 0."""
        return cls._of("DISTANCE TO GOAL", points, lambda p: p.distance, 0.0, 0.0, BLUE)

    @classmethod
    def of_progress(cls, points: Sequence[Point]) -> Chart:
        """Return the chart of progress, at least from 0 to 1."""
        return cls._of("PROGRESS", points, lambda p: p.progress, 0.0, 1.0, GREEN)

    @classmethod
    def of_reward(cls, points: Sequence[Point]) -> Chart:
        """Return the chart of rewards, symmetric about 0."""
        chart = cls._of("REWARD", points, lambda p: p.reward, 0.0, 0.0, GREEN)
        reach = max(abs(chart.low), abs(chart.high))
        return cls(chart.title, chart.times, chart.values, -reach, reach, chart.starts, chart.colour, True)

    @classmethod
    def _of(
        cls,
        title: str,
        points: Sequence[Point],
        value: Callable[[Point], float],
        low: float,
        high: float,
        colour: Colour,
    ) -> Chart:
        values = np.array([value(point) for point in points], dtype=np.float64)
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
        if high - low < 1e-9:
            high = low + 1.0
        times = np.array([point.time for point in points], dtype=np.float64)
        return cls(title, times, values, low, high * 1.05 if high > 0.0 else high, _starts(points), colour)


def _starts(points: Sequence[Point]) -> list[float]:
    """Return the times at which an episode, another goal or another subgoal began."""
    pairs = zip(points, points[1:], strict=False)
    return [after.time for before, after in pairs if _begins(before, after)]


def _begins(before: Point, after: Point) -> bool:
    if (before.goal, before.subgoal_index, before.initial_distance) != (
        after.goal,
        after.subgoal_index,
        after.initial_distance,
    ):
        return True
    # Normalised distances all start at 1; only a first image has neither progress nor reward.
    return after.progress == after.reward == 0.0 and before.progress != 0.0


def draw_chart(canvas: Image, text: TextLayer, chart: Chart, box: Box, now: float, window: float) -> None:
    """Draw a chart into a box of the canvas; its right edge is the time now (s), its width is window (s)."""
    box.view(canvas)[:] = PANEL
    text.add(chart.title, (box.x, box.y - 8), DIM, 13)
    for tick in ticks(chart.low, chart.high, 4 if box.high > 120 else 3):
        row = _row(chart, box, np.array([tick]))[0]
        canvas[row, box.x : box.x + box.wide] = GRID
        text.add(f"{tick:.4g}", (box.x - 8, int(row)), DIM, 12, "rm")
    if not chart.values.size:
        return
    columns = np.round(box.x + (chart.times - (now - window)) / window * (box.wide - 1)).astype(int)
    rows = _row(chart, box, chart.values)
    _draw_starts(canvas, chart, box, now, window)
    if chart.bars:
        _draw_bars(canvas, chart, box, columns, rows)
    else:
        line = np.stack([columns, rows], axis=1).astype(np.int32).reshape(-1, 1, 2)
        episodes = np.split(line, np.searchsorted(chart.times, chart.starts))
        cv2.polylines(canvas, [part for part in episodes if len(part)], False, chart.colour, 2, cv2.LINE_AA)
        cv2.circle(canvas, (int(columns[-1]), int(rows[-1])), 4, chart.colour, -1, cv2.LINE_AA)
    text.add(f"{chart.values[-1]:.3g}", (box.x + box.wide, box.y - 8), INK, 15, "rs")


def _draw_bars(canvas: Image, chart: Chart, box: Box, columns: np.ndarray, rows: np.ndarray) -> None:
    zero = int(_row(chart, box, np.array([0.0]))[0])
    gaps = np.diff(columns)
    half = min(max(int(np.median(gaps) * 0.4), 0), 6) if gaps.size else 2
    for column, row, value in zip(columns, rows, chart.values, strict=True):
        left, right = max(int(column) - half, box.x), min(int(column) + half, box.x + box.wide - 1)
        top, bottom = sorted((zero, int(row)))
        canvas[top : bottom + 1, left : right + 1] = GREEN if value >= 0.0 else RED


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


def _row(chart: Chart, box: Box, values: np.ndarray) -> np.ndarray:
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
