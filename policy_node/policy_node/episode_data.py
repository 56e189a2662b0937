"""One episode as training data; an episode that nothing can be learned from is refused by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policy_node.embeddings import Embedded, Floats, FrameEncoder, embed_episode
from vip_ros.errors import UserError
from vip_teleop.episode_reader import EpisodeReader, JointSeries

_LEAST_TRAVEL = 0.002
"""m of a finger's travel from which it tells something about the task."""

_SLACK = 0.5
"""s by which the pictures may begin before, or end after, the joint states."""

_RATE_FACTOR = 1.5
"""How much faster or slower than usual the pictures of an episode may come."""


@dataclass(frozen=True)
class EpisodeData:
    """One episode's samples.

    Attributes:
        name: folder name.
        success: whether the task was solved.
        embeddings: float32 [T, D].
        q: measured joint positions at each picture, rad, [T, N].
        targets: commanded positions after each picture, rad, [T, H, N].
        gripper: commanded opening width, m, [T, H]; None when no gripper was recorded.
        times: s since the first picture, [T].
        last_image: last picture, uint8 [h, w, 3] RGB.
        fingers: measured positions of the dataset's senses, m, [T, S]; None: there are none.
    """

    name: str
    success: bool
    embeddings: Floats
    q: NDArray[np.float64]
    targets: NDArray[np.float64]
    gripper: NDArray[np.float64] | None
    times: NDArray[np.float64]
    last_image: NDArray[np.uint8]
    fingers: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Recorded:
    """What an episode recorded of the robot."""

    path: Path
    success: bool
    states: JointSeries
    commands: JointSeries


def read_recorded(reader: EpisodeReader) -> Recorded:
    """Read joint states and commands.

    Raises:
        UserError: there are none, or a position is NaN or infinite.
    """
    recorded = Recorded(
        reader.path, reader.info.outcome == "success", reader.joint_states(), reader.joint_commands()
    )
    for what, series in (("joint state", recorded.states), ("joint command", recorded.commands)):
        wrong = ~np.isfinite(series.position)
        if wrong.any():
            row, column = (int(index) for index in np.argwhere(wrong)[0])
            raise UserError(
                f"{what} {row} has '{series.names[column]}' at {series.position[row, column]}",
                "leave this episode out or record it again",
                str(reader.path),
            )
    return recorded


def common_joints(episodes: Sequence[Recorded]) -> list[str]:
    """Return the arm's joints in the order of the first episode's commands.

    Raises:
        UserError: another episode commands other joints.
    """
    joints = _arm_joints(episodes[0])
    for episode in episodes:
        if set(_arm_joints(episode)) != set(joints):
            raise UserError(
                f"commands joints {', '.join(_arm_joints(episode))}; {episodes[0].path.name} commands "
                f"{', '.join(joints)}",
                "keep the episodes of one robot per folder",
                str(episode.path),
            )
    return joints


def common_senses(episodes: Sequence[Recorded]) -> list[str]:
    """Return one finger's joint if every episode recorded it and it moved in some; the others do the same."""
    states = [episode.states for episode in episodes]
    fingers = [name for name in states[0].names if "finger" in name][:1]
    if not all(name in series.names for series in states for name in fingers):
        return []
    moved = [float(np.ptp(series.columns(fingers))) for series in states if fingers]
    return fingers if max(moved, default=0.0) > _LEAST_TRAVEL else []


def load_episode(
    reader: EpisodeReader,
    recorded: Recorded,
    encoder: FrameEncoder,
    joints: list[str],
    senses: list[str],
    step_duration: float,
    horizon: int,
) -> EpisodeData:
    """Pair every picture with the joints of its time and the commands that followed.

    Raises:
        UserError: too short, an embedding that is not finite, or joint states of another time.
    """
    stamps, embeddings, last_image = _embedded(reader, encoder, step_duration)
    states, commands, where = recorded.states, recorded.commands, str(recorded.path)
    _check_stamps(states.stamps, stamps, where)
    origin = int(stamps[0])
    times = _seconds(stamps, origin)
    seen = _resample(times, _seconds(states.stamps, origin), states.columns([*joints, *senses], where))
    q, fingers = seen[:, : len(joints)], seen[:, len(joints) :] if senses else None
    # A command's header carries the stamp of the image it follows from; when it was sent is the
    # recording time.
    sent = _seconds(commands.recorded, origin)
    _check_sent(sent, times, where)
    due = (times[:, None] + step_duration * np.arange(1, horizon + 1)).ravel()
    targets = _resample(due, sent, commands.columns(joints, where)).reshape(len(times), horizon, -1)
    width = _gripper_width(commands)
    gripper = None if width is None else np.interp(due, sent, width).reshape(len(times), horizon)
    name = recorded.path.name
    return EpisodeData(name, recorded.success, embeddings, q, targets, gripper, times, last_image, fingers)


