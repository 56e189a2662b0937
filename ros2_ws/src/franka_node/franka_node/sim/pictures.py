"""Pictures that show what a task is: a demonstration from its first frame to its last, one row per scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from franka_node.sim.lockstep import LockstepEnv, collect

Pixels = NDArray[np.uint8]


def contact_sheet(
    tasks: Sequence[str],
    seeds: Sequence[int],
    frames: int = 5,
    style: str = "expert",
    variation: str = "standard",
    camera: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Pixels:
    """Return scripted demonstrations as rows of evenly spaced frames, [H, W, 3] RGB.

    Args:
        tasks: task names; the rows of one stand together.
        seeds: scene seeds, one row each.
        frames: pictures per row, at least 2.
        style: demonstrator's style, see franka_node.sim.experts.
        variation: how the scenes vary, see franka_node.sim.world.
        camera: camera name; empty: the one that looks on at each task.
        progress: told the rows done and how many there are.

    Raises:
        UserError: unknown task, style or camera, or no way to draw.
    """
    rows: list[Pixels] = []
    for task in tasks:
        env = LockstepEnv(task, seeds[0], camera)
        env.world.variation = variation
        for seed in seeds:
            film = collect(task, seed, style=style, env=env).frames
            chosen = np.linspace(0, len(film) - 1, frames).round().astype(int)
            rows.append(np.concatenate(list(film[chosen]), axis=1))
            if progress is not None:
                progress(len(rows), len(tasks) * len(seeds))
        env.close()
    return np.concatenate(rows)
