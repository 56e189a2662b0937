"""Videos for training encoders: demonstrations, failures and wandering, under widely varied appearance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from franka_node.sim.experts import expert
from franka_node.sim.renderer import Renderer
from franka_node.sim.tasks import TASKS
from franka_node.sim.world import World

CONTROL_RATE = 20.0  # Hz
# How often each demonstrator's style is shown; most videos reach a goal, as those of people do.
STYLE_SHARES = {"expert": 0.55, "detour": 0.15, "short": 0.1, "miss": 0.1, "wander": 0.1}


def render_videos(
    n: int,
    seed: int = 0,
    width: int = 320,
    height: int = 240,
    every: int = 2,
    broad_share: float = 0.5,
    tasks: Sequence[str] = (),
    camera: str = "right",
) -> Iterator[NDArray[np.uint8]]:
    """Yield videos [T, H, W, 3] (RGB uint8), the same ones for the same arguments.

    Args:
        n: how many.
        seed: of the whole set; sets of different seeds share no scene with each other or with small
            scene seeds, which are left to demonstrations and evaluation.
        width: pixels.
        height: pixels.
        every: keep one picture of so many at 20 Hz; 2 gives 10 pictures per second.
        broad_share: share of videos with varied textures, clutter and camera, from 0 to 1.
        tasks: task names; all tasks if empty.
        camera: camera name.

    Raises:
        UserError: unknown task or camera, or no way to draw.
    """
    rng = np.random.default_rng([seed, 11])
    worlds = [World(task) for task in tasks or TASKS.names()]
    renderers = [Renderer(world, camera, width, height) for world in worlds]
    try:
        for _ in range(n):
            which = int(rng.integers(len(worlds)))
            world = worlds[which]
            world.variation = "broad" if rng.random() < broad_share else "colours"
            world.reset(int(rng.integers(1 << 32, 1 << 48)))
            style = str(rng.choice(list(STYLE_SHARES), p=list(STYLE_SHARES.values())))
            yield _film(world, renderers[which], rng, style, every)
    finally:
        for renderer in renderers:
            renderer.close()


def _film(
    world: World, renderer: Renderer, rng: np.random.Generator, style: str, every: int
) -> NDArray[np.uint8]:
    frames = [renderer.render()]
    for i, (q_target, gripper) in enumerate(expert(world, rng, style, CONTROL_RATE), start=1):
        world.step(q_target, gripper, 1.0 / CONTROL_RATE)
        if i % every == 0:
            frames.append(renderer.render())
    return np.stack(frames)
