"""From a twist of the fingertips to joint motion: one quadratic programme per step, with mink.

Limits are constraints of the programme, so no solution breaks them. Near a singular posture the damping
grows, so that the joints slow down instead of racing (Nakamura and Hanafusa, "Inverse kinematic solutions
with singularity robustness for robot manipulator control", J. Dyn. Sys. Meas. Control 1986).
"""

from __future__ import annotations

import mink
import numpy as np

from franka_node.limits import RobotLimits
from vip_teleop.arm_model import TIP, arm_model
from vip_teleop.intent import Array

# One radian weighs as much as this many metres: about the size of the hand.
TURN_WEIGHT = 0.3
# Damping sets in where the smallest singular value of the weighted Jacobian falls below this; the posture
# "ready" has 0.17, a stretched arm 0.
SINGULAR_BELOW = 0.08
DAMPING = 0.06
# Weight of the pull towards the middle posture that the redundant joint follows, and its rate, 1/s.
_REST_COST, _REST_RATE = 1e-2, 0.3
# How far the wanted pose may run ahead of the one that is reached, m and rad.
LEASH = (0.01, 0.05)
# Shares of the acceleration limits: to stop before a position limit, and to change a velocity. The guard
# allows 0.5 by default; what stays below it arrives unchanged.
_BRAKE_SHARE, _CHANGE_SHARE = 0.2, 0.25


class JointBox(mink.Limit):
    """Position, velocity and acceleration limits of the joints as one box that is never empty.

    Args:
        limits: the robot's, margins included; their curves are respected.
        share: of the velocity limits, (0, 1].

    Attributes:
        velocity: of the joints now, rad/s, [N]: it cannot change at once.
    """

    def __init__(self, limits: RobotLimits, share: float) -> None:
        self._limits, self._share = limits, share
        self.velocity = np.zeros(limits.size)
        self._rows = np.vstack([np.eye(limits.size), -np.eye(limits.size)])

    def bounds(self, q: Array, dt: float) -> tuple[Array, Array]:
        """Return the lowest and the highest change [N] of the joints at q [N] within dt (s), rad.

        Position limits come first: where they and the acceleration disagree, the joint brakes harder.
        """
        slowest, fastest = self._limits.velocity_bounds(q)
        above, below = np.maximum(self._limits.upper - q, 0.0), np.maximum(q - self._limits.lower, 0.0)
        brake = 2 * _BRAKE_SHARE * self._limits.acceleration
        up = np.minimum(self._share * fastest, np.sqrt(brake * above)) * dt
        down = np.minimum(-self._share * slowest, np.sqrt(brake * below)) * dt
        lowest, highest = -np.minimum(down, below), np.minimum(up, above)
        swing = _CHANGE_SHARE * self._limits.acceleration * dt
        slower = np.clip((self.velocity - swing) * dt, lowest, highest)
        return slower, np.clip((self.velocity + swing) * dt, slower, highest)

    def compute_qp_inequalities(self, configuration: mink.Configuration, dt: float) -> mink.limits.Constraint:
        """Return the rows of the box for mink."""
        lowest, highest = self.bounds(configuration.q, dt)
        return mink.limits.Constraint(G=self._rows, h=np.concatenate([highest, -lowest]))


