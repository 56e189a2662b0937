"""Where the Panda's fingertips are for given joints, and which joints reach a given pose (numpy only)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from franka_node.arm_geometry import DH, FLANGE_OFFSET, HAND_TURN, TCP_OFFSET
from franka_node.sim.panda import Q_MAX, Q_MIN, READY

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """Joints [7] rad that reach a pose, and what is left of the error (m, rad)."""

    q: Array
    position_error: float
    angle_error: float


def forward(q: Array) -> Array:
    """Return the pose of the tool centre point in the base frame.

    Args:
        q: joint angles [7], rad.

    Returns:
        Homogeneous transform [4, 4], m.
    """
    return _chain(q)[-1]


def jacobian(q: Array) -> Array:
    """Return the geometric Jacobian [6, 7] of the tool centre point: linear rows (m/rad), then angular."""
    frames = _chain(q)
    tip = frames[-1][:3, 3]
    columns = np.empty((6, 7))
    for i, frame in enumerate(frames[:7]):
        axis = frame[:3, 2]
        columns[:3, i] = np.cross(axis, tip - frame[:3, 3])
        columns[3:, i] = axis
    return columns


def inverse(
    target: Array,
    seed: Array,
    iterations: int = 60,
    tolerance: float = 3e-4,
    rest: Array = READY,
) -> Solution:
    """Solve for joints by damped least squares, with a null-space pull towards a rest posture.

    Wampler, "Manipulator inverse kinematic solutions based on vector formulations and damped
    least-squares methods", 1986. Joints stay inside the limits.

    Args:
        target: pose of the tool centre point [4, 4], m.
        seed: joints to start from [7], rad; near the answer it converges in a few steps.
        iterations: most steps to take.
        tolerance: stop when position (m) and angle (rad) errors are below it.
        rest: posture [7] that the redundant joint is drawn to, rad.
    """
    q = np.clip(np.asarray(seed, dtype=float), Q_MIN, Q_MAX)
    for _ in range(iterations):
        error = pose_error(target, forward(q))
        if np.linalg.norm(error[:3]) < tolerance and np.linalg.norm(error[3:]) < tolerance:
            break
        q = np.clip(q + _step(jacobian(q), error, rest - q), Q_MIN, Q_MAX)
    error = pose_error(target, forward(q))
    return Solution(q, float(np.linalg.norm(error[:3])), float(np.linalg.norm(error[3:])))


def pose_error(target: Array, pose: Array) -> Array:
    """Return the twist [6] (m, rad, base frame) that moves one pose [4, 4] on to another."""
    return np.concatenate([target[:3, 3] - pose[:3, 3], rotation_vector(target[:3, :3] @ pose[:3, :3].T)])


def rotation_vector(rotation: Array) -> Array:
    """Return the axis times the angle [3] (rad) of a rotation matrix [3, 3]."""
    skew = rotation - rotation.T
    axis = np.array([skew[2, 1], skew[0, 2], skew[1, 0]])
    sine, cosine = np.linalg.norm(axis) / 2, (np.trace(rotation) - 1) / 2
    if sine < 1e-9:
        if cosine > 0:
            return axis / 2
        # Half a turn: the axis is the eigenvector of the largest diagonal entry.
        column = int(np.argmax(np.diag(rotation)))
        direction = rotation[:, column] + np.eye(3)[:, column]
        return np.pi * direction / np.linalg.norm(direction)
    return axis / (2 * sine) * np.arctan2(sine, cosine)


def tool_pose(position: Array, yaw: float, tilt: float = 0.0) -> Array:
    """Return a pose [4, 4] with the fingers pointing down.

    Args:
        position: of the tool centre point [3], m.
        yaw: direction of the hand's thin side (its x axis) about the vertical, rad.
        tilt: turns the fingertips ahead in that direction, rad.
    """
    cos_yaw, sin_yaw, cos_tilt, sin_tilt = np.cos(yaw), np.sin(yaw), np.cos(tilt), np.sin(tilt)
    ahead = np.array([cos_yaw, sin_yaw, 0.0])
    up = np.array([0.0, 0.0, 1.0])
    pose = np.eye(4)
    pose[:3, 2] = sin_tilt * ahead - cos_tilt * up
    pose[:3, 0] = cos_tilt * ahead + sin_tilt * up
    pose[:3, 1] = np.cross(pose[:3, 2], pose[:3, 0])
    pose[:3, 3] = position
    return pose


def _step(columns: Array, error: Array, to_rest: Array, damping: float = 0.015, pull: float = 0.02) -> Array:
    inverse_ = columns.T @ np.linalg.inv(columns @ columns.T + damping**2 * np.eye(6))
    change = inverse_ @ error + (np.eye(7) - inverse_ @ columns) @ (pull * to_rest)
    return change * min(1.0, 0.3 / max(float(np.abs(change).max()), 1e-9))


def _chain(q: Array) -> list[Array]:
    """Return the frames of joints 1 to 7 and of the tool centre point, [4, 4] each."""
    pose, frames = np.eye(4), []
    for (a, d, alpha), theta in zip(DH, q, strict=True):
        ct, st, ca, sa = np.cos(theta), np.sin(theta), np.cos(alpha), np.sin(alpha)
        link = np.array(
            [
                [ct, -st, 0.0, a],
                [st * ca, ct * ca, -sa, -d * sa],
                [st * sa, ct * sa, ca, d * ca],
                [0.0, 0.0, 0.0, 1.0],
            ]
        )
        pose = pose @ link
        frames.append(pose)
    ct, st = np.cos(HAND_TURN), np.sin(HAND_TURN)
    tool = np.array([[ct, -st, 0, 0], [st, ct, 0, 0], [0, 0, 1, FLANGE_OFFSET + TCP_OFFSET], [0, 0, 0, 1]])
    frames.append(pose @ tool)
    return frames
