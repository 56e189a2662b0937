"""Values of parameters as people write them: `node.parameter=value` texts, nested YAML, types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from vip_ros.errors import UserError


@dataclass(frozen=True)
class Override:
    """One `node.parameter=value`, split but not yet typed.

    Attributes:
        text: what the user wrote.
    """

    node: str
    parameter: str
    value: str
    text: str


def is_setting_of(node: str, text: str) -> bool:
    """Tell whether a `node.parameter=value` text is about that node."""
    return text.strip().startswith(f"{node}.")


def parse_override(text: str) -> Override:
    """Split `node.parameter=value`; the parameter may hold dots, the value anything.

    Raises:
        UserError: the text has no such form.
    """
    left, equals, value = text.partition("=")
    node, dot, parameter = left.strip().partition(".")
    if not (equals and dot and node and parameter):
        raise UserError(f"cannot read the setting '{text}'", "write node.parameter=value")
    return Override(node, parameter, value.strip(), text)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, with dotted names, as ROS names parameters."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat.update(flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value})
    return flat


def typed_value(name: str, value: Any, reference: Any) -> Any:
    """Return the value in the type of the parameter's default.

    Args:
        name: node.parameter, for the message.
        value: a text from the command line or a value from YAML.
        reference: the default; None accepts any type.

    Raises:
        UserError: the value is not of that type.
    """
    if isinstance(reference, str):
        if isinstance(value, (dict, list)):
            raise _wrong_type(name, value, "a text")
        return "" if value is None else str(value)
    if isinstance(value, str):
        value = _scalar(name, value)
    if reference is None:
        return value
    if isinstance(reference, bool):
        if not isinstance(value, bool):
            raise _wrong_type(name, value, "true or false")
        return value
    if isinstance(reference, (int, float)):
        return _number(name, value, reference)
    if isinstance(reference, list):
        items = value if isinstance(value, list) else [value]
        return [typed_value(name, item, reference[0]) for item in items] if reference else items
    return value


def _scalar(name: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise UserError(f"cannot read the value '{text}'", "write it as YAML", name) from None


def _number(name: str, value: Any, reference: int | float) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type(name, value, "a number")
    if isinstance(reference, float):
        return float(value)
    if value != int(value):
        raise _wrong_type(name, value, "a whole number")
    return int(value)


def _wrong_type(name: str, value: Any, wanted: str) -> UserError:
    return UserError(f"{name} is {value!r}", f"give {wanted}")
