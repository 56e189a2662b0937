"""A policy that keeps the arm where it is: for what needs a running policy and no skill."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from policy_node.bundle import PolicyConfig, save_bundle
from vip_models.goals import Goal


def write_still_policy(folder: Path, encoder: str, dim: int, rate: float = 20.0, horizon: int = 8) -> Path:
    """Write a bundle whose every target is the present posture, and return its folder.

    Args:
        folder: where the bundle goes.
        encoder: encoder id, name@sha256[:12].
        dim: length of its embeddings, D.
        rate: chunks per second, Hz.
        horizon: points per chunk.
    """
    from franka_node.sim.panda import JOINT_NAMES

    config = PolicyConfig(
        task="close_drawer",
        algorithm="still",
        encoder=encoder,
        embedding_dim=dim,
        joints=list(JOINT_NAMES),
        rate=rate,
        step_duration=1.0 / rate,
        horizon=horizon,
        gripper=False,
    )
    inputs, outputs = dim + len(config.joints), horizon * config.action_size
    tensors = {
        "input_mean": np.zeros(inputs, np.float32),
        "input_std": np.ones(inputs, np.float32),
        "layers.0.weight": np.zeros((outputs, inputs), np.float32),
        "layers.0.bias": np.zeros(outputs, np.float32),
        "output_mean": np.zeros(outputs, np.float32),
        "output_std": np.ones(outputs, np.float32),
    }
    save_bundle(folder, config, tensors, Goal("still", encoder, np.ones(dim, np.float32)))
    return folder
