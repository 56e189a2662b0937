"""docs/reference.md, made from the code: python -m vip_bringup.reference > docs/reference.md."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Iterator
from typing import Any

from vip_bringup.commands import command_names, load_command
from vip_bringup.parameters import ParameterTable
from vip_ros.config import load_yaml
from vip_ros.resources import share_file

_HEAD = """\
# Reference

Made from the code by `python -m vip_bringup.reference`; a test keeps it up to date.

## Commands

| command | does |
|---|---|
"""


def reference() -> str:
    """Return the page: every command, and every parameter of every node with its default and unit."""
    commands = [load_command(name) for name in command_names()]
    rows = "\n".join(f"| `vip {command.NAME}` | {_cell(command.HELP)} |" for command in commands)
    return "\n".join([_HEAD + rows, "", "## Parameters", "", *_nodes()])


def _nodes() -> Iterator[str]:
    yield "Set one with `vip up --set NODE.PARAM=VALUE`, or in a YAML file that `--config` names."
    yield ""
    entries = load_yaml(share_file("vip_bringup", "config/default.yaml"))["graph"]["nodes"]
    for name in ParameterTable().nodes():
        yield f"### {name}"
        yield ""
        yield "| parameter | default | meaning |"
        yield "|---|---|---|"
        for parameter, default, meaning in _parameters(entries[name]["module"]):
            yield f"| `{parameter}` | `{_shown(default)}` | {_cell(meaning)} |"
        yield ""


def _parameters(module: str) -> Iterator[tuple[str, Any, str]]:
    from vip_ros.node import StackNode

    for value in vars(importlib.import_module(module)).values():
        if isinstance(value, type) and issubclass(value, StackNode) and value.__module__ == module:
            defaults = value.config_class()
            for field in dataclasses.fields(value.config_class):
                yield field.name, getattr(defaults, field.name), field.metadata.get("doc", "")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return f"{value:g}" if isinstance(value, float) else (str(value) or '""')


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Print the page."""
    sys.stdout.write(reference())
    return 0


if __name__ == "__main__":
    sys.exit(main())
