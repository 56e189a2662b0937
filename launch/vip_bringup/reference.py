"""docs/reference.md, made from the code.

.venv/bin/python -m vip_bringup.reference > docs/reference.md
.venv/bin/python -m vip_bringup.reference --topics      # the README's table alone
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from vip_bringup.commands import command_names, load_command
from vip_bringup.node_interfaces import Interfaces, Topic, ask_nodes, node_class
from vip_bringup.parameters import ParameterTable
from vip_ros.config import load_yaml
from vip_ros.resources import share_file

_HEAD = """\
# Reference

Made from the code by `python -m vip_bringup.reference`; a test keeps it up to date.
"""
_TOPICS = """
Names are relative to the stack's namespace. QoS: how the topic is sent, and how many messages are kept;
*latched* ones reach those who come later too. With the simulated arm; recorder_node hears the topics that its
parameter `topics` names, and franka_node sends `/tf` and `/tf_static` (tf2_msgs/TFMessage) where tf2_msgs is
installed.
"""
_OUTSIDE = "others"


def reference(found: Interfaces) -> str:
    """Return the page: commands, topics, services, messages, and the parameters of every node."""
    return "\n".join(
        [
            _HEAD,
            "## Commands\n",
            *_table(("command", "does"), _commands()),
            "\n## Topics",
            _TOPICS,
            *_table(("topic", "type", "from", "to", "QoS"), _topics(found.topics)),
            "\n## Services and actions\n",
            *_table(("service", "type"), [(f"`{n}`", t) for n, t in sorted(found.services.items())]),
            "",
            *_table(("action", "type"), [(f"`{n}`", t) for n, t in sorted(found.actions.items())]),
            "\n## Messages\n",
            *_messages(),
            "## Parameters\n",
            "Set one with `vip up --set NODE.PARAM=VALUE`, or in a YAML file that `--config` names.\n",
            *_parameters(),
        ]
    )


def short_table(found: Interfaces) -> str:
    """Return the topics as the README shows them."""
    rows = ((name, kind, f"{source} → {target}") for name, kind, source, target, _ in _topics(found.topics))
    return "\n".join(_table(("topic", "type", "from → to"), rows))


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _commands() -> Iterator[tuple[str, str]]:
    for command in map(load_command, command_names()):
        yield f"`vip {command.NAME}`", command.HELP


def _topics(topics: dict[str, Topic]) -> Iterator[tuple[str, ...]]:
    for name, topic in sorted(topics.items()):
        sources = ", ".join(sorted(topic.publishers)) or _OUTSIDE
        targets = ", ".join(sorted(topic.subscribers)) or _OUTSIDE
        if len(topic.publishers) > 4:
            sources = "every node"
        yield f"`{name}`", topic.type, sources, targets, topic.qos


def _messages() -> Iterator[str]:
    for kind in ("msg", "srv", "action"):
        for path in sorted(share_file("vip_interfaces", kind).glob(f"*.{kind}")):
            yield f"### vip_interfaces/{path.stem} ({kind})\n"
            yield f"```\n{path.read_text(encoding='utf-8').strip()}\n```\n"


def _parameters() -> Iterator[str]:
    entries = load_yaml(share_file("vip_bringup", "config/default.yaml"))["graph"]["nodes"]
    for name in ParameterTable().nodes():
        yield f"### {name}\n"
        cls = node_class(entries[name]["module"]).config_class
        defaults = cls()
        rows = (
            (f"`{f.name}`", f"`{_shown(getattr(defaults, f.name))}`", f.metadata.get("doc", ""))
            for f in dataclasses.fields(cls)
        )
        yield from _table(("parameter", "default", "meaning"), rows)
        yield ""


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return f"{value:g}" if isinstance(value, float) else (str(value) or '""')


def main() -> int:
    """Print the page, or the README's table of topics."""
    parser = argparse.ArgumentParser(prog="python -m vip_bringup.reference", description=main.__doc__)
    parser.add_argument("--topics", action="store_true", help="print the short table of topics alone")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vip-reference-") as folder:
        found = ask_nodes(Path(folder))
    page = short_table(found) if arguments.topics else reference(found).rstrip()
    sys.stdout.write(page + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
