"""Goal-distance value and reward, the same code for one live frame and for a whole video.

S(o; g) = -||phi(o) - phi(g)||_2 and R(o, o'; g) = S(o'; g) - S(o; g), after VIP
(Ma et al., ICLR 2023, arXiv 2210.00030).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vip_reward_node.protocols import GoalLike
from vip_ros.errors import UserError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RewardSample:
    """Distance and reward of one frame; the fields mean what Reward.msg says of them."""

    distance: float
    initial_distance: float
    progress: float
    reward: float
    reached: bool
    subgoal_index: int = 0
    subgoal_count: int = 1


class RewardTracker:
    """Turns the embeddings of one episode, in order, into distances and rewards.

    The first embedding after construction or reset() sets the initial distance and has reward 0.
    """

    def __init__(self, goal: GoalLike) -> None:
        self._goal = goal
        self._initial: float | None = None
        self._previous = 0.0

    def update(self, embedding: ArrayLike) -> RewardSample:
        """Take the next frame's embedding [D].

        Raises:
            UserError: the embedding does not fit the goal or is not finite; the state is then unchanged.
        """
        distance = float(distances(np.asarray(embedding)[None], self._goal.embedding)[0])
        if self._initial is None:
            self._initial = self._previous = distance
        sample = RewardSample(
            distance=distance,
            initial_distance=self._initial,
            progress=float(progress(np.array([distance]), self._initial)[0]),
            reward=self._previous - distance,
            reached=self._goal.threshold is not None and distance <= self._goal.threshold,
        )
        self._previous = distance
        return sample

    def reset(self) -> None:
        """Forget the episode: the next frame sets a new initial distance."""
        self._initial = None


def distances(embeddings: ArrayLike, goal: ArrayLike) -> Floats:
    """Return ||phi(o_t) - phi(g)||_2 [T] of embeddings [T, D] to one goal embedding [D].

    Raises:
        UserError: the shapes do not fit each other, or a number is not finite.
    """
    points = np.asarray(embeddings, dtype=np.float64)
    target = np.asarray(goal, dtype=np.float64)
    if points.ndim != 2 or target.shape != points.shape[1:]:
        raise UserError(
            f"embeddings of shape {points.shape} do not fit a goal of shape {target.shape}",
            "make the goal again with the encoder in use",
        )
    result = np.sqrt(np.square(points - target).sum(axis=1))
    if not np.isfinite(result).all():
        raise UserError("the encoder gave an embedding that is not finite", "check its weights file")
    return result


def rewards(embeddings: ArrayLike, goal: ArrayLike) -> Floats:
    """Return R(o_t, o_{t+1}; g) [T-1] of embeddings [T, D] and a goal [D]; raises like distances."""
    return -np.diff(distances(embeddings, goal))


def progress(distance: Floats, initial: float) -> Floats:
    """Return 1 - distance / initial distance [T]: 0 at the start, 1 at the goal, negative farther off.

    An episode that starts at the goal itself has no scale: progress is then 1 at the goal and 0 elsewhere.
    """
    if initial > 0.0:
        return 1.0 - distance / initial
    return np.where(distance <= 0.0, 1.0, 0.0)