class DifferentialIK:
    """Moves joint positions by twists of the fingertips.

    Args:
        limits: what the joints may do, margins included.
        share: of the velocity limits, (0, 1].

    Attributes:
        q: joint positions, rad, [N].
        velocity: joint velocities of the last step, rad/s, [N].
        slowed: how much the damping held the last step back, 0 (not at all) to 1.
    """

    def __init__(self, limits: RobotLimits, share: float = 0.5) -> None:
        self.limits = limits
        self._configuration = mink.Configuration(arm_model(limits))
        self._frame = mink.FrameTask(TIP, "site", position_cost=1.0, orientation_cost=TURN_WEIGHT)
        self._rest = mink.PostureTask(self._configuration.model, cost=_REST_COST)
        self._rest.set_target(limits.home)
        self._box = JointBox(limits, share)
        self.slowed = 0.0
        self.begin(limits.home)

    @property
    def q(self) -> Array:
        """Joint positions, rad, [N]."""
        return self._configuration.q

    @property
    def pose(self) -> Array:
        """Pose [4, 4] of the fingertips in the base frame, m."""
        return self._configuration.get_transform_frame_to_world(TIP, "site").as_matrix()

    def begin(self, q: Array) -> None:
        """Rest at q [N], rad, brought inside the limits."""
        self._configuration.update(np.clip(q, self.limits.lower, self.limits.upper))
        self._target = self.pose
        self.velocity = np.zeros(self.limits.size)

    def place(self, q: Array) -> None:
        """Go on from q [N], rad, with the same velocity: the arm has come to be there."""
        self._configuration.update(np.clip(q, self.limits.lower, self.limits.upper))

    def smallest_singular_value(self) -> float:
        """Return that of the Jacobian with turns weighted as lengths, m/rad."""
        jacobian = self._configuration.get_frame_jacobian(TIP, "site").copy()
        jacobian[3:] *= TURN_WEIGHT
        return float(np.linalg.svd(jacobian, compute_uv=False)[-1])

    def step(self, twist: Array, frame: str, dt: float) -> Array:
        """Move for one period and return the joints [N], rad.

        Args:
            twist: linear m/s and angular rad/s, [6].
            frame: 'base': axes of the robot's foot; 'tool': axes of the hand. Turns are about the fingertips.
            dt: period, s.
        """
        self._box.velocity = self.velocity
        if not twist.any():
            # Rest is rest: no creeping after what the damping has left over.
            self.slowed = 0.0
            self._move(np.zeros(self.limits.size), dt)
            self._target = self.pose
            return self.q
        self._target = leashed(moved(self._target, twist * dt, frame), self.pose)
        self._rest.gain = min(1.0, _REST_RATE * dt)
        self._frame.set_target(mink.SE3.from_matrix(self._target))
        nearness = max(0.0, 1.0 - (self.smallest_singular_value() / SINGULAR_BELOW) ** 2)
        self.slowed = nearness
        try:
            velocity = mink.solve_ik(
                self._configuration,
                [self._frame, self._rest],
                dt,
                "daqp",
                damping=1e-8 + DAMPING**2 * nearness,
                limits=[self._box],
            )
        except mink.NoSolutionFound:
            # The box is never empty, so this is numerics: slow down for one period.
            velocity = np.zeros(self.limits.size)
        self._move(velocity, dt)
        return self.q

    def _move(self, velocity: Array, dt: float) -> None:
        """Take a velocity [N] as far as the box lets it."""
        lowest, highest = self._box.bounds(self.q, dt)
        change = np.clip(velocity * dt, lowest, highest)
        self.velocity = change / dt
        self._configuration.update(self.q + change)


def moved(pose: Array, step: Array, frame: str) -> Array:
    """Return a pose [4, 4] after a small step [6] (m, rad) in the axes of the base or of the tool."""
    axes = pose[:3, :3] if frame == "tool" else np.eye(3)
    result = pose.copy()
    result[:3, 3] += axes @ step[:3]
    result[:3, :3] = mink.SO3.exp(axes @ step[3:]).as_matrix() @ pose[:3, :3]
    return result


def leashed(target: Array, pose: Array) -> Array:
    """Return the target [4, 4], drawn back to within LEASH of a pose [4, 4]."""
    result = pose.copy()
    shift = target[:3, 3] - pose[:3, 3]
    turn = mink.SO3.from_matrix(target[:3, :3] @ pose[:3, :3].T).log()
    length, angle = float(np.linalg.norm(shift)), float(np.linalg.norm(turn))
    result[:3, 3] += shift * min(1.0, LEASH[0] / max(length, 1e-12))
    result[:3, :3] = mink.SO3.exp(turn * min(1.0, LEASH[1] / max(angle, 1e-12))).as_matrix() @ pose[:3, :3]
    return result
