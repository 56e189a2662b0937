"""Goal-distance reward, the same code for one live frame and for a whole video.

S(o; g) = -distance(phi(o), phi(g)) and R(o, o'; g) = S(o'; g) - S(o; g), after VIP
(Ma et al., ICLR 2023, arXiv 2210.00030); vip_models.distances has the metrics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from vip_models.distances import Floats, distances
from vip_ros.errors import unknown_name

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
