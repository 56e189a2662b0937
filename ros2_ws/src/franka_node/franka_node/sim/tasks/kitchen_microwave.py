"""KitchenMicrowave: take the microwave's handle and pull its door open."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.panda import MAX_WIDTH
from franka_node.sim.tasks.base import TASKS, Waypoint
from franka_node.sim.tasks.kitchen import KitchenTask, reach

Array = NDArray[np.float64]

_GRIP = 0.028  # m, commanded when closing: less than the handle's 40 mm, so that the fingers press
_OVER = 0.22  # m, by which the hand passes higher: the kettle is in between
_LEGS = 4  # straight pieces that the door's arc is followed in


@TASKS.register("kitchen_microwave")
class KitchenMicrowave(KitchenTask):
    """The door's hinge is at the far left; it opens towards the robot."""

    joint, goal = "microwave", -0.75
    camera = "front"  # the paper's left camera loses the door once it is open
    start_gripper = MAX_WIDTH

    def plan(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, outcome: str
    ) -> list[Waypoint]:
        """Reach round the handle, close, lead it along the door's arc, let go, and draw back."""
        handle, hinge = data.site("microhandle_site").xpos.copy(), data.body("microdoorroot").xpos.copy()
        door = data.body("microdoorroot").xmat.reshape(3, 3)
        yaw = float(np.arctan2(door[1, 1], door[0, 1])) + rng.uniform(0.0, 0.12)
        lift = np.array([0.0, 0.0, rng.uniform(0.05, 0.08)])
        opened = self.goal + rng.uniform(-0.02, 0.1)
        if outcome == "short":
            opened *= rng.uniform(0.2, 0.5)
        depth = rng.uniform(0.0, 0.006) - (0.075 if outcome == "miss" else 0.0)

        def at(angle: float, back: float = 0.0) -> Array:
            cos, sin = np.cos(angle), np.sin(angle)
            arm = handle - hinge
            place = hinge + [cos * arm[0] - sin * arm[1], sin * arm[0] + cos * arm[1], arm[2]] + lift
            towards = yaw + 0.5 * angle
            pointing = np.array([np.cos(towards), np.sin(towards), 0.0])
            return reach(place + (depth - back) * pointing, towards)

        before = rng.uniform(0.09, 0.12)
        above = at(0.0, before)
        above[2, 3] += _OVER
        return [
            Waypoint(above, 1.2, MAX_WIDTH),
            Waypoint(at(0.0, before), 0.7, MAX_WIDTH, careful=True),
            Waypoint(at(0.0), 0.6, MAX_WIDTH, careful=True, waits=True),
            Waypoint(at(0.0), 0.35, _GRIP, careful=True, waits=True),
            *(
                Waypoint(at(part * opened), 0.5, _GRIP, careful=True, waits=part == 1 / _LEGS)
                for part in np.arange(1, _LEGS + 1) / _LEGS
            ),
            Waypoint(at(opened), 0.3, MAX_WIDTH, careful=True, waits=True),
            Waypoint(at(opened, before), 0.6, MAX_WIDTH, careful=True, waits=True),
        ]
