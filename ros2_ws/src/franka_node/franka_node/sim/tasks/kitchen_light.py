"""KitchenLight: push the lever of the light switch under the hood over to its left."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.tasks.base import TASKS, Waypoint
from franka_node.sim.tasks.kitchen import KitchenTask, reach

Array = NDArray[np.float64]

_GAP = 0.046  # m, from the lever's end to the middle of the closed fingers beside it
_TRAVEL = 0.09  # m, sideways, until the lever is at its stop


@TASKS.register("kitchen_light")
class KitchenLight(KitchenTask):
    """The light is on when the lever points away from the knobs."""

    joint, goal = "light_switch", -0.69

    def plan(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, outcome: str
    ) -> list[Waypoint]:
        """Come to the right of the lever, push it over, and stay."""
        end_of_lever = data.site("light_site").xpos.copy()
        left = -data.body("hoodroot").xmat.reshape(3, 3)[:, 0]
        ahead = np.array([left[1], -left[0], 0.0])
        yaw = float(np.arctan2(ahead[1], ahead[0]))
        height = rng.uniform(-0.012, 0.012) - (0.09 if outcome == "miss" else 0.0)
        depth = rng.uniform(0.004, 0.016)
        end = _TRAVEL + rng.uniform(0.0, 0.01)
        if outcome == "short":
            end = rng.uniform(0.01, 0.035)

        def at(along: float, deep: float) -> Array:
            place = end_of_lever + (along - _GAP) * left + deep * ahead + np.array([0.0, 0.0, height])
            return reach(place, yaw)

        return [
            Waypoint(at(0.0, -rng.uniform(0.08, 0.12)), 1.2),
            Waypoint(at(0.0, depth), 0.7, careful=True, waits=True),
            Waypoint(at(end, depth), 0.5 + 7.0 * end, careful=True),
            Waypoint(at(end, depth), 0.3, careful=True),
        ]
