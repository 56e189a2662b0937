"""The rewards of one episode, frame by frame, with the subgoals followed on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vip_models.distances import Floats, distances
from vip_reward_node.protocols import GoalLike
from vip_reward_node.reward import RewardForm, RewardSample, progress
from vip_ros.errors import UserError


@dataclass(frozen=True)
class ReachRule:
    """When a goal counts as reached and a subgoal as passed.

    Subgoals follow UVD (arXiv 2310.08581) as its code does: a subgoal is passed when its distance has
    fallen below `ratio` times that at its start, though not sooner than `slack` frames before its budget
    (the frames that the demonstration took) is used up; `slack` frames after that it is passed anyhow.

    Attributes:
        progress: progress at which a goal without a threshold of its own is reached; 0: never.
        ratio: the share of a subgoal's initial distance, epsilon.
        slack: frames of the demonstration, delta (the paper has 2, its code 3).
    """

    progress: float = 0.0
    ratio: float = 0.2
    slack: float = 3.0

    def __post_init__(self) -> None:
        """Refuse shares that no frame could meet or that every frame meets."""
        if not 0.0 <= self.progress <= 1.0 or not 0.0 < self.ratio < 1.0 or not self.slack >= 0.0:
            raise UserError(
                f"progress {self.progress:g}, ratio {self.ratio:g}, slack {self.slack:g} make no rule",
                "give a progress in [0, 1], a ratio between 0 and 1 and a slack of 0 or more",
            )

    def check(self, goal: GoalLike, form: RewardForm) -> None:
        """Raise UserError when a sparse reward is asked for a goal that cannot be reached."""
        if form.mode == "sparse" and goal.threshold is None and goal.subgoals is None and not self.progress:
            raise UserError(
                "a sparse reward needs to know when the goal is reached, and this goal has no threshold",
                "give the progress at which it is, such as reached_progress 0.9",
            )


class RewardTracker:
    """Turns the embeddings of one episode, in order, into distances and dense rewards.

    The first embedding after construction or reset() sets the initial distance and has reward 0. A frame
    that passes a subgoal is still measured against it; its distance to the next subgoal is the initial one
    there, so that every reward compares two frames by one subgoal.
    """

    def __init__(self, goal: GoalLike, rule: ReachRule | None = None) -> None:
        self._goal = goal
        self._rule = rule or ReachRule()
        self._stages = goal.subgoals
        self._count = 1 if self._stages is None else len(self._stages)
        self.reset()

    def reset(self) -> None:
        """Forget the episode: the next frame sets a new initial distance."""
        self._index = 0
        self._initial: float | None = None
        self._previous = 0.0
        # Frames of the demonstration's rate that the subgoal in force has taken so far.
        self._spent = 0.0
        self._time: float | None = None

    def update(self, embedding: ArrayLike, seconds: float | None = None) -> RewardSample:
        """Take the next frame.

        Args:
            embedding: of the frame [D].
            seconds: when it was taken, s, on any clock; None: one period of the demonstration later than
                the frame before. Only subgoals need it.

        Raises:
            UserError: the embedding does not fit the goal or is not finite; the state is then unchanged.
        """
        row = np.asarray(embedding)[None]
        distance = self._distance(row, self._index)
        last = self._index == self._count - 1
        following = None if last else self._distance(row, self._index + 1)
        first = self._initial is None
        if self._initial is None:
            self._initial = self._previous = distance
        self._spend(seconds)
        reached = last and self._is_reached(distance, self._initial)
        passed = not last and self._is_passed(distance, self._initial)
        sample = RewardSample(
            distance=distance,
            initial_distance=self._initial,
            progress=float(progress(np.array([distance]), self._initial)[0]),
            reward=self._previous - distance,
            reached=reached,
            subgoal_index=self._index,
            subgoal_count=self._count,
            passed=passed,
            first=first,
        )
        self._previous = distance
        if passed and following is not None:
            self._index += 1
            self._initial = self._previous = following
            self._spent = 0.0
        return sample

    def _distance(self, row: np.ndarray, index: int) -> float:
        target = self._goal.embedding if self._stages is None else self._stages.embeddings[index]
        return float(distances(row, target, self._goal.metric)[0])

    def _spend(self, seconds: float | None) -> None:
        """Count the frame: as many of the demonstration's as the time since the one before holds."""
        frames = 1.0
        if seconds is not None and self._time is not None and self._stages is not None:
            # To the microframe: ties fall alike on every clock's origin.
            frames = round((seconds - self._time) * self._stages.rate, 6)
        self._time = seconds
        self._spent += max(frames, 0.0)

    def _is_reached(self, distance: float, initial: float) -> bool:
        if self._goal.threshold is not None:
            return distance <= self._goal.threshold
        if self._stages is not None:
            return distance < self._rule.ratio * initial and self._left() <= self._rule.slack
        share = self._rule.progress
        return share > 0.0 and float(progress(np.array([distance]), initial)[0]) >= share

    def _is_passed(self, distance: float, initial: float) -> bool:
        left = self._left()
        near = distance < self._rule.ratio * initial
        return left <= self._rule.slack if near else left < -self._rule.slack

    def _left(self) -> float:
        """Frames left of the budget of the subgoal in force."""
        assert self._stages is not None
        return float(self._stages.budgets[self._index]) - self._spent


