"""Scripted demonstrations that vary as a person's do: speed, approach, hesitation, tremor, and mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from franka_node.sim.kinematics import forward, inverse, pose_error
from franka_node.sim.panda import DQ_MAX
from franka_node.sim.tasks.base import Waypoint
from franka_node.sim.world import World
from vip_ros.errors import unknown_name

Array = NDArray[np.float64]
Command = tuple[Array, float]

_OVERLAP = 0.35  # part of a leg during which the next one has already begun
_SPEED_SHARE = 0.7  # of the joint velocity limits that a demonstration may use


@dataclass(frozen=True)
class Style:
    """How a demonstrator behaves.

    Attributes:
        outcome: what the plan aims at: 'success', 'miss' or 'short'.
        speed: range of the speed factor.
        bulge: largest sideways detour of a free leg, m.
        tremor: amplitude of the smooth noise, m.
        pause: chance of a hesitation before a leg.
        wander: random points to visit before the task, fewest and most.
        only_wander: never begin the task.
    """

    outcome: str = "success"
    speed: tuple[float, float] = (0.6, 0.9)
    bulge: float = 0.04
    tremor: float = 0.004
    pause: float = 0.15
    wander: tuple[int, int] = (0, 0)
    only_wander: bool = False


STYLES = {
    "expert": Style(),
    "detour": Style(bulge=0.12, wander=(1, 2)),
    "miss": Style(outcome="miss"),
    "short": Style(outcome="short"),
    "wander": Style(wander=(3, 5), only_wander=True),
}


def style_named(name: str) -> Style:
    """Return a demonstrator's style; raises UserError naming those that exist."""
    if name not in STYLES:
        raise unknown_name("demonstration style", name, STYLES)
    return STYLES[name]


def expert(
    world: World, rng: np.random.Generator, style: str | Style = "expert", rate: float = 20.0
) -> Iterator[Command]:
    """Yield joint targets [7] (rad) and gripper widths (m) at the control rate until the motion is over.

    The whole motion is planned from the world's state at the first command; the targets are
    those to be reached one period after they are yielded.

    Args:
        world: the scene to act in.
        rng: source of all variety.
        style: the demonstrator's style, or its name.
        rate: commands per second.
    """
    manner = style if isinstance(style, Style) else style_named(style)
    legs = _legs(world, rng, manner)
    begins, durations = _schedule(legs, rng, manner, rng.uniform(*manner.speed))
    times = np.arange(1, int(np.ceil((begins[-1] + durations[-1]) * rate)) + 1) / rate
    poses = _poses(forward(world.q), legs, begins, durations, times, rng, manner)
    joints = _solve(poses, world.q, rate)
    # The width of a leg holds from its beginning; a command is to be reached one period later.
    leg_of = np.searchsorted(begins, times - 0.5 / rate, side="right") - 1
    for q, index in zip(joints, leg_of, strict=True):
        yield q, legs[max(0, index)].gripper


def _legs(world: World, rng: np.random.Generator, manner: Style) -> list[Waypoint]:
    count = int(rng.integers(manner.wander[0], manner.wander[1] + 1))
    start = forward(world.q)
    legs = []
    for _ in range(count):
        pose = world.rules.anywhere(rng, start)
        legs.append(Waypoint(pose, float(rng.uniform(0.9, 1.5)), world.rules.start_gripper))
    if not manner.only_wander:
        legs += world.rules.plan(world.model, world.data, rng, manner.outcome)
    return legs


