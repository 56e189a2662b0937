"""The figure of a distance-to-goal curve with the frames it was computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import ConnectionPatch
from matplotlib.ticker import MaxNLocator

from vip_reward_node.metrics import bumps, voc
from vip_reward_node.page import BLUE, GREEN, GREY, INK, RED, Page, dress
from vip_reward_node.thumbnails import cropped, spread
from vip_reward_node.video import Image, TimedFrame

# Inches.
WIDTH = 8.0
LEFT, SPAN = 0.68, 6.72
GAP = 0.06
MAX_THUMBNAIL = 1.3
FRAMES = 7

FORMULAS = {"l2": "$\\|\\phi(o_t)-\\phi(g)\\|_2$", "cosine": "$1-\\cos(\\phi(o_t),\\phi(g))$"}


@dataclass(frozen=True)
class Curve:
    """What one figure shows.

    Args:
        title: name of the video or episode.
        encoder: encoder id, for the caption.
        stamps: time of each frame [T], s.
        distances: distance of each frame to the goal, or to the subgoal in force [T].
        rewards: of each step [T-1].
        value_curve: the distance still to go in embedding units [T], from which the figures in the caption
            come.
        stages: number of the subgoal in force [T].
        frames: a few frames with their stamps, in order, for the strip above the curve.
        goal: goal image uint8 [H, W, 3], or None.
        ends_in_goal: whether the last frame is the goal.
        metric: how the distances are measured, as in Goal.
        normalised: whether the distances are divided by the first.
    """

    title: str
    encoder: str
    stamps: np.ndarray
    distances: np.ndarray
    rewards: np.ndarray
    value_curve: np.ndarray
    stages: np.ndarray
    frames: Sequence[TimedFrame] = ()
    goal: Image | None = None
    ends_in_goal: bool = True
    metric: str = "l2"
    normalised: bool = False


def save_curve(curve: Curve, path: Path) -> None:
    """Draw the curve with thumbnails above and the rewards below it, and write it (PNG, PDF or SVG)."""
    curve = replace(curve, frames=spread(curve.frames, FRAMES))
    strip = _Strip.of(curve)
    page = Page(WIDTH, strip.height + 4.3)
    value = page.axes(LEFT, 1.65, SPAN, 2.0)
    _draw_distance(value, curve)
    _draw_rewards(page.axes(LEFT, 0.5, SPAN, 0.9, sharex=value), curve)
    _draw_strip(page, strip, value, curve)
    _draw_caption(page, curve)
    page.save(path)


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
    starts = np.flatnonzero(np.diff(curve.stages)) + 1
    axes.fill_between(curve.stamps, curve.distances, color=BLUE, alpha=0.10, linewidth=0)
    for part in np.split(np.arange(len(curve.stamps)), starts):
        axes.plot(
            curve.stamps[part], curve.distances[part], color=BLUE, linewidth=1.8, solid_joinstyle="round"
        )
    for start in starts:
        stage = f"subgoal {curve.stages[start] + 1}"
        axes.axvline(curve.stamps[start - 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.annotate(
            stage, (curve.stamps[start - 1], 0.98), (3, 0), ("data", "axes fraction"), "offset points",
            fontsize=7, color=INK, va="top",
        )  # fmt: skip
    formula = FORMULAS[curve.metric]
    name = "distance / first distance" if curve.normalised else f"distance to goal  {formula}"
    axes.set_ylabel(name, fontsize=8.5, color=INK)
    axes.set_ylim(0.0, 1.08 * max(float(curve.distances.max()), 1e-6))
    axes.tick_params(labelbottom=False)
    axes.patch.set_visible(False)
    dress(axes)
    if initial > 0.0 and not starts.size:
        convert = (lambda d: 1.0 - np.asarray(d) / initial, lambda p: (1.0 - np.asarray(p)) * initial)
        twin = axes.secondary_yaxis("right", functions=convert)
        twin.set_ylabel("progress", fontsize=8.5, color=INK)
        twin.tick_params(labelsize=7.5, colors=INK, length=2.5)
        twin.spines["right"].set_visible(False)


def _draw_rewards(axes: Axes, curve: Curve) -> None:
    width = float(np.median(np.diff(curve.stamps))) * 0.8
    colours = np.where(curve.rewards < 0.0, RED, GREEN)
    axes.bar(curve.stamps[1:], curve.rewards, width, color=colours, linewidth=0)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    if not curve.rewards.any():
        axes.set_ylim(-1.0, 1.0)
    axes.set_ylabel("reward", fontsize=8.5, color=INK)
    axes.set_xlabel("time [s]", fontsize=8.5, color=INK)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_xlim(curve.stamps[0], curve.stamps[-1] + width / 2)
    dress(axes)


def _draw_strip(page: Page, strip: _Strip, value: Axes, curve: Curve) -> None:
    for column, frame in enumerate(curve.frames):
        goal = curve.ends_in_goal and column == len(curve.frames) - 1
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


def _picture(page: Page, strip: _Strip, column: int, rgb: Image, label: str, colour: str) -> Axes:
    axes = page.picture(
        (strip.left(column), 3.85, strip.width, strip.height),
        cropped(rgb, strip.width / strip.height),
        colour,
    )
    axes.set_title(label, fontsize=7.5, color=colour, pad=2.5)
    return axes


def _draw_caption(page: Page, curve: Curve) -> None:
    y = page.height - 0.17
    page.text(LEFT, y, curve.title, fontsize=11, fontweight="bold")
    facts = (
        f"{curve.encoder}    frames {len(curve.distances)}    "
        f"bumps {bumps(curve.value_curve):.2f}    VOC {voc(curve.value_curve):+.2f}"
    )
    page.text(LEFT + SPAN, y, facts, fontsize=8, ha="right")
