"""The episodes that a sweep learns from: recorded once per task, of which each cell takes the first few."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vip_ros.errors import UserError
from vip_teleop.demonstration import Demonstration
from vip_teleop.devices import DEVICES
from vip_teleop.episode import list_episodes
from vip_teleop.recording import record
from vip_teleop.teleop_config import TeleopConfig

_DEMONSTRATIONS, _FAILURES = "demonstrations", "failures"
_FAILURE_SEED = 100_000
"""Scene seed of the first failure; demonstrations count up from 0."""


class Episodes:
    """Episodes of every task in a folder, as TASK/demonstrations and TASK/failures.

    Args:
        folder: where they are, or where they will be recorded.
        told: hears what is being recorded, how much is done and how much there is.
    """

    def __init__(self, folder: Path, told: Callable[[str, int, int], None] | None = None) -> None:
        self.folder, self._told = folder, told

    def paths(self, task: str, demonstrations: int, failures: int = 0) -> list[Path]:
        """Return the first so many of each kind; where some are missing, scripted ones are recorded.

        Raises:
            UserError: the folder cannot be written.
        """
        return [
            *self._first(task, _DEMONSTRATIONS, demonstrations, 0, 0.0),
            *self._first(task, _FAILURES, failures, _FAILURE_SEED, 1.0),
        ]

    def _first(self, task: str, kind: str, count: int, seed: int, failure: float) -> list[Path]:
        folder = self.folder / task / kind
        there = list_episodes(folder) if folder.is_dir() else []
        if len(there) < count:
            self._record(task, kind, folder, count - len(there), seed + len(there), failure)
            there = list_episodes(folder)
        return there[:count]

    def _record(self, task: str, kind: str, folder: Path, count: int, seed: int, failure: float) -> None:
        done: list[Path] = []

        def told(path: Path, demonstration: Demonstration) -> None:
            done.append(path)
            if self._told is not None:
                self._told(f"{kind} of {task}", len(done), count)

        device = DEVICES.get("scripted")(TeleopConfig(failure=failure))
        device.open()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            record(device, "scripted", task, count, folder, seed, told)
        except OSError as error:
            raise UserError("cannot record episodes", error.strerror or str(error), str(folder)) from None
        finally:
            device.close()
