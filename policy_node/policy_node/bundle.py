"""The policy bundle: a folder with weights, configuration and goal, written whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from policy_node.network import PolicyNetwork, Tensors
from vip_models.goals import Goal, load_goal, save_goal
from vip_ros.config import from_mapping, load_yaml
from vip_ros.errors import UserError

FORMAT = 1
WEIGHTS_FILE = "policy.safetensors"
CONFIG_FILE = "config.yaml"
GOAL_IMAGE = "goal.png"
ACTION_SPACE = "joint_position_offset"


@dataclass(frozen=True)
class PolicyConfig:
    """config.yaml of a bundle: what must fit for the weights to mean anything.

    Attributes:
        task: task name of the demonstrations.
        algorithm: how it was learned.
        encoder: encoder id, name@sha256[:12].
        embedding_dim: D.
        joints: joint names in the order of the input and of the output, [N].
        rate: chunks per second, Hz.
        step_duration: s between two points of a chunk.
        horizon: points per chunk, H.
        gripper: whether the last action dimension is the gripper's opening width, m.
        senses: joints that are seen but not moved (a finger, m); they follow the joints in the input, [S].
        first_embedding: the network also sees the embedding with which the run began, after the present one.
        ensemble: s over which earlier chunks count in the present one (temporal ensembling); 0: not at all.
        two_widths: the narrow and the wide opening (m) to which alone the hand is sent; empty: to any.
        action_space: the network's output is target position minus present position, rad.
        training: figures of the training, for people.
        format: version of this file.
    """

    task: str
    algorithm: str
    encoder: str
    embedding_dim: int
    joints: list[str]
    rate: float
    step_duration: float
    horizon: int
    gripper: bool
    senses: list[str] = field(default_factory=list)
    first_embedding: bool = False
    ensemble: float = 0.0
    two_widths: list[float] = field(default_factory=list)
    action_space: str = ACTION_SPACE
    training: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def action_size(self) -> int:
        """Numbers per point of a chunk, A."""
        return len(self.joints) + int(self.gripper)

    @property
    def input_size(self) -> int:
        """Numbers that the network sees."""
        return self.embedding_dim * (1 + self.first_embedding) + len(self.observed_joints)

    @property
    def observed_joints(self) -> list[str]:
        """Joints in the order in which the network sees them, [N + S]."""
        return [*self.joints, *self.senses]

    def check_encoder(self, encoder: str) -> None:
        """Raise UserError unless the running encoder is the one the policy was trained on."""
        if encoder != self.encoder:
            raise UserError(
                f"the policy was trained on encoder {self.encoder}, but {encoder} is running",
                "start the reward node with the policy's encoder or train a policy on the running one",
            )

    def check_joints(self, available: list[str]) -> None:
        """Raise UserError unless the robot reports every joint of the policy."""
        missing = [name for name in self.observed_joints if name not in available]
        if missing:
            raise UserError(
                f"the policy needs joint '{missing[0]}', which the robot does not report",
                f"use a policy of this robot; it reports: {', '.join(available) or 'none'}",
            )

    def check_rate(self, rate: float, share: float = 0.8) -> None:
        """Raise UserError when embeddings arrive (Hz) at less than that share of the policy's rate."""
        if rate < share * self.rate:
            raise UserError(
                f"embeddings arrive at {rate:.1f} Hz, but the policy was trained to act at {self.rate:g} Hz",
                "raise the camera's rate, use a faster encoder or machine, or train at a lower rate",
            )


@dataclass(frozen=True)
class Bundle:
    """A loaded policy bundle."""

    path: Path
    config: PolicyConfig
    network: PolicyNetwork
    goal: Goal


def save_bundle(path: Path, config: PolicyConfig, tensors: Tensors, goal: Goal) -> None:
    """Write a bundle; an older bundle of that name is replaced at the end, in one rename.

    Raises:
        UserError: the place is taken by something else, or cannot be written.
    """
    if path.exists() and not (path / CONFIG_FILE).is_file() and (not path.is_dir() or any(path.iterdir())):
        raise UserError("the output exists and is not a policy", "choose another --out", str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        try:
            temporary.chmod(0o755)
            contiguous = {name: np.ascontiguousarray(value, np.float32) for name, value in tensors.items()}
            save_file(contiguous, temporary / WEIGHTS_FILE)
            (temporary / CONFIG_FILE).write_text(
                yaml.safe_dump(asdict(config), sort_keys=False), encoding="utf-8"
            )
            save_goal(goal, temporary)
            if goal.image is not None:
                Image.fromarray(goal.image).save(temporary / GOAL_IMAGE)
            _replace(path, temporary)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise UserError("cannot write the policy", str(error), str(path)) from error


def load_bundle(path: Path) -> Bundle:
    """Read a bundle.

    Raises:
        UserError: missing, damaged, or its parts do not fit together.
    """
    if not (path / CONFIG_FILE).is_file():
        raise UserError("no policy here", "train one with 'vip train'", str(path))
    config = _load_config(path / CONFIG_FILE)
    try:
        tensors: dict[str, NDArray[np.float32]] = load_file(path / WEIGHTS_FILE)
    except (OSError, SafetensorError) as error:
        raise UserError("cannot read the policy's weights", str(error), str(path / WEIGHTS_FILE)) from error
    network = PolicyNetwork(tensors)
    if network.input_size != config.input_size or network.output_size != config.horizon * config.action_size:
        raise UserError("the policy's weights and config.yaml differ in size", "train it again", str(path))
    goal = load_goal(path)
    if goal.encoder != config.encoder:
        raise UserError("the policy's goal is of another encoder", "train it again", str(path))
    return Bundle(path, config, network, goal)


def _load_config(path: Path) -> PolicyConfig:
    values = load_yaml(path)
    if not isinstance(values, dict):
        raise UserError("not a policy's configuration", "train the policy again", str(path))
    if values.get("format") != FORMAT:
        raise UserError(f"policy format {values.get('format')} is not {FORMAT}", "train it again", str(path))
    try:
        config = from_mapping(PolicyConfig, values, str(path))
    except TypeError as error:
        raise UserError("incomplete policy configuration", str(error), str(path)) from None
    if config.action_space != ACTION_SPACE:
        raise UserError(f"unknown action space '{config.action_space}'", f"known: {ACTION_SPACE}", str(path))
    return config


def _replace(path: Path, temporary: Path) -> None:
    if not path.exists():
        temporary.rename(path)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
    path.rename(old / path.name)
    temporary.rename(path)
    shutil.rmtree(old, ignore_errors=True)
