"""Videos for training encoders: demonstrations, failures and wandering, under widely varied appearance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from franka_node.sim.experts import expert
from franka_node.sim.renderer import Renderer
from franka_node.sim.tasks import table_tasks
from franka_node.sim.world import World

CONTROL_RATE = 20.0  # Hz
# How often each demonstrator's style is shown; most videos reach a goal, as those of people do.
STYLE_SHARES = {"expert": 0.55, "detour": 0.15, "short": 0.1, "miss": 0.1, "wander": 0.1}

# Most are seen as the stack's camera sees them; the others teach what does not depend on the place.
CAMERA_SHARES = ("right", "right", "right", "left", "front")


def render_videos(
    n: int,
    seed: int = 0,
    width: int = 320,
    height: int = 240,
    every: int = 2,
    broad_share: float = 0.5,
    tasks: Sequence[str] | None = None,
    cameras: Sequence[str] = CAMERA_SHARES,
    first: int = 0,
    styles: Sequence[str] | None = None,
) -> Iterator[NDArray[np.uint8]]:
    """Yield videos [T, H, W, 3] (RGB uint8), the same ones for the same arguments.

    Video i of a seed depends on nothing but its number, so that several processes can share the work:
    each renders its own range by `first` and `n`.

    Args:
        n: how many.
        seed: of the whole set; sets of different seeds share no scene with each other or with small
            scene seeds, which are left to demonstrations and evaluation.
        width: pixels.
        height: pixels.
        every: keep one picture of so many at 20 Hz; 2 gives 10 pictures per second.
        broad_share: share of videos with varied textures, clutter and camera, from 0 to 1.
        tasks: task names, shown in turn; None or empty: those on the table.
        cameras: names of the cameras to draw from, one per video; a name given twice is drawn twice as often.
        first: number of the first video.
        styles: demonstrators' styles to draw from, alike often; None: each by its usual share.

    Raises:
        UserError: unknown task, camera or style, or no way to draw.
    """
    studio = _Studio(list(tasks or table_tasks()), cameras[0], width, height)
    try:
        for number in range(first, first + n):
            rng = np.random.default_rng([seed, 11, number])
            world, renderer = studio.stage(number)
            world.variation = "broad" if rng.random() < broad_share else "colours"
            world.reset(int(rng.integers(1 << 32, 1 << 48)))
            renderer.look_through(str(rng.choice(list(cameras))))
            yield _film(world, renderer, rng, _style(rng, styles), every)
    finally:
        studio.close()


class _Studio:
    """A world and a renderer per task, built when first needed."""

    def __init__(self, tasks: list[str], camera: str, width: int, height: int) -> None:
        self._tasks, self._camera, self._size = tasks, camera, (width, height)
        self._stages: dict[str, tuple[World, Renderer]] = {}

    def stage(self, number: int) -> tuple[World, Renderer]:
        task = self._tasks[number % len(self._tasks)]
        if task not in self._stages:
            world = World(task)
            self._stages[task] = world, Renderer(world, self._camera, *self._size)
        return self._stages[task]

    def close(self) -> None:
        for _, renderer in self._stages.values():
            renderer.close()


def _style(rng: np.random.Generator, styles: Sequence[str] | None) -> str:
    if styles:
        return str(rng.choice(list(styles)))
    return str(rng.choice(list(STYLE_SHARES), p=list(STYLE_SHARES.values())))


def _film(
    world: World, renderer: Renderer, rng: np.random.Generator, style: str, every: int
) -> NDArray[np.uint8]:
    frames = [renderer.render()]
    for i, (q_target, gripper) in enumerate(expert(world, rng, style, CONTROL_RATE), start=1):
        world.step(q_target, gripper, 1.0 / CONTROL_RATE)
        if i % every == 0:
            frames.append(renderer.render())
    return np.stack(frames)
