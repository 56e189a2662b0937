"""The links of a Franka arm with its hand and how they hang together: for URDF and TF (numpy only)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from franka_node.arm_bodies import Vector
from franka_node.arm_geometry import DH, FINGER_OFFSET, FLANGE_OFFSET, HAND_TURN, TCP_OFFSET
from franka_node.limits import Array
from vip_ros.errors import UserError

# The fixed frame below the arm, named as franka_description names it.
ROOT = "base"
FINGERS = 2


@dataclass(frozen=True)
class Joint:
    """One link's frame in that of the link before it, the joint at zero.

    Attributes:
        name: of the joint.
        parent: link before it.
        child: link that it moves.
        kind: fixed, revolute (about z) or prismatic (along y).
        offset: of the child's frame, m.
        roll: turn of the child's frame about x, rad; then
        yaw: about its own z, rad.
    """

    name: str
    parent: str
    child: str
    kind: str = "fixed"
    offset: Vector = (0.0, 0.0, 0.0)
    roll: float = 0.0
    yaw: float = 0.0

    def translation(self, value: float) -> Array:
        """Return the place [3] (m) of the child's frame for the joint's value (rad or m)."""
        place = np.array(self.offset)
        if self.kind == "prismatic":
            place += value * np.array([-np.sin(self.yaw), np.cos(self.yaw), 0.0])
        return place

    def quaternion(self, value: float) -> Array:
        """Return the child's orientation, x y z w [4], for the joint's value (rad or m)."""
        turn = self.yaw + (value if self.kind == "revolute" else 0.0)
        sx, cx, sz, cz = np.sin(self.roll / 2), np.cos(self.roll / 2), np.sin(turn / 2), np.cos(turn / 2)
        return np.array([sx * cz, -sx * sz, cx * sz, cx * cz])


def finger_names(joint_names: Sequence[str]) -> tuple[str, str]:
    """Return the names of the hand's joints beside an arm: fr3_joint1 ... → fr3_finger_joint1 and 2."""
    prefix = joint_names[0].rpartition("_joint")[0]
    return (f"{prefix}_finger_joint1", f"{prefix}_finger_joint2")


def robot_chain(joint_names: Sequence[str], finger_names: Sequence[str]) -> tuple[Joint, ...]:
    """Return all joints from the root outwards; links are named after the joints: fr3_joint1 → fr3_link1.

    Args:
        joint_names: of the arm, 7.
        finger_names: of the fingers, 2; without them there is no hand.

    Raises:
        UserError: other numbers of joints or fingers: only Franka arms and their hand are known.
    """
    joint_count, finger_count = len(joint_names), len(finger_names)
    if joint_count != len(DH) or finger_count not in (0, FINGERS):
        raise UserError(
            f"no description of a robot with {joint_count} joints and {finger_count} finger joints, "
            f"only of Franka arms: {len(DH)} joints, {FINGERS} fingers or none",
            "set franka_node.description to false, or brings_description in its driver",
        )
    prefix = joint_names[0].rpartition("_joint")[0]
    joints = [Joint(f"{prefix}_{ROOT}_joint", ROOT, f"{prefix}_link0")]
    for number, (name, (a, d, alpha)) in enumerate(zip(joint_names, DH, strict=True), 1):
        # Craig: Rot_x(alpha) Trans_x(a) Rot_z(theta) Trans_z(d); d lies along the turned z axis.
        offset = (float(a), float(-d * np.sin(alpha)), float(d * np.cos(alpha)))
        parent, child = f"{prefix}_link{number - 1}", f"{prefix}_link{number}"
        joints.append(Joint(name, parent, child, "revolute", offset, float(alpha)))
    flange, hand = f"{prefix}_link8", f"{prefix}_hand"
    joints.append(Joint(f"{prefix}_joint8", f"{prefix}_link7", flange, offset=(0.0, 0.0, FLANGE_OFFSET)))
    if not finger_names:
        return tuple(joints)
    joints.append(Joint(f"{prefix}_hand_joint", flange, hand, yaw=HAND_TURN))
    joints.append(
        Joint(f"{prefix}_hand_tcp_joint", hand, f"{prefix}_hand_tcp", offset=(0.0, 0.0, TCP_OFFSET))
    )
    sides = zip(finger_names, ("leftfinger", "rightfinger"), (0.0, np.pi), strict=True)
    knuckle = (0.0, 0.0, FINGER_OFFSET)
    joints += [
        Joint(name, hand, f"{prefix}_{side}", "prismatic", knuckle, yaw=yaw) for name, side, yaw in sides
    ]
    return tuple(joints)
