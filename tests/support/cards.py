"""Shipped encoder cards with changes, as card files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import yaml

from vip_models import load_card


def changed_card(name: str, folder: Path, **changes: Any) -> str:
    """Write a shipped card with changes under its own name; returns the path, which load_encoder takes."""
    values = dataclasses.asdict(dataclasses.replace(load_card(name), **changes))
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in plain.items() if value is not None}))
    return str(path)
