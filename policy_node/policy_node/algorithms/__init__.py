"""Learning algorithms by name; each is one file that registers itself."""

from __future__ import annotations

from typing import Protocol

from policy_node.dataset import Dataset, Progress
from policy_node.learning import LearnedPolicy, TrainConfig
from vip_ros.registry import Registry


class Algorithm(Protocol):
    """Learns a policy from a dataset."""

    def __call__(self, dataset: Dataset, config: TrainConfig, progress: Progress | None) -> LearnedPolicy:
        """Return the learned network's tensors and the figures of the training."""


ALGORITHMS: Registry[Algorithm] = Registry("algorithm", package="policy_node.algorithms")
