"""What an episode on disk is: its names, its description (episode.yaml) and the listing of a folder.

An episode is a folder that holds a rosbag2 (MCAP file and metadata.yaml) and episode.yaml. It is written
under a name that starts with a dot and renamed when complete, so a folder with a plain name is whole. What is
left of interrupted recordings lies in a folder of its own, where nobody looks for episodes to learn from.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vip_ros.config import from_mapping, load_yaml
from vip_ros.errors import UserError

FORMAT = 1
DESCRIPTION_FILE = "episode.yaml"
METADATA_FILE = "metadata.yaml"
BAG_FILE = "episode.mcap"
TEMPORARY_PREFIX = ".recording-"
INTERRUPTED_FOLDER = "interrupted"
"""Holds, beside the episodes, what was recovered of recordings that never came to their end."""

IMAGE_TOPIC = "/camera/image_raw"
COMPRESSED_SUFFIX = "/compressed"
CAMERA_INFO_TOPIC = "/camera/camera_info"
JOINT_STATE_TOPIC = "/joint_states"
JOINT_COMMAND_TOPIC = "/franka/joint_command"
ACTION_TOPIC = "/policy/action"

OUTCOMES = ("success", "failure", "unknown")

_TASK = re.compile(r"\w[\w .+-]{0,99}")
"""A task's name begins the names of folders: nothing in it may lead elsewhere."""


@dataclass(frozen=True)
class EpisodeInfo:
    """The content of episode.yaml.

    Attributes:
        task: task name.
        outcome: one of OUTCOMES, as judged by the task or the operator.
        mark: the operator's own remark.
        teleop: device that gave the commands.
        seed: scene seed of a simulated episode; -1 on a real robot.
        encoder: id of the encoder that ran while recording; empty when none did.
        goal: id of the goal of its rewards; empty when there was none.
        configuration: parameters of the stack's nodes, by node; empty when unknown.
        config_hash: hash of encoder, goal and configuration; empty when unknown.
        start_ns: recording time of the first message, ns since the epoch.
        duration: s between the first and the last message.
        counts: messages per topic.
        rates: mean rate per topic, Hz.
        gaps: longest time between two messages per topic, s.
        warnings: what was wrong while it was recorded, one line each.
        missed: messages per topic that were sent and did not arrive, or arrived and were not written.
        takeovers: changes of who drove the arm, such as "3.20 s: policy -> teleop".
        complete: False for what is left of an interrupted recording.
        sha256: checksum of the bag; empty in older episodes.
        format: version of this description.
    """

    task: str
    outcome: str = "unknown"
    mark: str = ""
    teleop: str = ""
    seed: int = -1
    encoder: str = ""
    goal: str = ""
    configuration: dict[str, Any] = field(default_factory=dict)
    config_hash: str = ""
    start_ns: int = 0
    duration: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    gaps: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    missed: dict[str, int] = field(default_factory=dict)
    takeovers: list[str] = field(default_factory=list)
    complete: bool = True
    sha256: str = ""
    format: int = FORMAT

    def __post_init__(self) -> None:
        check_task(self.task)
        if self.outcome not in OUTCOMES:
            raise UserError(f"episode outcome is '{self.outcome}'", f"use one of: {', '.join(OUTCOMES)}")

    def to_mapping(self) -> dict[str, Any]:
        """Return the plain mapping that episode.yaml holds."""
        return asdict(self)


def check_task(task: str) -> None:
    """Raise UserError for a task that cannot begin the name of a folder."""
    if not _TASK.fullmatch(task):
        cure = "use letters, digits, blanks and _ . + -, a letter or digit first"
        raise UserError(f"a task cannot have the name {task[:100]!r}", cure)


def load_info(episode: Path) -> EpisodeInfo:
    """Read the description of one episode folder.

    Raises:
        UserError: not an episode, or written by a newer version.
    """
    path = episode / DESCRIPTION_FILE
    values = load_yaml(path)
    if not isinstance(values, dict) or "task" not in values:
        raise UserError("not an episode's description", "record the episode again", str(path))
    if values.get("format", FORMAT) != FORMAT:
        raise UserError(
            f"episode format {values['format']} is not {FORMAT}", "update this software", str(path)
        )
    return from_mapping(EpisodeInfo, values, str(path))


def is_episode(path: Path) -> bool:
    """Tell whether a folder is a complete episode (a leftover of a killed recorder is not)."""
    parts = (DESCRIPTION_FILE, METADATA_FILE, BAG_FILE)
    return not path.name.startswith(".") and all((path / part).is_file() for part in parts)


def list_episodes(directory: Path) -> list[Path]:
    """Return the complete episodes of a folder, sorted by name; an episode lists itself.

    Raises:
        UserError: the folder does not exist.
    """
    if not directory.is_dir():
        raise UserError("no such folder", "record episodes into it with 'vip record'", str(directory))
    if is_episode(directory):
        return [directory]
    return sorted(path for path in directory.iterdir() if is_episode(path))


def list_unfinished(directory: Path) -> list[Path]:
    """Return the leftovers of recordings that never completed."""
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if path.name.startswith(TEMPORARY_PREFIX))


def next_name(directory: Path, task: str) -> str:
    """Return the first free episode name after the highest of that task, such as close_drawer_0007."""
    pattern = re.compile(rf"{re.escape(task)}_(\d+)")
    taken = [int(found[1]) for path in directory.iterdir() if (found := pattern.fullmatch(path.name))]
    return f"{task}_{max(taken, default=-1) + 1:04d}"
