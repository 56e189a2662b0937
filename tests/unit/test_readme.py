"""The README's commands exist and parse, and what it links to is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from vip_bringup.cli import _parser
from vip_bringup.commands import load_command

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```bash\n(.*?)```", README, re.S)
    for line in block.splitlines()
]


@pytest.mark.parametrize("line", COMMANDS)
def test_command_of_the_readme_parses(line: str) -> None:
    words = shlex.split(line)
    assert words[0] == "./vip"
    command = load_command(words[1])
    _parser(command).parse_args(words[2:])


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)h][^)]*)\)", README))))
def test_link_of_the_readme_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_every_topic_of_the_table_is_used_by_the_code() -> None:
    topics = re.findall(
        r"`([a-z_/]+)`", "\n".join(line for line in README.splitlines() if line.startswith("| `"))
    )
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("vip_reward_node", "policy_node", "ros2_ws/src/franka_node", "ros2_ws/src/vip_ros")
        for path in (ROOT / folder).rglob("*.py")
    )
    missing = [topic for topic in topics if f'"{topic}"' not in sources]
    assert not missing
