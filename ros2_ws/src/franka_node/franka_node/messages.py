"""The guard's figures and the robot's state as ROS messages."""

from __future__ import annotations

import array
from collections.abc import Mapping
from typing import Any

from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from vip_interfaces.msg import GuardIntervention, GuardState, JointActionChunk, SimState

from franka_node.chunk import ActionChunk
from franka_node.drivers.base import RobotState, Scene
from franka_node.guard import Guard
from franka_node.guard_output import GuardOutput
from franka_node.limits import Array
from vip_ros import stamps


def to_chunk(message: JointActionChunk, info: Mapping[str, Any]) -> ActionChunk:
    """Return the chunk of a message and of what the middleware says of it, nothing checked."""
    return ActionChunk(
        stamp_ns=stamps.to_ns(message.header.stamp),
        joint_names=message.joint_names,
        step_duration=message.step_duration,
        horizon=message.horizon,
        positions=message.positions,
        gripper=message.gripper,
        source=message.source,
        final=message.final,
        number=info.get("publication_sequence_number"),
    )


def joint_state(names: list[str], state: RobotState) -> JointState:
    """Return what was measured; a gripper joint holds half of the width."""
    fingers = len(names) - len(state.q)
    return JointState(
        header=Header(stamp=stamps.from_ns(state.stamp_ns)),
        name=names,
        position=_doubles(state.q, state.gripper / 2, fingers),
        velocity=_doubles(state.dq, 0.0, fingers),
    )


def joint_command(names: list[str], stamp_ns: int, q: Array, output: GuardOutput) -> JointState:
    """Return what was commanded; the fingers are left out while the gripper is left alone."""
    fingers = 0 if output.gripper is None else len(names) - len(q)
    return JointState(
        header=Header(stamp=stamps.from_ns(stamp_ns)),
        name=names[: len(q) + fingers],
        position=_doubles(q, (output.gripper or 0.0) / 2, fingers),
        velocity=_doubles(output.dq, 0.0, fingers),
    )


def guard_state(guard: Guard, now_ns: int) -> GuardState:
    """Return the guard's state."""
    return GuardState(
        header=Header(stamp=stamps.from_ns(now_ns)),
        mode=int(guard.mode),
        mode_name=guard.mode.name,
        source=guard.source,
        fault=guard.fault,
        fault_detail=guard.fault_detail,
        command_latency=guard.command_latency,
        chunks_accepted=guard.admission.accepted,
        chunks_rejected=guard.admission.rejected,
        last_rejection=guard.admission.last_rejection,
        interventions=[
            GuardIntervention(limit=i.limit, joint=i.joint, count=i.count, largest=i.largest)
            for i in guard.interventions.summary()
        ],
    )


def sim_state(scene: Scene) -> SimState:
    """Return the state of a simulated world."""
    return SimState(
        header=Header(stamp=stamps.from_ns(scene.stamp_ns), frame_id="world"),
        task=scene.task,
        seed=scene.seed,
        qpos=array.array("d", scene.qpos),
        success=scene.success,
    )


def _doubles(values: Array, last: float, repeats: int) -> array.array[float]:
    result = array.array("d", values)
    result.extend([last] * repeats)
    return result
