"""Figures as a JSON file: its place is checked before the work, and it is written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vip_reward_node.files import write_atomically
from vip_ros.errors import UserError


def check_place(path: Path) -> None:
    """Make the folder of a file that long work will fill; raises UserError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError("cannot make the folder", error.strerror or str(error), str(path.parent)) from None
    if path.is_dir():
        raise UserError("a folder is where the file should go", "name a file", str(path))
    if not os.access(path.parent, os.W_OK):
        raise UserError("cannot write the figures", "choose a folder that you may write to", str(path))


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write figures in one rename, safe from a power cut; raises UserError when they cannot be written."""
    text = json.dumps(values, indent=2) + "\n"
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))
