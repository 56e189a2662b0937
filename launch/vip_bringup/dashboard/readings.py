"""What the dashboard shows, as texts and numbers: pure functions of the messages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vip_bringup.dashboard.state import OLD, DashboardState, Health

# Colours of Quasar, by what they say.
GOOD, BUSY, BAD, IDLE = "positive", "primary", "negative", "grey-7"


@dataclass(frozen=True)
class Chip:
    """A short text on a colour."""

    text: str
    colour: str


@dataclass(frozen=True)
class JointBar:
    """A joint's position between its limits: share in [0, 1], 0.5 where the limits are unknown."""

    name: str
    position: float
    share: float
    near_limit: bool


def guard_chip(state: DashboardState) -> Chip:
    """Return the guard's mode, or its fault."""
    guard = state.newest("franka/guard_state", OLD)
    if guard is None:
        return Chip("no guard", IDLE)
    if guard.fault:
        return Chip(f"FAULT {guard.fault}", BAD)
    driver = f" by {guard.source}" if guard.source else ""
    colour = BUSY if guard.mode_name.lower() in ("tracking", "homing", "stopping") else GOOD
    return Chip(f"{guard.mode_name.lower()}{driver}", colour)


def guard_lines(state: DashboardState) -> list[str]:
    """Return what the guard says, a line each: fault, chunks, interventions."""
    guard = state.newest("franka/guard_state")
    if guard is None:
        return ["nothing heard from franka/guard_state"]
    lines = [guard.fault_detail] if guard.fault_detail else []
    lines.append(f"chunks: {guard.chunks_accepted} accepted, {guard.chunks_rejected} rejected")
    if guard.last_rejection:
        lines.append(f"last rejection: {guard.last_rejection}")
    return lines + _interventions(guard.interventions)


def _interventions(items: Sequence[Any]) -> list[str]:
    """Return a line per limit: a line per joint would leave no room for what else is to be seen."""
    limits: dict[str, list[Any]] = {}
    for item in items:
        limits.setdefault(item.limit, []).append(item)
    return [_changed(limit, found) for limit, found in limits.items()]


def _changed(limit: str, items: Sequence[Any]) -> str:
    often = max(items, key=lambda item: item.count)
    where = often.joint if len(items) == 1 else f"{len(items)} joints, most often {often.joint}"
    count, largest = sum(item.count for item in items), max(item.largest for item in items)
    return f"{limit}: {count} samples changed at {where}, at most {largest:.3g}"


def recorder_chip(state: DashboardState) -> Chip:
    """Return what the recorder does."""
    recorder = state.newest("vip/recorder_state", OLD)
    if recorder is None:
        return Chip("no recorder", IDLE)
    number = f" {recorder.index}" + (f"/{recorder.wanted}" if recorder.wanted else "")
    if recorder.state == recorder.RECORDING:
        return Chip(f"recording{number}, {recorder.duration:.0f} s", BAD if recorder.warnings else BUSY)
    if recorder.state == recorder.REVIEW:
        return Chip(f"review{number}: {recorder.outcome or 'not marked'}", BUSY)
    return Chip(f"{recorder.state_name.lower()}, {recorder.kept} kept", GOOD)


def recorder_lines(state: DashboardState) -> list[str]:
    """Return what the recorder says, warnings first."""
    recorder = state.newest("vip/recorder_state")
    if recorder is None:
        return ["nothing heard from vip/recorder_state"]
    lines = [f"warning: {text}" for text in recorder.warnings]
    lines.append(f"{recorder.kept} kept, {recorder.discarded} discarded, {recorder.task or 'no task'}")
    lines.append(
        f"{recorder.messages} messages, {recorder.dropped} dropped, {recorder.bytes / 1e6:.1f} MB, "
        f"{recorder.bytes_free / 1e9:.1f} GB free"
    )
    return lines


def reward_line(state: DashboardState) -> str:
    """Return the newest reward in one line."""
    reward = state.newest("vip/reward", OLD)
    if reward is None:
        return "no reward: no goal is set, or reward_node is silent"
    stage = f"  {reward.subgoal_index + 1}/{reward.subgoal_count}" if reward.subgoal_count > 1 else ""
    reached = "  reached" if reward.reached else ""
    return (
        f"{reward.goal}{stage}   {100 * reward.progress:.0f} %   "
        f"distance {reward.distance:.3g} of {reward.initial_distance:.3g}{reached}"
    )


def joint_bars(state: DashboardState) -> list[JointBar]:
    """Return the joints with their positions between their limits."""
    message = state.newest("joint_states", OLD)
    if message is None:
        return []
    return [_bar(state, name, value) for name, value in zip(message.name, message.position, strict=False)]


def _bar(state: DashboardState, name: str, position: float) -> JointBar:
    lower, upper = state.joint_limits.get(name, (-math.inf, math.inf))
    if not (math.isfinite(position) and math.isfinite(upper - lower)):
        return JointBar(name, position, 0.5, not math.isfinite(position))
    share = min(max((position - lower) / (upper - lower), 0.0), 1.0)
    # A gripper's ends are where it belongs; an arm's are where the robot stops.
    return JointBar(name, position, share, "finger" not in name and not 0.05 < share < 0.95)


def latency_line(state: DashboardState) -> str:
    """Return the age of the image behind the newest command."""
    latency: Any = state.newest("franka/command_latency", OLD)
    return "no command follows an image now" if latency is None else f"{1e3 * latency.data:.0f} ms"


def health_rows(state: DashboardState) -> list[dict[str, str]]:
    """Return the lines of /diagnostics as rows of a table, the worst first."""
    lines = sorted(state.health().items(), key=lambda item: (-item[1].level, item[0]))
    return [_row(name, line) for name, line in lines]


def _row(name: str, line: Health) -> dict[str, str]:
    node, _, stream = name.partition(": ")
    age = line.values.get("age_p50_ms", "")
    level = ("ok", "warning", "error", "silent")[min(line.level, 3)]
    return {
        "name": name,
        "node": node,
        "stream": stream,
        "level": level,
        "message": line.message,
        "age": "" if age in ("", "nan") else f"{float(age):.0f}",
    }
