"""An episode as named curves and texts over time: what a viewer of recordings shows beside the pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vip_teleop.episode_reader import EpisodeReader

REWARD, GUARD = "/vip/reward", "/franka/guard_state"
_JOINTS = {"/joint_states": "joints/measured", "/franka/joint_command": "joints/commanded"}
_REWARDS = ("distance", "progress", "reward")


@dataclass
class Tracks:
    """Curves and texts.

    Attributes:
        curves: name such as "joints/measured/panda_joint1" → (times, s since the start; values).
        guard: (time, s; text) of every change of the guard's mode, driver or fault.
    """

    curves: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)
    guard: list[tuple[float, str]] = field(default_factory=list)

    def arrays(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Return the curves as arrays, [T] each."""
        return {name: (np.array(times), np.array(values)) for name, (times, values) in self.curves.items()}

    def add(self, name: str, time: float, value: float) -> None:
        """Append a point to a curve."""
        times, values = self.curves.setdefault(name, ([], []))
        times.append(time)
        values.append(float(value))


def read_tracks(reader: EpisodeReader) -> Tracks:
    """Read the curves of an episode; a topic that was not recorded is left out.

    Times are those of recording: one clock for all, whatever the messages were stamped with.
    """
    tracks = Tracks()
    for topic, recorded, message in reader.messages(*_JOINTS, REWARD, GUARD):
        time = (recorded - reader.info.start_ns) * 1e-9
        if topic == REWARD:
            for name in _REWARDS:
                tracks.add(name, time, getattr(message, name))
        elif topic == GUARD:
            _note_guard(tracks, time, message)
        else:
            for joint, position in zip(message.name, message.position, strict=False):
                tracks.add(f"{_JOINTS[topic]}/{joint}", time, position)
    return tracks


def _note_guard(tracks: Tracks, time: float, message: Any) -> None:
    driver = f" by {message.source}" if message.source else ""
    fault = f": {message.fault}, {message.fault_detail}" if message.fault else ""
    text = f"{message.mode_name}{driver}{fault}"
    if not tracks.guard or tracks.guard[-1][1] != text:
        tracks.guard.append((time, text))
