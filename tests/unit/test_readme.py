"""What the README says of the graph is so."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_topic_of_the_table_is_used_by_the_code() -> None:
    topics = re.findall(
        r"`([a-z_/]+)`", "\n".join(line for line in README.splitlines() if line.startswith("| `"))
    )
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("vip_reward_node", "policy_node", "ros2_ws/src")
        for path in (ROOT / folder).rglob("*.py")
    )
    missing = [topic for topic in topics if f'"{topic}"' not in sources]
    assert not missing
