"""Small policies and data sets for tests, made in milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from policy_node.bundle import PolicyConfig, save_bundle
from policy_node.dataset import Dataset, EpisodeData, GoalData
from vip_models.goals import Goal

ENCODER = "toy@0123456789ab"
DIM = 4
JOINTS = [f"panda_joint{i}" for i in range(1, 8)]
READY = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])


def toy_config(**changes: Any) -> PolicyConfig:
    """Return the configuration of a policy with 3 points per chunk at 10 Hz."""
    values: dict[str, Any] = {
        "task": "close_drawer",
        "algorithm": "bc",
        "encoder": ENCODER,
        "embedding_dim": DIM,
        "joints": JOINTS,
        "rate": 10.0,
        "step_duration": 0.1,
        "horizon": 3,
        "gripper": False,
    }
    return PolicyConfig(**{**values, **changes})


def toy_tensors(config: PolicyConfig, speed: float = 0.02) -> dict[str, np.ndarray]:
    """Return weights of a policy that moves every joint by `speed` rad per point, plus embedding[0]."""
    inputs = config.embedding_dim + len(config.joints)
    points = speed * np.arange(1, config.horizon + 1)[:, None] * np.ones(config.action_size)
    weight = np.zeros((points.size, inputs), np.float32)
    weight[:, 0] = 1.0
    return {
        "input_mean": np.zeros(inputs, np.float32),
        "input_std": np.ones(inputs, np.float32),
        "layers.0.weight": weight,
        "layers.0.bias": np.zeros(points.size, np.float32),
        "output_mean": points.ravel().astype(np.float32),
        "output_std": np.ones(points.size, np.float32),
    }


def toy_bundle(folder: Path, **changes: Any) -> Path:
    """Write a policy bundle and return its folder."""
    config = toy_config(**changes)
    image = np.full((6, 8, 3), 200, np.uint8)
    goal = Goal("drawer shut", config.encoder, np.ones(config.embedding_dim, np.float32), image, 0.5)
    save_bundle(folder, config, toy_tensors(config), goal)
    return folder


def toy_dataset(episodes: int = 6, rows: int = 40, gripper: bool = True, seed: int = 0) -> Dataset:
    """Return demonstrations of reaching a place that the embedding shows, each at its own place.

    Every episode moves on a straight line from about READY to its place within 1.5 s and then rests.
    """
    rng = np.random.default_rng(seed)
    made = []
    for index in range(episodes):
        place = rng.uniform(-0.3, 0.3, DIM)
        goal = READY + np.concatenate([place, place[:3]])
        start = READY + rng.normal(0, 0.02, 7)
        times = np.arange(rows) * 0.05
        due = times[:, None] + 0.1 * np.arange(1, 4)
        q, targets = _line(start, goal, times), _line(start, goal, due)
        # The last feature falls to 0 on the way: the distance to the goal shrinks.
        left = 5.0 * (1 - np.clip(times / 1.5, 0, 1))
        embeddings = np.column_stack([np.tile(place, (rows, 1)), left]).astype(np.float32)
        widths = np.full((rows, 3), 0.04) if gripper else None
        made.append(
            EpisodeData(
                f"e{index}", True, embeddings, q, targets, widths, times, np.zeros((4, 4, 3), np.uint8)
            )
        )
    goal_data = GoalData(np.zeros(DIM + 1, np.float32), np.zeros((4, 4, 3), np.uint8), 0.5)
    return Dataset("close_drawer", ENCODER, JOINTS, 0.1, 3, made, goal_data)


def _line(start: np.ndarray, goal: np.ndarray, times: np.ndarray) -> np.ndarray:
    return start + (goal - start) * np.clip(times / 1.5, 0, 1)[..., None]
