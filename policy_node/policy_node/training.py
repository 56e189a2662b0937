"""From a folder of episodes to a policy bundle: the core of `vip train`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from policy_node.algorithms import ALGORITHMS
from policy_node.bundle import save_bundle
from policy_node.bundle_folder import check_output
from policy_node.dataset import Dataset, Progress, load_dataset
from policy_node.embeddings import FrameEncoder
from policy_node.gripper import two_widths
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.policy_config import PolicyConfig
from vip_models.goals import Goal
from vip_teleop.episode import list_episodes


def train(
    episodes: Path,
    encoder: FrameEncoder,
    algorithm: str,
    output: Path,
    config: TrainConfig,
    progress: Progress | None = None,
) -> PolicyConfig:
    """Learn a policy and write its bundle.

    Args:
        episodes: folder of episodes of one task.
        encoder: the frozen encoder; the policy runs with no other.
        algorithm: registered name, such as rwr or bc.
        output: folder of the bundle.
        config: options.
        progress: told what is done and how much of it.

    Raises:
        UserError: unknown algorithm, unusable episodes, or an output that cannot be written.
    """
    learn = ALGORITHMS.get(algorithm)
    check_output(output)
    begin = time.perf_counter()
    dataset = load_dataset(
        list_episodes(episodes), encoder, config.step_duration, config.horizon, progress, config.metric
    )
    encoded = time.perf_counter()
    learned = learn(dataset, config, progress)
    timing = {
        "encode_seconds": round(encoded - begin, 2),
        "train_seconds": round(time.perf_counter() - encoded, 2),
    }
    description = describe(dataset, learned, algorithm, config, timing)
    save_bundle(output, description, learned.tensors, goal_of(dataset))
    return description


def describe(
    dataset: Dataset, learned: LearnedPolicy, algorithm: str, config: TrainConfig, timing: dict[str, Any]
) -> PolicyConfig:
    """Return the bundle's configuration."""
    return PolicyConfig(
        task=dataset.task,
        algorithm=algorithm,
        encoder=dataset.encoder,
        embedding_dim=int(dataset.goal.embedding.shape[0]),
        joints=dataset.joints,
        rate=config.rate,
        step_duration=dataset.step_duration,
        horizon=dataset.horizon,
        gripper=dataset.has_gripper,
        senses=dataset.senses,
        first_embedding=config.first_embedding,
        ensemble=config.ensemble,
        two_widths=_two_widths(dataset) if config.two_widths else [],
        training={
            **learned.figures,
            **timing,
            "successes": sum(episode.success for episode in dataset.episodes),
            "seed": config.seed,
        },
    )


def _two_widths(dataset: Dataset) -> list[float]:
    widths = [episode.gripper[:, 0] for episode in dataset.episodes if episode.gripper is not None]
    return two_widths(np.concatenate(widths)) if dataset.has_gripper else []


def goal_of(dataset: Dataset) -> Goal:
    """Return the goal that the successful episodes show."""
    goal = dataset.goal
    return Goal(dataset.task, dataset.encoder, goal.embedding, goal.image, goal.threshold, goal.metric)
