"""Between the policy's own types and ROS messages."""

from __future__ import annotations

import array

from vip_interfaces.msg import JointActionChunk

from policy_node.chunks import ActionChunk
from vip_ros.stamps import from_ns

SOURCE, PERSON = "policy", "teleop"
"""Sources of chunks, as the guard tells whose the arm is."""


def chunk_message(chunk: ActionChunk, joints: list[str], stamp_ns: int, final: bool) -> JointActionChunk:
    """Build the message of a chunk.

    Args:
        chunk: the targets, [H, N].
        joints: joint names in the order of the columns, [N].
        stamp_ns: stamp of the image that the chunk follows from.
        final: the stream of chunks ends with this one.
    """
    message = JointActionChunk(source=SOURCE, joint_names=joints, final=final)
    message.header.stamp = from_ns(stamp_ns)
    message.step_duration, message.horizon = chunk.step_duration, len(chunk.positions)
    message.positions = array.array("d", chunk.positions.ravel())
    message.gripper = array.array("d", [] if chunk.gripper is None else chunk.gripper)
    return message
