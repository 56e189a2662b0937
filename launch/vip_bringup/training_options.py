"""Training options as people write them: `option=value` texts and YAML files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from vip_ros.config import load_yaml
from vip_ros.errors import UserError


def read_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """Return the options of `--set option=value` texts; raises UserError for one without a readable value."""
    settings: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f"--set {pair} has no value", "write --set option=value")
        try:
            settings[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UserError(f"--set {pair} is not readable", "write --set option=value") from None
    return settings


def read_options(file: Path | None) -> dict[str, Any]:
    """Return the options of a YAML file, none without one; raises UserError when it holds something else."""
    values = (load_yaml(file) or {}) if file else {}
    if not isinstance(values, dict):
        raise UserError("not a mapping of options", "write one 'option: value' per line", str(file))
    return values
