"""Where a package's shared files (cards, configuration, meshes) lie: source tree, pip or colcon."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from vip_ros.errors import InternalError, UserError

# The folder of each package in the source tree, relative to the repository root.
_SOURCE_FOLDERS = {
    "vip_bringup": "launch",
    "vip_models": "models",
    "vip_reward_node": "vip_reward_node",
    "policy_node": "policy_node",
    "vip_ros": "ros2_ws/src/vip_ros",
    "franka_node": "ros2_ws/src/franka_node",
    "vip_teleop": "ros2_ws/src/vip_teleop",
}


def source_root() -> Path | None:
    """Return the repository root when this module runs from a source tree, else None."""
    for parent in Path(__file__).resolve().parents:
        if (parent / "ros2_ws" / "src" / "vip_ros").is_dir() and (parent / "pyproject.toml").is_file():
            return parent
    return None


def share_dirs(package: str) -> list[Path]:
    """Return the existing share folders of a package, the source tree's first."""
    candidates: list[Path] = []
    root = source_root()
    if root is not None and package in _SOURCE_FOLDERS:
        candidates.append(root / _SOURCE_FOLDERS[package])
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    candidates += [Path(prefix) / "share" / package for prefix in (sys.prefix, *prefixes) if prefix]
    return [path for path in candidates if path.is_dir()]


def share_file(package: str, relative: str) -> Path:
    """Return the first existing file or folder of that name in the package's share folders.

    Raises:
        InternalError: the package was installed without it.
    """
    for folder in share_dirs(package):
        if (folder / relative).exists():
            return folder / relative
    raise InternalError(f"{package} was installed without {relative}")


class NoCacheError(UserError, OSError):
    """There is no folder for derived files: a user can mend it, and what only saves time goes on without."""


def cache_dir() -> Path:
    """Return the folder for derived files ($VIP_CACHE, else ~/.cache/vip); created on first use.

    Raises:
        NoCacheError: it cannot be made.
    """
    path = Path(os.environ.get("VIP_CACHE") or Path.home() / ".cache" / "vip")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        mend = "set VIP_CACHE to a folder that you may write to"
        raise NoCacheError(f"cannot make the folder of derived files: {reason}", mend, str(path)) from None
    return path
