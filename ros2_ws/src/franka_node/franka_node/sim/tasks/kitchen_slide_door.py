"""KitchenSlideDoor: push the sliding door of the cabinet open by its handle."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.tasks.base import TASKS, Waypoint
from franka_node.sim.tasks.kitchen import KitchenTask, reach

Array = NDArray[np.float64]

_GAP = 0.046  # m, from the handle's axis to the middle of the closed fingers beside it
_BEHIND = 0.008  # m, by which the fingertips reach past the handle's axis


@TASKS.register("kitchen_slide_door")
class KitchenSlideDoor(KitchenTask):
    """The door slides to the right, as the robot sees it."""

    joint, goal = "slide_cabinet", 0.37

    def plan(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, outcome: str
    ) -> list[Waypoint]:
        """Reach in at the handle's left, push it along the rail, and draw the hand back."""
        handle = data.site("slide_site").xpos.copy()
        rail = data.body("slide").xmat.reshape(3, 3)[:, 0]
        ahead = np.array([-rail[1], rail[0], 0.0])
        yaw = float(np.arctan2(ahead[1], ahead[0]))
        height = rng.uniform(-0.05, 0.03)
        depth = _BEHIND + rng.uniform(-0.005, 0.005) - (0.09 if outcome == "miss" else 0.0)
        end = self.goal + rng.uniform(0.0, 0.03)
        if outcome == "short":
            end *= rng.uniform(0.25, 0.6)

        def at(along: float, deep: float) -> Array:
            place = handle + (along - _GAP) * rail + deep * ahead + np.array([0.0, 0.0, height])
            return reach(place, yaw)

        aside = -rng.uniform(0.01, 0.02)
        return [
            Waypoint(at(aside, -rng.uniform(0.10, 0.13)), 1.3),
            Waypoint(at(aside, depth), 0.7, careful=True, waits=True),
            Waypoint(at(end, depth), 0.6 + 4.0 * end, careful=True),
            Waypoint(at(end, depth), 0.3, careful=True),
        ]
