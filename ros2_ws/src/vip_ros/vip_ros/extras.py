"""How an optional part of the project is added to the environment that a command runs in."""

from __future__ import annotations

from vip_ros.resources import source_root

USUAL = "train,encoders,cpu,dev"
"""The parts that `./vip` installs when nothing else is asked for."""


def install_extra(name: str) -> str:
    """Return the command that adds an optional part of pyproject.toml, beside the parts that are there.

    In a source tree the environment is made by `./vip`, which keeps the parts it was asked for last.
    """
    root = source_root()
    if root is None:
        return f"pip install 'vip-robot[{name}]'"
    kept = root / ".venv" / ".vip-extras"
    parts = (kept.read_text(encoding="utf-8").strip() if kept.is_file() else USUAL).split(",")
    return f"VIP_EXTRAS={','.join(dict.fromkeys([*filter(None, parts), name]))} ./vip doctor"