def check_rates(episodes: Sequence[EpisodeData]) -> None:
    """Raise UserError naming an episode whose pictures come at another rate than those of the others."""
    rates = [(len(episode.times) - 1) / episode.times[-1] for episode in episodes]
    usual = float(np.median(rates))
    for episode, rate in zip(episodes, rates, strict=True):
        if not usual / _RATE_FACTOR <= rate <= usual * _RATE_FACTOR:
            raise UserError(
                f"{episode.name} has {rate:.1f} pictures per second, the others {usual:.1f}",
                "train on episodes of one rate: a faster one would count more",
            )


def _embedded(reader: EpisodeReader, encoder: FrameEncoder, step_duration: float) -> Embedded:
    stamps, embeddings, last_image = embed_episode(reader, encoder)
    seconds = float(stamps[-1] - stamps[0]) * 1e-9
    if len(stamps) < 2 or seconds < step_duration:
        raise UserError(
            f"the episode has {len(stamps)} pictures in {seconds:.2f} s", "leave it out", str(reader.path)
        )
    if (np.diff(stamps) <= 0).any():
        raise UserError("the pictures are not in the order of time", "leave it out", str(reader.path))
    if not np.isfinite(embeddings).all():
        raise UserError("an embedding is not finite", "check the encoder's weights", str(reader.path))
    return stamps, embeddings, last_image


def _check_stamps(states: NDArray[np.int64], pictures: NDArray[np.int64], where: str) -> None:
    """Raise UserError unless the joint states' stamps, ns, are in order and cover the pictures' stamps.

    Outside of the time they cover, every picture would meet the same joint positions.
    """
    if (np.diff(states) < 0).any():
        raise UserError("the joint states are not in the order of time", "leave it out", where)
    begin, end = (float(stamp - pictures[0]) * 1e-9 for stamp in (states[0], states[-1]))
    last = float(pictures[-1] - pictures[0]) * 1e-9
    if begin > _SLACK or end < last - _SLACK:
        raise UserError(
            f"the joint states, stamped {begin:.2f} to {end:.2f} s, do not cover the pictures, "
            f"0 to {last:.2f} s",
            "leave it out; camera and robot must stamp by one clock",
            where,
        )


def _check_sent(sent: NDArray[np.float64], times: NDArray[np.float64], where: str) -> None:
    """Raise UserError unless commands were recorded, s [C], while there were pictures, s [T].

    Outside of that time, every picture would be answered by the same command. An arm may stand still before
    and after it is led, so they need not be there all the time.
    """
    if sent[0] > times[-1] or sent[-1] < times[0]:
        raise UserError(
            f"no command was recorded while there were pictures (0 to {times[-1]:.2f} s): commands are from "
            f"{sent[0]:.2f} to {sent[-1]:.2f} s",
            "leave it out; the camera must stamp by the clock of the machine that records",
            where,
        )


def _seconds(stamps: NDArray[np.int64], origin: int) -> NDArray[np.float64]:
    return ((stamps - origin) * 1e-9).astype(np.float64)


def _resample(
    at: NDArray[np.float64], times: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.stack([np.interp(at, times, column) for column in values.T], axis=1)


def _arm_joints(recorded: Recorded) -> list[str]:
    return [name for name in recorded.commands.names if "finger" not in name]


def _gripper_width(series: JointSeries) -> NDArray[np.float64] | None:
    fingers = [name for name in series.names if "finger" in name]
    # Each finger reports its own travel; the opening width is their sum.
    return series.columns(fingers).sum(axis=1) if fingers else None
