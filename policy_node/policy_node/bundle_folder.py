"""The folder of a policy bundle: whether it may be written to a place, and how it gets there."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from pathlib import Path

from policy_node.policy_config import CONFIG_FILE
from vip_models.goals import GOAL_FILE
from vip_ros.config import load_yaml
from vip_ros.errors import UserError

WEIGHTS_FILE = "policy.safetensors"
GOAL_IMAGE = "goal.png"

_OWN = (CONFIG_FILE, WEIGHTS_FILE, GOAL_FILE, GOAL_IMAGE)
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def check_output(path: Path) -> None:
    """Make sure that a bundle can be written: nothing is there yet, an empty folder, or an older bundle.

    Raises:
        UserError: something else is there, or the folder around it cannot be written.
    """
    if path.name in ("", ".."):
        raise UserError("the output has no name of its own", "choose another --out", str(path))
    try:
        if os.path.lexists(path):
            _check_replaceable(path)
        around = path.absolute().parent
        while not os.path.lexists(around):
            around = around.parent
        # Only a trial tells: permissions say little to root, and nothing of a file system that is read-only.
        Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=around)).rmdir()
    except OSError as error:
        raise UserError("cannot write the policy", str(error), str(path)) from error


def put(temporary: Path, path: Path) -> None:
    """Move a finished folder to `path`; what was there is gone, or under `temporary`, when this returns.

    Linux swaps the two in one step. Where the file system cannot do that, the older one first goes to
    `.NAME-old-*/NAME` beside `path`: whoever is killed in between finds it there.
    """
    if not os.path.lexists(path):
        temporary.rename(path)
        return
    if _exchanged(temporary, path):
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
    try:
        path.rename(aside / path.name)
        try:
            temporary.rename(path)
        except OSError:
            (aside / path.name).rename(path)
            raise
    finally:
        # Where the older one could not be put back, it must stay.
        if os.path.lexists(path):
            shutil.rmtree(aside, ignore_errors=True)


def discard(folder: Path) -> None:
    """Remove a folder, or a link to one; what cannot be removed stays."""
    if folder.is_symlink():
        folder.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _check_replaceable(path: Path) -> None:
    """Raise UserError unless nothing is lost when the bundle takes this place."""
    if path.is_mount():
        raise UserError("the output is a mount point", "choose a folder inside for --out", str(path))
    entries = list(path.iterdir()) if path.is_dir() else None
    if entries == []:
        return
    if entries is None or not _holds_bundle(path):
        raise UserError("the output exists and is not a policy", "choose another --out", str(path))
    foreign = sorted(entry.name for entry in entries if not _is_own(entry))
    if foreign:
        raise UserError(
            "the output exists and is not a policy alone",
            f"choose another --out, or move '{foreign[0]}' out of it",
            str(path),
        )


def _holds_bundle(path: Path) -> bool:
    if not (path / WEIGHTS_FILE).is_file():
        return False
    try:
        values = load_yaml(path / CONFIG_FILE)
    except UserError:
        return False
    return isinstance(values, dict) and {"format", "action_space"} <= values.keys()


def _is_own(entry: Path) -> bool:
    # A goal that was being written when its writer was killed is called .goal.PID.npz.
    unfinished = entry.name.startswith(".goal.") and entry.suffix == ".npz"
    return entry.is_file() and (entry.name in _OWN or unfinished)


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two places in one step; tells whether the system and the file system could."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    paths = os.fsencode(one), os.fsencode(other)
    return bool(rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], ctypes.c_uint(_RENAME_EXCHANGE)) == 0)
