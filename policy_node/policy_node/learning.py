"""What every learning algorithm takes and returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from policy_node.network import Tensors
from vip_models.card import METRICS
from vip_ros.config import option
from vip_ros.errors import UserError, unknown_name

VIP, SPARSE = "vip", "sparse"
REWARDS = (VIP, SPARSE)
PICTURE, CHANGE = "picture", "change"
GOALS = (PICTURE, CHANGE)
PATH, VARIANCE = "path", "variance"
VIEWS = (PATH, VARIANCE)
PLACES, ALL = "places", "all"
PARTS = (PLACES, ALL)
TO_END_OF_CHUNK, TO_END_OF_EPISODE, WHOLE_EPISODE = 0, -1, -2
_COUNTED_FROM_1 = ("steps", "batch_size", "check_every", "horizon", "threads", "networks")
_ABOVE_0 = ("step_duration", "rate", "learning_rate")
_FROM_0 = ("embedding_noise", "joint_noise", "finger_noise", "weight_decay", "reward_scale", "patience")
_BELOW = (("held_out", 1.0), ("dropout", 1.0), ("expectile", 1.0), ("discount", 1.0 + 1e-9))
_SEEDS = 2**63


@dataclass(frozen=True)
class TrainConfig:
    """Options of `vip train`; network, optimiser and batch are those of the VIP paper by default."""

    tau: float = option(0.3, "sharpness of the weights, per standard deviation of reward or advantage")
    reward: str = option(VIP, "vip: distance to the goal covered; sparse: 1 at the end of a success, else 0")
    goal: str = option(PICTURE, "picture: where successes ended; change: what they changed since they began")
    reward_steps: int = option(
        1,
        "steps a reward looks ahead (unused by awr and iql, and where it is sparse but for -2); "
        "0: to the chunk's end, -1: the episode's, -2: all of it",
    )
    reward_scale: float = option(0.0, "divisor of the reward; 0: its standard deviation, 1: raw units")
    discount: float = option(0.98, "of rewards per step_duration, where a value is learned (awr, iql)")
    expectile: float = option(0.7, "of iql's value: 0.5 is the mean, towards 1 the best action of the data")
    metric: str = option("", "how distances to the goal are measured: l2 or cosine; empty: the encoder's own")
    max_weight: float = option(20.0, "largest sample weight, in means")
    components: int = option(4, "directions of the embedding that the policy sees; 0: all features")
    seen_by: str = option(PATH, "which ones: path: those that foretell the arm's, variance: principal ones")
    seen_in: str = option(PLACES, "among what path looks: places: what the encoder says is where; all")
    first_embedding: bool = option(False, "the policy also sees the embedding with which its run began")
    hidden: list[int] = option([256, 256], "width of each hidden layer")
    networks: int = option(3, "networks that learn side by side and answer with their mean")
    batch_norm: bool = option(False, "normalise the input batch by batch, as R3M's behaviour cloning does")
    steps: int = option(3_000, "gradient steps; more learn the few episodes by heart")
    batch_size: int = option(64, "samples per step")
    learning_rate: float = option(1e-3, "Adam's step size")
    weight_decay: float = option(0.0, "decoupled weight decay per unit of learning rate")
    dropout: float = option(0.0, "share of hidden units left out while training")
    embedding_noise: float = option(0.1, "noise on the embedding, in standard deviations of each component")
    joint_noise: float = option(0.02, "noise on the joint positions, rad; the target stays where it was")
    finger_noise: float = option(0.003, "noise on the finger's position, m; much hides whether it holds")
    held_out: float = option(0.0, "share of the episodes kept for validation; of 20, none can be spared")
    check_every: int = option(250, "steps between two validations")
    patience: int = option(0, "validations without a better one after which training ends; 0: never")
    step_duration: float = option(0.1, "s between two points of a chunk")
    horizon: int = option(16, "points per chunk")
    rate: float = option(10.0, "chunks per second the policy is to run at, Hz")
    two_widths: bool = option(True, "send a hand that was only ever sent to two widths to those alone")
    ensemble: float = option(0.8, "s over which earlier chunks count in the present one; 0: not at all")
    seed: int = option(0, "seed of the weights, the batches and the noise")
    threads: int = option(1, "CPU threads of the training step; small networks are fastest with one")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UserError: an unknown metric or reward, a number outside of its range.
        """
        if self.metric and self.metric not in METRICS:
            raise unknown_name("metric", self.metric, METRICS)
        if self.reward not in REWARDS:
            raise unknown_name("reward", self.reward, REWARDS)
        if self.goal not in GOALS:
            raise unknown_name("kind of goal", self.goal, GOALS)
        if self.seen_by not in VIEWS:
            raise unknown_name("choice of components", self.seen_by, VIEWS)
        if self.seen_in not in PARTS:
            raise unknown_name("part of the embedding", self.seen_in, PARTS)
        self._check_numbers()
        if not all(width >= 1 for width in self.hidden):
            raise self._wrong("hidden", "widths of at least 1")
        if self.batch_norm and self.batch_size < 2:
            raise self._wrong("batch_size", "at least 2 where batch_norm is on: one sample has no deviation")

    def _check_numbers(self) -> None:
        for name, value in ((known.name, getattr(self, known.name)) for known in fields(self)):
            if isinstance(value, float) and not math.isfinite(value):
                raise self._wrong(name, "a finite number")
        for name in _COUNTED_FROM_1:
            if getattr(self, name) < 1:
                raise self._wrong(name, "at least 1")
        for name in _ABOVE_0:
            if not getattr(self, name) > 0:
                raise self._wrong(name, "more than 0")
        for name in _FROM_0:
            if getattr(self, name) < 0:
                raise self._wrong(name, "at least 0")
        for name, most in _BELOW:
            if not 0 <= getattr(self, name) < most:
                raise self._wrong(name, "0 to 1")
        if self.reward_steps < WHOLE_EPISODE:
            raise self._wrong("reward_steps", "-2 or more")
        if not (self.tau >= 0 and self.components >= 0 and self.ensemble >= 0):
            raise UserError("a training option is negative", "tau, components, ensemble count up from 0")
        if self.max_weight < 1:
            raise self._wrong("max_weight", "at least 1, the mean of all weights")
        if not 0 <= self.seed < _SEEDS:
            raise self._wrong("seed", "0 to 2^63 - 1")

    def _wrong(self, name: str, wanted: str) -> UserError:
        return UserError(f"{name} is {getattr(self, name)}", f"give {wanted}", "training options")


@dataclass(frozen=True)
class LearnedPolicy:
    """Tensors of a PolicyNetwork and the figures of the training."""

    tensors: Tensors
    figures: dict[str, Any]
