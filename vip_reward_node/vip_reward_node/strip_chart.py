"""The monitor's picture: what the camera sees, the goal, and the newest distances, progress and rewards."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import cv2
import numpy as np

from vip_reward_node.charts import (
    BACKGROUND,
    DIM,
    GREEN,
    INK,
    PANEL,
    RED,
    Box,
    Chart,
    draw_axis,
    draw_chart,
    draw_faults,
    draw_time_axis,
)
from vip_reward_node.history import History, Point
from vip_reward_node.text import Colour, TextLayer
from vip_reward_node.video import Image

WIDTH, HEIGHT = 800, 450
# After this time without a reward the numbers are called old, s.
STALE = 1.0

CAMERA_BOX = Box(16, 40, 264, 186)
GOAL_BOX = Box(16, 258, 264, 118)
BAR_BOX = Box(16, 416, 264, 14)
CHART_BOXES = (Box(344, 40, 440, 150), Box(344, 222, 440, 90), Box(344, 344, 440, 78))


def _empty(window: float) -> Image:
    """Return what never changes in the picture of a window, s."""
    canvas, text = np.full((HEIGHT, WIDTH, 3), BACKGROUND, np.uint8), TextLayer()
    for box in (CAMERA_BOX, GOAL_BOX, BAR_BOX, *CHART_BOXES):
        box.view(canvas)[:] = PANEL
    text.add("CAMERA", (CAMERA_BOX.x, CAMERA_BOX.y - 8), DIM, 13)
    text.add("PROGRESS", (BAR_BOX.x, BAR_BOX.y - 10), DIM, 13)
    for title, box in zip(("DISTANCE TO GOAL", "PROGRESS", "REWARD"), CHART_BOXES, strict=True):
        text.add(title, (box.x, box.y - 8), DIM, 13)
    draw_time_axis(text, CHART_BOXES[2], window)
    text.draw_on(canvas)
    return canvas


class StripChart:
    """Keeps the newest rewards and draws them.

    Args:
        window: time shown, s.
    """

    def __init__(self, window: float = 20.0) -> None:
        self._window = window
        self._empty = _empty(window)
        self._with_axes = self._empty
        self._ranges: tuple[tuple[float, float], ...] = ()
        self._history = History()
        self._camera: Image | None = None
        self._goal: Image | None = None
        self._faults: deque[tuple[float, str]] = deque(maxlen=64)
        self._fault = ""

    @property
    def newest(self) -> Point | None:
        """The newest reward, or None."""
        return self._history.newest

    def add(self, point: Point) -> None:
        """Take a reward; one that is older than those kept (a clock set back) clears them."""
        self._history.add(point)

    def show_camera(self, rgb: Image) -> None:
        """Take the newest camera image, uint8 [H, W, 3] RGB."""
        self._camera = _fitted(rgb, CAMERA_BOX)

    def show_goal(self, rgb: Image) -> None:
        """Take the goal image, uint8 [H, W, 3] RGB."""
        self._goal = _fitted(rgb, GOAL_BOX)

    def show_fault(self, fault: str, time: float) -> None:
        """Take the guard's fault at a time (s); "" when there is none any more."""
        if fault and fault != self._fault:
            self._faults.append((time, fault))
        self._fault = fault

    def render(self, now: float, out: Image | None = None) -> Image:
        """Return the picture at the time now (s), uint8 [450, 800, 3] RGB; drawn into out where given."""
        canvas, text = np.empty_like(self._empty) if out is None else out, TextLayer()
        shown = self._history.between(now - self._window, now)
        charts = (Chart.of_distance(shown), Chart.of_progress(shown), Chart.of_reward(shown))
        canvas[:] = self._axes(charts)
        self._draw_pictures(canvas, text)
        self._draw_progress_bar(canvas, text, now)
        for chart, box in zip(charts, CHART_BOXES, strict=True):
            draw_chart(canvas, text, chart, box, now, self._window)
        recent = [fault for fault in self._faults if now - self._window <= fault[0] <= now]
        draw_faults(canvas, text, recent, CHART_BOXES[0], now, self._window)
        if self._fault:
            box = CHART_BOXES[0]
            text.add(f"FAULT {self._fault}", (box.x + box.wide // 2, box.y - 8), RED, 15, "ms")
        text.draw_on(canvas)
        return canvas

    def _axes(self, charts: Sequence[Chart]) -> Image:
        """Return the empty picture with the charts' axes, which seldom change."""
        ranges = tuple((chart.low, chart.high) for chart in charts)
        if ranges != self._ranges:
            canvas, text = self._empty.copy(), TextLayer()
            for chart, box in zip(charts, CHART_BOXES, strict=True):
                draw_axis(canvas, text, chart, box)
            text.draw_on(canvas)
            self._with_axes, self._ranges = canvas, ranges
        return self._with_axes

    def _draw_pictures(self, canvas: Image, text: TextLayer) -> None:
        newest = self.newest
        title = f"GOAL  {newest.title}" if newest and newest.goal else "GOAL"
        text.add(title, (GOAL_BOX.x, GOAL_BOX.y - 8), DIM, 13)
        for box, picture in ((CAMERA_BOX, self._camera), (GOAL_BOX, self._goal)):
            if picture is None:
                text.add("no image yet", (box.x + box.wide // 2, box.y + box.high // 2), DIM, 14, "mm")
            else:
                _paste_centred(canvas, picture, box)
        if self._goal is not None:
            _frame(canvas, GOAL_BOX, GREEN)

    def _draw_progress_bar(self, canvas: Image, text: TextLayer, now: float) -> None:
        box, newest = BAR_BOX, self.newest
        right = (box.x + box.wide, box.y - 10)
        if newest is None:
            text.add("waiting for rewards", right, DIM, 14, "rs")
            return
        age = now - newest.time
        if age > STALE:
            text.add(f"no reward for {age:.0f} s", right, RED, 14, "rs")
        else:
            text.add(f"{100.0 * newest.progress:.0f} %", right, INK, 22, "rs")
        filled = round(box.wide * min(max(newest.progress, 0.0), 1.0))
        box.view(canvas)[:, :filled] = GREEN if age <= STALE else DIM


def _fitted(rgb: Image, box: Box) -> Image:
    high, wide = rgb.shape[:2]
    scale = min(box.wide / wide, box.high / high)
    size = (max(round(wide * scale), 1), max(round(high * scale), 1))
    # By a whole number first: the mean of pixels is quick only so, and linear alone would leave pixels out.
    whole = int(1.0 / scale)
    if whole > 1:
        coarse = (max(wide // whole, 1), max(high // whole, 1))
        rgb = np.asarray(cv2.resize(rgb, coarse, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _paste_centred(canvas: Image, picture: Image, box: Box) -> None:
    high, wide = picture.shape[:2]
    top, left = box.y + (box.high - high) // 2, box.x + (box.wide - wide) // 2
    canvas[top : top + high, left : left + wide] = picture


def _frame(canvas: Image, box: Box, colour: Colour) -> None:
    cv2.rectangle(canvas, (box.x, box.y), (box.x + box.wide - 1, box.y + box.high - 1), colour, 2)
