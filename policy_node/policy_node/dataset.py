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
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policy_node.embeddings import Floats, FrameEncoder
from policy_node.episode_data import (
    EpisodeData,
    check_rates,
    common_joints,
    common_senses,
    load_episode,
    read_recorded,
)
from vip_models.architectures.colour_points import place_count
from vip_models.distances import distances
from vip_ros.errors import UserError
from vip_teleop.episode_reader import EpisodeReader

_ENDING = 1.0
"""s at the end of a demonstration that may count as having reached the goal."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is."""


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
    Whether it already holds what it is to lift is hard to see in a picture. Places: how many numbers at an
    embedding's end say where something is.
    """

    task: str
    encoder: str
    joints: list[str]
    step_duration: float
    horizon: int
    episodes: list[EpisodeData]
    goal: GoalData
    senses: list[str] = field(default_factory=list)
    places: int = 0

    @property
    def has_gripper(self) -> bool:
        """Whether every episode recorded gripper commands."""
        return all(episode.gripper is not None for episode in self.episodes)

    def distances(self, episode: EpisodeData, changed: bool = False) -> NDArray[np.float64]:
        """Return the distance of each picture to the goal, [T].

        changed: what the embedding changed by since the episode's first picture is measured against what it
        changed by in the successes, in the mean. Light, camera and bystanders, which differ from scene to
        scene and stay within one, are the same in both pictures and drop out. In L2, for what has no length
        in the beginning has no cosine.
        """
        if changed:
            return distances(episode.embeddings - episode.embeddings[0], self.change)
        return distances(episode.embeddings, self.goal.embedding, self.goal.metric)

    @cached_property
    def change(self) -> NDArray[np.float64]:
        """What the embedding changed by from a success's first picture to its last, in the mean, [D]."""
        solved = [episode.embeddings for episode in self.episodes if episode.success]
        return np.mean([seen[-1].astype(np.float64) - seen[0] for seen in solved], axis=0)

    def rewards(self, episode: EpisodeData, span: float = 0.0, changed: bool = False) -> NDArray[np.float64]:
        """Return R of each sample over `span` s (0: one step_duration), [T]; 0 at the end of the episode."""
        curve = self.distances(episode, changed)
        following = np.interp(episode.times + (span or self.step_duration), episode.times, curve)
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
        UserError: no episode, none successful, several tasks, robots or rates mixed, or an episode that is
            damaged, too short or not finite.
    """
    if not paths:
        raise UserError("there are no episodes", "record some with 'vip record'")
    readers = [EpisodeReader(path) for path in paths]
    tasks = sorted({reader.info.task for reader in readers})
    if len(tasks) > 1:
        raise UserError(f"episodes of several tasks: {', '.join(tasks)}", "keep one task per folder")
    recorded = [read_recorded(reader) for reader in readers]
    joints, senses = common_joints(recorded), common_senses(recorded)
    episodes = []
    for index, (reader, robot) in enumerate(zip(readers, recorded, strict=True)):
        if progress is not None:
            progress("encoding", index, len(readers))
        episodes.append(load_episode(reader, robot, encoder, joints, senses, step_duration, horizon))
    if progress is not None:
        progress("encoding", len(readers), len(readers))
    check_rates(episodes)
    goal = _goal(episodes, metric or encoder.card.metric)
    places = place_count(encoder.card)
    return Dataset(tasks[0], encoder.id, joints, step_duration, horizon, episodes, goal, senses, places)


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
