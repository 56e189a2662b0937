"""What config.yaml of a policy bundle says, and whether it fits the robot and the encoder that run."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vip_ros.config import from_mapping, load_yaml
from vip_ros.errors import UserError

FORMAT = 1
CONFIG_FILE = "config.yaml"
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

    def __post_init__(self) -> None:
        """Refuse what no policy can be run with.

        Raises:
            UserError: a number outside of its range, no joint, or one twice.
        """
        for name in ("rate", "step_duration"):
            if not (getattr(self, name) > 0 and math.isfinite(getattr(self, name))):
                raise self._wrong(name, "a finite number above 0")
        for name in ("embedding_dim", "horizon"):
            if getattr(self, name) < 1:
                raise self._wrong(name, "at least 1")
        if not (self.ensemble >= 0 and math.isfinite(self.ensemble)):
            raise self._wrong("ensemble", "a finite time of at least 0 s")
        widths = self.two_widths
        fits = len(widths) == 2 and all(map(math.isfinite, widths)) and widths[0] < widths[1]
        if widths and not fits:
            raise self._wrong("two_widths", "a narrow and a wider one, m, or none")
        if not self.joints:
            raise self._wrong("joints", "at least one")
        twice = [name for name, count in Counter(self.observed_joints).items() if count > 1]
        if twice:
            raise UserError(f"the policy has joint '{twice[0]}' twice", "name every joint once", CONFIG_FILE)

    def _wrong(self, name: str, wanted: str) -> UserError:
        return UserError(f"the policy's {name} is {getattr(self, name)}", f"give {wanted}", CONFIG_FILE)

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


def load_policy_config(path: Path) -> PolicyConfig:
    """Read config.yaml.

    Raises:
        UserError: not readable, of another format, incomplete, or with a value that cannot be.
    """
    values = load_yaml(path)
    if not isinstance(values, dict):
        raise UserError("not a policy's configuration", "train the policy again", str(path))
    if values.get("format") != FORMAT:
        raise UserError(f"policy format {values.get('format')} is not {FORMAT}", "train it again", str(path))
    try:
        config = from_mapping(PolicyConfig, values, str(path))
    except UserError as error:
        raise UserError(error.what, error.mend, str(path)) from None
    except TypeError as error:
        raise UserError("incomplete policy configuration", str(error), str(path)) from None
    if config.action_space != ACTION_SPACE:
        raise UserError(f"unknown action space '{config.action_space}'", f"known: {ACTION_SPACE}", str(path))
    return config
