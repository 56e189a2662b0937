"""A robot's joints by name: a policy may have learned them in another order than the simulator has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy_node.evaluation import Environment
from policy_node.policy_config import PolicyConfig
from vip_ros.errors import UserError


def joint_order(config: PolicyConfig, joints: Sequence[str], fingers: Sequence[str]) -> list[int]:
    """Return where each of the policy's joints is among the robot's, [N].

    As on the live graph, where names go with the numbers: any order will do, but the guard takes no chunk
    that moves other joints, or not all of them.

    Args:
        config: the policy's.
        joints: names of the arm's joints, in the robot's order, [N].
        fingers: names of the fingers' joints.

    Raises:
        UserError: the policy moves other joints, only some of them, or senses one that is no finger.
    """
    config.check_joints([*joints, *fingers])
    if set(config.joints) != set(joints) or not set(config.senses) <= set(fingers):
        raise UserError(
            f"the policy moves {', '.join(config.joints)} and senses {', '.join(config.senses) or 'none'}, "
            f"the robot has {', '.join(joints)} and fingers",
            "use a policy that moves every joint of this robot and senses its fingers alone",
        )
    return [list(joints).index(name) for name in config.joints]


class InPolicyOrder:
    """An environment whose joints come and go in the policy's order.

    Args:
        environment: the scene, with joints in the robot's order.
        order: where each of the policy's joints is among the robot's, [N].
    """

    def __init__(self, environment: Environment, order: Sequence[int]) -> None:
        self._environment, self._order = environment, np.array(order, np.intp)
        self._back = np.argsort(self._order)

    @property
    def success(self) -> bool:
        """Whether the task is solved now."""
        return self._environment.success

    @property
    def gripper(self) -> float:
        """Opening width between the fingers, m."""
        return self._environment.gripper

    def observe(self) -> tuple[NDArray[np.uint8], NDArray[np.float64], float]:
        """Return picture uint8 [H, W, 3] RGB, joint positions [N] rad, and time s."""
        frame, q, time = self._environment.observe()
        return frame, q[self._order], time

    def advance(self, q_target: NDArray[np.float64], gripper_target: float, duration: float) -> Any:
        """Command joints [N] (rad) and gripper (m) and let that many s pass."""
        return self._environment.advance(q_target[self._back], gripper_target, duration)
