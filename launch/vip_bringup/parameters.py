"""The parameters that each node takes, with their defaults."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from vip_bringup.settings import flatten
from vip_ros.config import load_yaml
from vip_ros.errors import unknown_name
from vip_ros.resources import share_file


class ParameterTable:
    """Knows the nodes' parameters from the shipped default.yaml, which lists all of them.

    Only a name that is not there makes it import the node itself, which is slow, for a last word.
    """

    def __init__(self) -> None:
        content = load_yaml(share_file("vip_bringup", "config/default.yaml"))
        self._table: dict[str, dict[str, Any]] = {
            name: flatten(body["ros__parameters"]) for name, body in content.items() if name != "graph"
        }

    def nodes(self) -> Iterable[str]:
        """Return the names of the nodes whose parameters are known."""
        return self._table

    def default(self, node: str, module: str, parameter: str, where: str) -> Any:
        """Return a parameter's default; None for the nodes of others, which take any parameter.

        Raises:
            UserError: the node has no such parameter; names the nearest.
        """
        known = self._table.get(node)
        if known is None:
            return None
        if parameter not in known:
            known = self._table[node] = {**known, **parameters_of(module)}
        if parameter not in known:
            raise unknown_name(f"parameter of {node}", parameter, known, where)
        return known[parameter]


def parameters_of(module: str) -> Mapping[str, Any]:
    """Import a node's module and return its parameters with their defaults; empty for foreign nodes."""
    from vip_ros.node import StackNode

    for value in vars(importlib.import_module(module)).values():
        if isinstance(value, type) and issubclass(value, StackNode) and value.__module__ == module:
            return dataclasses.asdict(value.config_class())
    return {}
