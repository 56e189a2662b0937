"""Goal-distance value and reward, the same code for one live frame and for a whole video.

S(o; g) = -||phi(o) - phi(g)||_2 and R(o, o'; g) = S(o'; g) - S(o; g), after VIP
(Ma et al., ICLR 2023, arXiv 2210.00030). Where an encoder's authors compare by angle (CLIP; LIV, arXiv
2306.00958) S is the cosine similarity; as a distance it is counted from the goal, 1 - cosine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vip_ros.errors import UserError, unknown_name

Floats = NDArray[np.float64]

MODES = ("dense", "sparse")


@dataclass(frozen=True)
class RewardSample:
    """Distance and reward of one frame; the fields mean what Reward.msg says of them.

    With subgoals, distance, initial distance and progress are those of the subgoal in force, and passed says
    that this frame was its last: the next frame is measured against the next subgoal.
    """

    distance: float
    initial_distance: float
    progress: float
    reward: float
    reached: bool
    subgoal_index: int = 0
    subgoal_count: int = 1
    passed: bool = False
    first: bool = False


@dataclass(frozen=True)
class RewardForm:
    """The form in which rewards are given out.

    Attributes:
        mode: "dense" (R as above), or "sparse": 1 on a frame at which the goal is reached or a subgoal is
            passed, else 0, as a sensor at the goal would give it.
        normalise: divide distance and dense reward by the initial distance, which then is 1.
    """

    mode: str = "dense"
    normalise: bool = False

    def __post_init__(self) -> None:
        """Refuse a mode that does not exist."""
        if self.mode not in MODES:
            raise unknown_name("reward mode", self.mode, MODES)

    def of(self, sample: RewardSample) -> RewardSample:
        """Return a dense sample in embedding units in this form."""
        reward, scale = sample.reward, 1.0
        # An episode that starts at the goal itself has no scale.
        if self.normalise and sample.initial_distance > 0.0:
            scale = sample.initial_distance
            reward /= scale
        if self.mode == "sparse":
            reward = float((sample.reached or sample.passed) and not sample.first)
        return replace(
            sample,
            distance=sample.distance / scale,
            initial_distance=sample.initial_distance / scale,
            reward=reward,
        )


def distances(embeddings: ArrayLike, goal: ArrayLike, metric: str = "l2") -> Floats:
    """Return the distance of each embedding [T, D] to one goal embedding [D], [T].

    Args:
        embeddings: of the frames.
        goal: of the goal.
        metric: "l2" for ||phi(o_t) - phi(g)||_2; "cosine" for 1 - cosine similarity, in [0, 2].

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
    if metric == "cosine":
        points, target = _unit(points), _unit(target)
    result = np.sqrt(np.square(points - target).sum(axis=1))
    if metric == "cosine":
        # 1 - cos of unit vectors, without the cancellation near the goal.
        result = 0.5 * np.square(result)
    if not np.isfinite(result).all():
        raise UserError("the encoder gave an embedding that is not finite", "check its weights file")
    return result


def rewards(embeddings: ArrayLike, goal: ArrayLike, metric: str = "l2") -> Floats:
    """Return R(o_t, o_{t+1}; g) [T-1] of embeddings [T, D] and a goal [D]; raises like distances."""
    return -np.diff(distances(embeddings, goal, metric))


def progress(distance: Floats, initial: float) -> Floats:
    """Return 1 - distance / initial distance [T]: 0 at the start, 1 at the goal, negative farther off.

    An episode that starts at the goal itself has no scale: progress is then 1 at the goal and 0 elsewhere.
    """
    if initial > 0.0:
        return 1.0 - distance / initial
    return np.where(distance <= 0.0, 1.0, 0.0)


def _unit(vectors: Floats) -> Floats:
    """Return the vectors [..., D] at length 1; those without a direction stay 0."""
    lengths = np.sqrt(np.square(vectors).sum(axis=-1, keepdims=True))
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths != 0.0)
