"""KitchenKnob: grasp the knob of the front right burner and turn it on."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.tasks.base import TASKS, Waypoint
from franka_node.sim.tasks.kitchen import KitchenTask, reach

Array = NDArray[np.float64]

_OPEN = 0.06  # m
_SLIP = 1.4  # times the knob's angle that the hand has to turn: the fingers give
_GRIP = 0.012  # m, commanded when closing: less than the knob's 28 mm, so that the fingers press


@TASKS.register("kitchen_knob")
class KitchenKnob(KitchenTask):
    """The knob turns clockwise, as the robot sees it, and its burner rises."""

    joint, goal = "knob_Joint_1", -0.88
    start_gripper = _OPEN

    def plan(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, outcome: str
    ) -> list[Waypoint]:
        """Reach round the knob, close, turn the hand, open, and draw back."""
        knob = data.site("knob1_site").xpos.copy()
        ahead = -data.body("knob 1").xmat.reshape(3, 3)[:, 2]
        yaw = float(np.arctan2(ahead[1], ahead[0]))
        aside = np.array([-ahead[1], ahead[0], 0.0])
        grasp = knob + rng.uniform(-0.004, 0.004) * aside
        if outcome == "miss":
            # Short of the knob: the fingers close on nothing.
            grasp = grasp - rng.uniform(0.06, 0.08) * ahead
        turn = _SLIP * -self.goal + rng.uniform(-0.05, 0.08)
        if outcome == "short":
            turn *= rng.uniform(0.25, 0.5)
        depth = rng.uniform(-0.004, 0.004)

        def at(back: float, angle: float) -> Array:
            return reach(grasp + (depth - back) * ahead, yaw, angle)

        before = rng.uniform(0.09, 0.12)
        return [
            Waypoint(at(before, 0.0), 1.2, _OPEN),
            Waypoint(at(0.0, 0.0), 0.6, _OPEN, careful=True, waits=True),
            Waypoint(at(0.0, 0.0), 0.35, _GRIP, careful=True, waits=True),
            Waypoint(at(0.0, turn), 1.5, _GRIP, careful=True, waits=True),
            Waypoint(at(0.0, turn), 0.3, _OPEN, careful=True, waits=True),
            Waypoint(at(before, turn), 0.6, _OPEN, careful=True, waits=True),
        ]
