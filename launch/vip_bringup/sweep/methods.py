"""The ways to learn that a sweep compares: its rows, by name."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from policy_node.learning import TrainConfig
from policy_node.pixels import NAME as PIXELS
from vip_bringup.sweep.eyes import RANDOM
from vip_ros.config import from_mapping, load_yaml
from vip_ros.errors import UserError, unknown_name

# The published recipe: one point per chunk, all features with batch normalisation as in R3M's code, no noise,
# rewards in raw embedding distance. Its temperature is 1 for CloseDrawer and 0.1 for the other tasks.
_PAPER: dict[str, Any] = {
    "reward_scale": 1.0,
    "horizon": 1,
    "networks": 1,
    "components": 0,
    "first_embedding": False,
    "batch_norm": True,
    "embedding_noise": 0.0,
    "joint_noise": 0.0,
    "finger_noise": 0.0,
    "ensemble": 0.0,
    "two_widths": False,
    "batch_size": 32,
    "steps": 20_000,
    "tau": 0.1,
}


@dataclass(frozen=True)
class Method:
    """One row: an algorithm, its options and what it sees.

    Attributes:
        about: one line for people.
        algorithm: registered name.
        options: training options that differ from the defaults.
        per_task: options of single tasks, by the task's name.
        eyes: '' takes the sweep's encoder, 'random' its network without training, 'pixels' no encoder.
        needs: a Python package that must be there.
    """

    about: str = ""
    algorithm: str = "rwr"
    options: dict[str, Any] = field(default_factory=dict)
    per_task: dict[str, dict[str, Any]] = field(default_factory=dict)
    eyes: str = ""
    needs: str = ""

    def __post_init__(self) -> None:
        """Refuse eyes that do not exist."""
        if self.eyes not in ("", RANDOM, PIXELS):
            raise unknown_name("kind of eyes", self.eyes, (RANDOM, PIXELS))

    def config(self, task: str, common: Mapping[str, Any]) -> TrainConfig:
        """Return the training options for a task; the sweep's common ones give way to the row's own."""
        chosen = {**common, **self.options, **self.per_task.get(task, {})}
        return from_mapping(TrainConfig, chosen, "training options")

    @property
    def lacks(self) -> str:
        """Why it cannot run here; empty when it can."""
        if not self.needs or importlib.util.find_spec(self.needs) is not None:
            return ""
        return f"the package {self.needs} is not installed"


METHODS: dict[str, Method] = {
    "rwr": Method("reward-weighted regression, this project's defaults"),
    "rwr-wide": Method(
        "the same on more of the embedding, with more noise",
        "rwr",
        {"components": 32, "seen_by": "variance", "embedding_noise": 0.3},
    ),
    "rwr-whole": Method(
        "the same among the whole embedding instead of its places", "rwr", {"seen_in": "all"}
    ),
    "rwr-to-end": Method(
        "reward-weighted regression over the rest of the episode, for data with failures",
        "rwr",
        {"reward_steps": -1, "tau": 3.0},
    ),
    "rwr-episode": Method(
        "each episode weighted by what it changed of what successes change, for data with failures",
        "rwr",
        {"reward_steps": -2, "goal": "change", "tau": 6.0, "max_weight": 6.0},
    ),
    "bc": Method("behaviour cloning: the same at tau 0", "bc"),
    "awr": Method("advantage-weighted regression with a learned value", "awr"),
    "iql": Method("implicit Q-learning on chunks", "iql"),
    "rwr-paper": Method(
        "reward-weighted regression as published", "rwr", _PAPER, {"close_drawer": {"tau": 1.0}}
    ),
    "sparse": Method("1 at the end of a success instead of the reward", "rwr", {"reward": "sparse"}),
    "awr-sparse": Method("the same with a learned value", "awr", {"reward": "sparse"}),
    "random-encoder": Method("the encoder's network without training", "rwr", eyes=RANDOM),
    "random-whole": Method(
        "the same among the whole embedding instead of its places, which need no training",
        "rwr",
        {"seen_in": "all"},
        eyes=RANDOM,
    ),
    "scratch-bc": Method("a small network trained on pixels, end to end", "scratch", eyes=PIXELS),
    "d3rlpy-bc": Method("d3rlpy's behaviour cloning on the same arrays", "d3rlpy-bc", needs="d3rlpy"),
    "d3rlpy-iql": Method("d3rlpy's implicit Q-learning on the same arrays", "d3rlpy-iql", needs="d3rlpy"),
}


def methods_of(names: list[str], file: Path | None) -> dict[str, Method]:
    """Return the chosen rows; a YAML file adds rows of the user's own (name: {algorithm, options, ...}).

    Raises:
        UserError: an unknown name, or a file that does not describe rows.
    """
    known = METHODS | (_from_file(file) if file is not None else {})
    for name in names:
        if name not in known:
            raise unknown_name("method", name, known)
    return {name: known[name] for name in names or known}


def _from_file(path: Path) -> dict[str, Method]:
    values = load_yaml(path)
    if not isinstance(values, dict) or not all(isinstance(value, dict) for value in values.values()):
        raise UserError("not a table of methods", "write 'name: {algorithm: ..., options: {...}}'", str(path))
    return {str(name): _method(value, f"{path}: {name}") for name, value in values.items()}


def _method(values: Mapping[str, Any], where: str) -> Method:
    """Return one row of a file; its tasks may be spelled in any way."""
    from franka_node.sim.tasks import task_name

    method = from_mapping(Method, values, where)
    for task, options in method.per_task.items():
        if not isinstance(options, Mapping):
            raise UserError(f"the options of {task} are {options!r}", "write '{option: value}'", where)
    return replace(method, per_task={task_name(str(t)): dict(o) for t, o in method.per_task.items()})
