"""Parameters of reward_node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vip_ros.config import option


@dataclass(frozen=True)
class RewardConfig:
    """Parameters of reward_node; paths are relative to the folder that the node was started in."""

    encoder: str = option("vip-sim", "name of an encoder card, or the path of a card file")
    weights: str = option("", "weights file; empty: the card's own")
    runtime: str = option("auto", "where the encoder runs: auto, cpu, cuda or torch")
    threads: int = option(0, "CPU threads of the encoder; 0: all cores")
    goal: str = option("", "image, video (its last frame), goal file or folder, name of a goal; empty: none")
    goals_dir: str = option("", "folder of the goal library; empty: ~/.local/share/vip/goals")
    capture_frames: int = option(10, "live frames whose mean embedding makes a captured goal")
    capture_timeout: float = option(10.0, "longest wait for the frames of a captured goal, s")

    @property
    def goals_folder(self) -> Path:
        """The folder of the goal library."""
        default = Path.home() / ".local" / "share" / "vip" / "goals"
        return Path(self.goals_dir).expanduser() if self.goals_dir else default
