"""What every learning algorithm takes and returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from policy_node.network import Tensors
from vip_models.card import METRICS
from vip_ros.config import option
from vip_ros.errors import unknown_name


@dataclass(frozen=True)
class TrainConfig:
    """Options of `vip train`; network, optimiser and batch are those of the VIP paper by default."""

    tau: float = option(0.3, "sharpness of the reward weights, per standard deviation of the reward")
    reward_scale: float = option(0.0, "divisor of the reward; 0: its standard deviation, 1: raw units")
    metric: str = option("", "how distances to the goal are measured: l2 or cosine; empty: the encoder's own")
    max_weight: float = option(20.0, "largest sample weight, in means")
    components: int = option(8, "principal components of the embedding that the policy sees; 0: all features")
    hidden: list[int] = option([256, 256], "width of each hidden layer")
    steps: int = option(2_000, "gradient steps; more learn the few episodes by heart")
    batch_size: int = option(32, "samples per step")
    learning_rate: float = option(1e-3, "Adam's step size")
    weight_decay: float = option(0.0, "decoupled weight decay per unit of learning rate")
    dropout: float = option(0.0, "share of hidden units left out while training")
    embedding_noise: float = option(0.1, "noise on the embedding, in standard deviations of each component")
    joint_noise: float = option(0.01, "noise on the joint positions, rad; the target stays where it was")
    finger_noise: float = option(0.01, "noise on the finger's position, m; with little, a policy copies it")
    held_out: float = option(0.0, "share of the episodes kept for validation; of 20, none can be spared")
    check_every: int = option(250, "steps between two validations")
    patience: int = option(0, "validations without a better one after which training ends; 0: never")
    step_duration: float = option(0.1, "s between two points of a chunk")
    horizon: int = option(8, "points per chunk")
    rate: float = option(10.0, "chunks per second the policy is to run at, Hz")
    seed: int = option(0, "seed of the weights, the batches and the noise")
    threads: int = option(1, "CPU threads of the training step; small networks are fastest with one")

    def __post_init__(self) -> None:
        """Refuse a metric that does not exist."""
        if self.metric and self.metric not in METRICS:
            raise unknown_name("metric", self.metric, METRICS)


@dataclass(frozen=True)
class LearnedPolicy:
    """Tensors of a PolicyNetwork and the figures of the training."""

    tensors: Tensors
    figures: dict[str, Any]
