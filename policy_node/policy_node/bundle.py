"""The policy bundle: a folder with weights, configuration and goal, written whole or not at all."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from policy_node.bundle_folder import GOAL_IMAGE, WEIGHTS_FILE, check_output, discard, put
from policy_node.network import PolicyNetwork, Tensors
from policy_node.policy_config import CONFIG_FILE, PolicyConfig, load_policy_config
from vip_models.goals import Goal, load_goal, save_goal
from vip_ros.errors import UserError


@dataclass(frozen=True)
class Bundle:
    """A loaded policy bundle."""

    path: Path
    config: PolicyConfig
    network: PolicyNetwork
    goal: Goal


def save_bundle(path: Path, config: PolicyConfig, tensors: Tensors, goal: Goal) -> None:
    """Write a bundle; an older bundle of that name is replaced once the new one is complete.

    Where the file system cannot swap the two in one step, the older one is for a moment in `.NAME-old-*`
    beside `path`, see bundle_folder.put.

    Raises:
        UserError: the place is taken by something else, or cannot be written.
    """
    check_output(path)
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
            put(temporary, path)
        finally:
            discard(temporary)
    except OSError as error:
        raise UserError("cannot write the policy", str(error), str(path)) from error


def load_bundle(path: Path) -> Bundle:
    """Read a bundle.

    Raises:
        UserError: missing, damaged, or its parts do not fit together.
    """
    if not (path / CONFIG_FILE).is_file():
        raise UserError("no policy here", "train one with 'vip train'", str(path))
    config = load_policy_config(path / CONFIG_FILE)
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