@dataclass(frozen=True)
class Judgement:
    """An episode's samples as arrays, in one form.

    Attributes:
        distances: to the goal or the subgoal in force [T].
        rewards: R of each step [T-1].
        initial_distances: [T]; constant without subgoals.
        subgoal_index: int [T].
        subgoal_count: 1 without subgoals.
        reached: bool [T].
        raw_distances: as distances, in embedding units whatever the form [T].
        value_curve: the distance still to go, in embedding units [T]: the last distance and the dense
            rewards still to come. Without subgoals it is raw_distances.
    """

    distances: Floats
    rewards: Floats
    initial_distances: Floats
    subgoal_index: NDArray[np.int64]
    subgoal_count: int
    reached: NDArray[np.bool_]
    raw_distances: Floats
    value_curve: Floats


def judge(
    embeddings: ArrayLike,
    goal: GoalLike,
    stamps: ArrayLike | None = None,
    rule: ReachRule | None = None,
    form: RewardForm | None = None,
) -> Judgement:
    """Return what a live tracker would say of each frame of an episode.

    Args:
        embeddings: of the frames, in order [T, D].
        goal: what is to be reached.
        stamps: times of the frames [T], s; None: at the rate of the demonstration with the subgoals.
        rule: when goals and subgoals count as reached.
        form: dense or sparse, normalised or not.

    Raises:
        UserError: as RewardTracker and ReachRule.check raise it.
    """
    rule, form = rule or ReachRule(), form or RewardForm()
    rule.check(goal, form)
    rows = np.asarray(embeddings)
    tracker = RewardTracker(goal, rule)
    times: Sequence[float | None] = [None] * len(rows) if stamps is None else list(np.asarray(stamps))
    raw = [tracker.update(row, time) for row, time in zip(rows, times, strict=True)]
    samples = [form.of(sample) for sample in raw]
    plain = np.array([sample.distance for sample in raw])
    to_come = np.append(np.cumsum([sample.reward for sample in raw[:0:-1]])[::-1], 0.0)
    return Judgement(
        distances=np.array([sample.distance for sample in samples]),
        rewards=np.array([sample.reward for sample in samples[1:]]),
        initial_distances=np.array([sample.initial_distance for sample in samples]),
        subgoal_index=np.array([sample.subgoal_index for sample in samples], np.int64),
        subgoal_count=1 if goal.subgoals is None else len(goal.subgoals),
        reached=np.array([sample.reached for sample in samples], np.bool_),
        raw_distances=plain,
        # Without subgoals the distances themselves, free of rounding in the sum.
        value_curve=plain if goal.subgoals is None else plain[-1] + to_come,
    )
