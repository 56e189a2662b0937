"""Episodes as training data: embeddings, joints, chunks of commands that followed, rewards.

One sample per camera picture at time t: φ(o_t), q(t), and the commanded positions at
t + (k + 1) * step_duration, k = 0 … H − 1 (the last command is held beyond the end). The reward is
R_t = S(o_{t+1}; g) − S(o_t; g) with S(o; g) = −distance(φ(o), φ(g)) over one step_duration (VIP, arXiv
2210.00030, section 5), in the metric of the encoder's authors unless another is asked for; g is the mean
embedding of the last pictures of the successful episodes, as in that paper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policy_node.embeddings import Floats, FrameEncoder, embed_episode
from vip_models.distances import distances
from vip_ros.errors import UserError
from vip_teleop.episode_reader import EpisodeReader, JointSeries

_ENDING = 1.0
"""s at the end of a demonstration that may count as having reached the goal."""

_LEAST_TRAVEL = 0.002
"""m of a finger's travel from which it tells something about the task."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is."""


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
class GoalData:
    """The goal that the demonstrations show: mean embedding [D], nearest last picture, threshold, metric.

    The threshold is None where the distance does not tell the end of a demonstration from the way there.
    """

    embedding: Floats
    image: NDArray[np.uint8]
    threshold: float | None
    metric: str = "l2"


@dataclass(frozen=True)
class Dataset:
    """All episodes of one task with one encoder; joints and senses in the order of the columns.

    Senses are the joints that a policy sees without moving them: a finger, where the gripper does something.
    Whether it already holds what it is to lift is hard to see in a picture.
    """

    task: str
    encoder: str
    joints: list[str]
    step_duration: float
    horizon: int
    episodes: list[EpisodeData]
    goal: GoalData
    senses: list[str] = field(default_factory=list)

    @property
    def has_gripper(self) -> bool:
        """Whether every episode recorded gripper commands."""
        return all(episode.gripper is not None for episode in self.episodes)

    def rewards(self, episode: EpisodeData) -> NDArray[np.float64]:
        """Return R of each sample over one step_duration, [T]; 0 at the end of the episode."""
        curve = distances(episode.embeddings, self.goal.embedding, self.goal.metric)
        following = np.interp(episode.times + self.step_duration, episode.times, curve)
        return curve - following


def load_dataset(
    paths: Sequence[Path],
    encoder: FrameEncoder,
    step_duration: float,
    horizon: int,
    progress: Progress | None = None,
    metric: str = "",
) -> Dataset:
    """Read and encode episodes (embeddings are cached by the bag's content and the encoder).

    Args:
        paths: the episodes.
        encoder: the frozen encoder.
        step_duration: s between two points of a chunk.
        horizon: points per chunk.
        progress: told what is done and how much of it.
        metric: how distances to the goal are measured, "l2" or "cosine"; "": as the encoder's authors do.

    Raises:
        UserError: no episode, none successful, several tasks or robots mixed, a damaged episode.
    """
    if not paths:
        raise UserError("there are no episodes", "record some with 'vip record'")
    readers = [EpisodeReader(path) for path in paths]
    tasks = sorted({reader.info.task for reader in readers})
    if len(tasks) > 1:
        raise UserError(f"episodes of several tasks: {', '.join(tasks)}", "keep one task per folder")
    joints = _arm_joints(readers[0].joint_commands().names)
    senses = _senses(readers)
    episodes = []
    for index, reader in enumerate(readers):
        if progress is not None:
            progress("encoding", index, len(readers))
        episodes.append(_load_episode(reader, encoder, joints, senses, step_duration, horizon))
    if progress is not None:
        progress("encoding", len(readers), len(readers))
    goal = _goal(episodes, metric or encoder.card.metric)
    return Dataset(tasks[0], encoder.id, joints, step_duration, horizon, episodes, goal, senses)


def _load_episode(
    reader: EpisodeReader,
    encoder: FrameEncoder,
    joints: list[str],
    senses: list[str],
    step_duration: float,
    horizon: int,
) -> EpisodeData:
    stamps, embeddings, last_image = embed_episode(reader, encoder)
    states, commands = reader.joint_states(), reader.joint_commands()
    where = str(reader.path)
    origin = int(stamps[0])
    times = _seconds(stamps, origin)
    seen = _resample(times, _seconds(states.stamps, origin), states.columns([*joints, *senses], where))
    q, fingers = seen[:, : len(joints)], seen[:, len(joints) :] if senses else None
    # A command's header carries the stamp of the image it follows from; when it was sent is the
    # recording time.
    sent = _seconds(commands.recorded, origin)
    due = (times[:, None] + step_duration * np.arange(1, horizon + 1)).ravel()
    targets = _resample(due, sent, commands.columns(joints, where)).reshape(len(times), horizon, -1)
    width = _gripper_width(commands)
    gripper = None if width is None else np.interp(due, sent, width).reshape(len(times), horizon)
    success = reader.info.outcome == "success"
    return EpisodeData(reader.path.name, success, embeddings, q, targets, gripper, times, last_image, fingers)


def _seconds(stamps: NDArray[np.int64], origin: int) -> NDArray[np.float64]:
    return ((stamps - origin) * 1e-9).astype(np.float64)


def _resample(
    at: NDArray[np.float64], times: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.stack([np.interp(at, times, column) for column in values.T], axis=1)


def _arm_joints(names: list[str]) -> list[str]:
    return [name for name in names if "finger" not in name]


def _senses(readers: Sequence[EpisodeReader]) -> list[str]:
    """Return one finger's joint if every episode recorded it and it moved in some; the others do the same."""
    states = [reader.joint_states() for reader in readers]
    fingers = [name for name in states[0].names if "finger" in name][:1]
    if not all(name in series.names for series in states for name in fingers):
        return []
    moved = [float(np.ptp(series.columns(fingers))) for series in states if fingers]
    return fingers if max(moved, default=0.0) > _LEAST_TRAVEL else []


def _gripper_width(series: JointSeries) -> NDArray[np.float64] | None:
    fingers = [name for name in series.names if "finger" in name]
    # Each finger reports its own travel; the opening width is their sum.
    return series.columns(fingers).sum(axis=1) if fingers else None


def _goal(episodes: list[EpisodeData], metric: str) -> GoalData:
    solved = [episode for episode in episodes if episode.success]
    if not solved:
        raise UserError("no episode ended in success", "record at least one: its last picture is the goal")
    last = np.stack([episode.embeddings[-1] for episode in solved])
    mean = last.mean(axis=0)
    nearest = solved[int(np.argmin(distances(last, mean, metric)))]
    return GoalData(mean, nearest.last_image, reached_threshold(solved, mean, metric), metric)


def reached_threshold(solved: list[EpisodeData], goal: Floats, metric: str = "l2") -> float | None:
    """Return the distance that every solved episode ends within and none enters before its last second.

    None when there is no such distance: a threshold that an unsolved picture passes would end runs too soon.
    """
    ends, ways = [], []
    for episode in solved:
        curve = distances(episode.embeddings, goal, metric)
        ends.append(float(curve[-1]))
        ways.append(curve[episode.times < episode.times[-1] - _ENDING])
    earlier = np.concatenate(ways)
    largest = max(ends)
    return largest if earlier.size and largest < float(earlier.min()) else None
