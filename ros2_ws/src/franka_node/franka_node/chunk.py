"""Action chunks: what a policy or a teleoperator asks for, checked before anything follows from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from franka_node.guard_config import GuardConfig
from franka_node.limits import Array
from vip_ros.errors import VipError

# A longer horizon or another step is taken for a corrupt message.
MAX_HORIZON = 1000
STEP_DURATIONS = (0.001, 10.0)  # s


class RejectedChunk(VipError):
    """A chunk that must not be followed; the text says why."""


@dataclasses.dataclass(frozen=True)
class ActionChunk:
    """A chunk as it arrived, nothing checked yet.

    Args:
        stamp_ns: stamp of the image it follows from, ns since the epoch.
        joint_names: [N].
        step_duration: s; point k is due at stamp + (k + 1) * step_duration.
        horizon: H.
        positions: row-major [H * N], rad.
        gripper: [H] opening width, m; empty leaves the gripper as it is.
        source: who sends it: policy, teleop, replay.
        final: the stream ends with this chunk on purpose.
        number: of the message at its publisher, or None.
    """

    stamp_ns: int
    joint_names: Sequence[str]
    step_duration: float
    horizon: int
    positions: npt.ArrayLike
    gripper: npt.ArrayLike = ()
    source: str = "policy"
    final: bool = False
    number: int | None = None


@dataclasses.dataclass(frozen=True)
class Points:
    """The checked points of a chunk, at times on the guard's time axis.

    Attributes:
        due: [K] s.
        positions: [K, N] rad.
        widths_due: [H] s; empty: leave the gripper.
        widths: [H] opening widths, m.
    """

    due: Array
    positions: Array
    widths_due: Array
    widths: Array


def check_chunk(chunk: ActionChunk, joint_names: Sequence[str]) -> tuple[Array, Array]:
    """Return (positions [H, N] in the robot's joint order, gripper [H] or [0]).

    Raises:
        RejectedChunk: wrong joints or sizes, or a number that is not finite.
    """
    horizon, size = int(chunk.horizon), len(joint_names)
    if not 0 < horizon <= MAX_HORIZON:
        raise RejectedChunk(f"horizon is {horizon}, not within 1..{MAX_HORIZON}")
    shortest, longest = STEP_DURATIONS
    if not shortest <= chunk.step_duration <= longest:
        raise RejectedChunk(f"step_duration is {chunk.step_duration} s, not within {shortest:g}..{longest:g}")
    names = list(chunk.joint_names)
    if sorted(names) != sorted(joint_names):
        raise RejectedChunk(f"joint names are {names}, this robot has {list(joint_names)}")
    flat = np.asarray(chunk.positions, dtype=np.float64).ravel()
    if flat.size != horizon * size:
        raise RejectedChunk(f"{flat.size} positions do not fill horizon {horizon} x {size} joints")
    if not np.isfinite(flat).all():
        raise RejectedChunk("positions hold NaN or infinity")
    positions = flat.reshape(horizon, size)[:, [names.index(name) for name in joint_names]]
    return positions, _check_gripper(chunk, horizon)


def _check_gripper(chunk: ActionChunk, horizon: int) -> Array:
    gripper = np.asarray(chunk.gripper, dtype=np.float64).ravel()
    if gripper.size not in (0, horizon):
        raise RejectedChunk(f"{gripper.size} gripper widths do not fill horizon {horizon}")
    if not np.isfinite(gripper).all():
        raise RejectedChunk("gripper widths hold NaN or infinity")
    return gripper


def check_stamp(chunk: ActionChunk, now_ns: int, newest_ns: int, config: GuardConfig) -> None:
    """Check that a chunk is newer than newest_ns, and neither from the future nor too old.

    Raises:
        RejectedChunk: it is not.
    """
    age = (now_ns - chunk.stamp_ns) * 1e-9
    if age < -config.future_tolerance:
        raise RejectedChunk(f"stamp lies {-age:.3f} s in the future: synchronise the clocks")
    if age > config.max_action_age:
        raise RejectedChunk(f"stamp is {age:.3f} s old, the limit is {config.max_action_age:g} s")
    if chunk.stamp_ns <= newest_ns:
        raise RejectedChunk("stamp is not newer than the chunk before, or than the last start or reset")


def check_near(first: Array, posture: Array, threshold: float, joint_names: Sequence[str]) -> None:
    """Check that a first action [N] lies within a threshold (rad) of the measured posture [N].

    Raises:
        RejectedChunk: it does not.
    """
    away = np.abs(first - posture)
    joint = int(away.argmax())
    if away[joint] > threshold:
        raise RejectedChunk(
            f"first action is {away[joint]:.3f} rad from the posture at {joint_names[joint]}, "
            f"the limit is {threshold:g} rad"
        )


def due_points(chunk: ActionChunk, positions: Array, gripper: Array, origin_ns: int) -> Points:
    """Place checked points on the guard's time axis, whose zero is origin_ns."""
    start = (chunk.stamp_ns - origin_ns) * 1e-9
    due = start + np.arange(1.0, len(positions) + 1, dtype=np.float64) * float(chunk.step_duration)
    return Points(due, positions, due[: len(gripper)], gripper)


def upcoming(points: Points, time: float, blend: float) -> Points:
    """Leave out points that are past, or nearer than blend (s): the arm needs room to join the new plan.

    Raises:
        RejectedChunk: every point is past.
    """
    if points.due[-1] <= time + STEP_DURATIONS[0]:
        raise RejectedChunk(f"all its points are past, the last by {time - points.due[-1]:.3f} s")
    # The last point stays in any case: where the chunk ends is where the arm shall go.
    first = min(int(np.searchsorted(points.due, time + blend, side="right")), len(points.due) - 1)
    return dataclasses.replace(points, due=points.due[first:], positions=points.positions[first:])