def _poses(
    start: Array,
    legs: list[Waypoint],
    begins: list[float],
    durations: list[float],
    times: Array,
    rng: np.random.Generator,
    manner: Style,
) -> Array:
    """Return poses [N, 4, 4] along overlapping minimum-jerk legs.

    Superposed submovements as in Flash & Henis, "Arm trajectory modifications during reaching
    towards visual targets", J. Cognitive Neuroscience 1991.
    """
    poses = np.repeat(start[None], len(times), axis=0)
    previous = start
    for leg, begin, duration in zip(legs, begins, durations, strict=True):
        phase = np.clip((times - begin) / duration, 0.0, 1.0)
        share = 10 * phase**3 - 15 * phase**4 + 6 * phase**5
        twist = pose_error(leg.pose, previous)
        poses[:, :3, 3] += share[:, None] * twist[:3]
        poses[:, :3, :3] = np.einsum("nij,njk->nik", _rotations(twist[3:], share), poses[:, :3, :3])
        if not leg.careful:
            poses[:, :3, 3] += (4 * share * (1 - share))[:, None] * _sideways(twist[:3], rng, manner.bulge)
        previous = leg.pose
    poses[:, :3, 3] += _tremor(times, rng, manner.tremor) * _freedom(times, legs, begins, durations)[:, None]
    return poses


def _schedule(
    legs: list[Waypoint], rng: np.random.Generator, manner: Style, speed: float
) -> tuple[list[float], list[float]]:
    """Return when each leg begins and how long it takes, s."""
    begins: list[float] = []
    durations: list[float] = []
    clock = 0.0
    for leg in legs:
        duration = leg.duration / speed * rng.uniform(0.9, 1.1)
        if leg.waits and begins:
            clock = begins[-1] + durations[-1]
        if rng.random() < manner.pause:
            clock += rng.uniform(0.1, 0.35)
        begins.append(clock)
        durations.append(duration)
        clock += duration * (1.0 - _OVERLAP)
    return begins, durations


def _sideways(move: Array, rng: np.random.Generator, largest: float) -> Array:
    """Return a random offset [3] square to a move, m; more up than down, away from the table."""
    length = float(np.linalg.norm(move))
    offset = rng.uniform(-1.0, 1.0, 3) * min(largest, 0.3 * length)
    offset[2] = abs(offset[2])
    return offset if length < 1e-6 else offset - move * float(offset @ move) / length**2


def _tremor(times: Array, rng: np.random.Generator, amplitude: float) -> Array:
    """Return smooth noise [N, 3], m: a few slow sines of random phase per axis."""
    frequencies = rng.uniform(0.3, 1.3, (3, 3))
    phases = rng.uniform(0, 2 * np.pi, (3, 3))
    waves = np.sin(2 * np.pi * frequencies[:, :, None] * times + phases[:, :, None])
    return amplitude / np.sqrt(1.5) * waves.sum(axis=0).T


def _freedom(times: Array, legs: list[Waypoint], begins: list[float], durations: list[float]) -> Array:
    """Return how far noise is let in [N]: none at rest and in contact, all else, with ramps between."""
    free = np.clip(np.minimum(times, times[-1] - times) / 0.4, 0, 1)
    for leg, begin, duration in zip(legs, begins, durations, strict=True):
        if leg.careful:
            away = np.maximum(begin - times, times - begin - duration)
            free = np.minimum(free, np.clip(away / 0.4, 0, 1))
    return free


def _rotations(vector: Array, share: Array) -> Array:
    """Return the rotations [N, 3, 3] by parts of a rotation vector [3] (Rodrigues' formula)."""
    angle = float(np.linalg.norm(vector))
    axis = vector / max(angle, 1e-12)
    skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turns = (angle * share)[:, None, None]
    return np.eye(3) + np.sin(turns) * skew + (1 - np.cos(turns)) * (skew @ skew)


def _solve(poses: Array, q: Array, rate: float) -> Array:
    """Return joints [N, 7] along poses [N, 4, 4], each from the one before, no faster than allowed."""
    rest, most = q, _SPEED_SHARE * DQ_MAX / rate
    joints = []
    for pose in poses:
        q = q + np.clip(inverse(pose, q, iterations=20, rest=rest).q - q, -most, most)
        joints.append(q)
    return np.stack(joints)
