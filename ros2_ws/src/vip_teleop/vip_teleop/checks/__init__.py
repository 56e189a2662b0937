"""Checks of an episode while it is recorded; each is one file that registers itself by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from vip_ros.config import option
from vip_ros.errors import UserError
from vip_ros.registry import Registry
from vip_teleop.message_types import decode
from vip_teleop.sample import Sample


@dataclass(frozen=True)
class CheckLimits:
    """What counts as wrong.

    Attributes:
        required: topics that an episode cannot do without → their lowest rate, Hz.
    """

    required: dict[str, float] = field(default_factory=dict)
    longest_gap: float = option(0.5, "longest silence of a required topic, s")
    longest_age: float = option(0.1, "oldest joint state on arrival, s")
    frozen_after: float = option(0.5, "time for which identical pictures are no fault, s")


class Check(Protocol):
    """Looks at every message of one episode, in the order in which they came."""

    def note(self, sample: Sample) -> None:
        """Look at a message."""

    def warnings(self, now_ns: int) -> dict[str, str]:
        """Return what is wrong so far, by a key that stays the same while the wording sharpens."""


CHECKS: Registry[Any] = Registry("episode check", package="vip_teleop.checks")
"""Name → class that is made from CheckLimits and the time at which the episode began, ns."""


class CheckBoard:
    """All checks of one episode; what was wrong once stays on the board.

    Args:
        limits: what counts as wrong.
        start_ns: when the episode began, ns since the epoch.
        names: checks to make; None: all.
    """

    def __init__(self, limits: CheckLimits, start_ns: int, names: tuple[str, ...] | None = None) -> None:
        self._checks: list[Check] = [
            CHECKS.get(name)(limits, start_ns) for name in (CHECKS.names() if names is None else names)
        ]
        self._found: dict[str, str] = {}

    def note(self, sample: Sample) -> None:
        """Let every check look at a message.

        Raises:
            UserError: a check could not read it; the others have seen it all the same.
        """
        unreadable: UserError | None = None
        for check in self._checks:
            try:
                check.note(sample)
            except UserError as error:
                unreadable = error
        if unreadable is not None:
            raise unreadable

    def add(self, key: str, text: str) -> None:
        """Put on the board what was found elsewhere."""
        self._found[key] = text

    def warnings(self, now_ns: int) -> list[str]:
        """Return what was wrong up to now, one line each, newest last."""
        for check in self._checks:
            self._found.update(check.warnings(now_ns))
        return list(self._found.values())


def decoded(sample: Sample, type_name: str) -> Any:
    """Return the decoded message of a sample of that type; None for one of another type."""
    return decode(sample.data, type_name) if sample.type_name == type_name else None
