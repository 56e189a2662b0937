"""The folder a demo writes into: cleared when an earlier demo made it, refused when it holds other things."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from vip_ros.errors import UserError

_MARK = ".vip-demo"
_PARTS = ("demonstrations", "policy", "report.json", "reward_curve.png", "rollout.mp4", "stack.log")


@dataclass(frozen=True)
class DemoFolder:
    """Paths of everything a demo leaves behind."""

    root: Path

    @property
    def demonstrations(self) -> Path:
        """Folder of the recorded episodes."""
        return self.root / "demonstrations"

    @property
    def policy(self) -> Path:
        """Policy bundle."""
        return self.root / "policy"

    @property
    def report(self) -> Path:
        """Figures of the run."""
        return self.root / "report.json"

    @property
    def curve(self) -> Path:
        """Picture of the goal distance and the reward."""
        return self.root / "reward_curve.png"

    @property
    def film(self) -> Path:
        """Film of the closed-loop episodes."""
        return self.root / "rollout.mp4"

    @property
    def log(self) -> Path:
        """What the stack printed."""
        return self.root / "stack.log"


def prepare_folder(root: Path) -> DemoFolder:
    """Create the folder, or clear what an earlier demo left in it.

    Raises:
        UserError: the folder holds something else, or cannot be written.
    """
    if root.exists() and not root.is_dir():
        raise UserError(f"{root} is a file", "give --out a folder")
    try:
        if root.is_dir() and any(root.iterdir()) and not (root / _MARK).exists():
            raise UserError(f"{root} is not empty and no demo made it", "give --out a new folder")
        root.mkdir(parents=True, exist_ok=True)
        (root / _MARK).touch()
        for part in _PARTS:
            path = root / part
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot write into {root}", error.strerror or str(error)) from None
    return DemoFolder(root)
