"""YAML and ROS parameters read into frozen dataclasses; an unknown key names the nearest valid one."""

from __future__ import annotations

import dataclasses
import re
import typing
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from vip_ros.errors import UserError, unknown_name

C = TypeVar("C")

# Far more than any configuration, card or episode description holds.
_MOST_BYTES, _MOST_VALUES = 10_000_000, 1_000_000
_POWER = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")


def option(default: Any, doc: str, **extra: Any) -> Any:
    """Declare a dataclass field with a default and a doc line (its unit belongs in that line)."""
    metadata = {"doc": doc, **extra}
    if isinstance(default, list):
        return dataclasses.field(default_factory=lambda: list(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def from_mapping(cls: type[C], values: Mapping[str, Any], where: str = "") -> C:
    """Build a frozen dataclass from a mapping.

    Raises:
        UserError: an unknown key, or a value of the wrong type.
    """
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(cls)
    checked: dict[str, Any] = {}
    for key, value in values.items():
        if key not in fields:
            raise unknown_name("parameter", str(key), fields, where)
        checked[key] = _check(key, value, hints[key], where)
    return cls(**checked)


def load_yaml(path: Path) -> Any:
    """Read a YAML file with the safe loader; raises UserError when it is missing, not YAML, or too much."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"more than {_MOST_BYTES / 1e6:g} MB of YAML", "give a smaller file", str(path))
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if _size(content, {}) > _MOST_VALUES:
            raise UserError("its aliases unfold to too much", "write less of it as aliases", str(path))
        return content
    except RecursionError:
        raise UserError("not a readable YAML file", "it is nested too deeply", str(path)) from None
    except FileNotFoundError:
        raise UserError(f"no such file: {path}", "check the path") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError("not a readable YAML file", str(error), str(path)) from None


def _size(value: Any, sizes: dict[int, int]) -> int:
    """Return how many values a YAML document has once its aliases are unfolded; infinite ones are many."""
    if not isinstance(value, (dict, list)):
        return 1
    if id(value) not in sizes:
        sizes[id(value)] = _MOST_VALUES + 1  # met again inside itself, it has no end
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        sizes[id(value)] = 1 + sum(_size(item, sizes) for item in inner)
    return sizes[id(value)]


def _check(key: str, value: Any, hint: Any, where: str) -> Any:
    origin = typing.get_origin(hint) or hint
    if origin is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if origin is float and isinstance(value, str) and _POWER.fullmatch(value):
        return float(value)  # YAML 1.1 takes 1e-3, without a point, for a text
    if origin is str and isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # "source: 0" in YAML or on a command line is a number
    if origin in (list, tuple) and isinstance(value, (list, tuple, array)):  # ROS gives numbers as an array
        arguments = typing.get_args(hint)
        return [_check(key, item, arguments[0], where) for item in value] if arguments else list(value)
    if not isinstance(origin, type):
        return value
    if not isinstance(value, origin) or (isinstance(value, bool) and origin is not bool):
        raise UserError(f"parameter '{key}' is {value!r}", f"give a value of type {origin.__name__}", where)
    return value
