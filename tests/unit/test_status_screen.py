"""The screen of `vip up`, drawn without a terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from vip_interfaces.msg import GuardState, Reward

from vip_bringup.status_screen import StatusScreen


@pytest.fixture
def screen(ros_domain: int, vip_cache: Path) -> StatusScreen:
    return StatusScreen(console=Console(file=io.StringIO(), width=110, height=30))


def _text(screen: StatusScreen) -> str:
    console = Console(file=io.StringIO(), width=110)
    console.print(screen.render())
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_shows_guard_reward_nodes_and_newest_messages(screen: StatusScreen) -> None:
    state = screen._state
    with screen:
        screen.say("manager", "[INFO] stack is active")
        state.hear("franka/guard_state", GuardState(mode_name="TRACKING", source="policy"))
        state.note_reward(Reward(goal="drawer", distance=25.0, initial_distance=100.0, progress=0.75))
        state.note_health("camera_node: image stream", 0, "20.0 Hz, 0 dropped", {"age_p50_ms": "11"})
        state.note_health("camera_node: lifecycle", 0, "active", {})
        state.note_health("reward_node: lifecycle", 2, "no goal", {})
        text = _text(screen)
    for shown in ("tracking by policy", "75 %", "20.0 Hz, 0 dropped", "no goal", "stack is active"):
        assert shown in text
    assert "[INFO]" not in text
    assert text.count("lifecycle") == 1


def test_every_line_reaches_the_log_whose_path_is_told_at_the_end(screen: StatusScreen) -> None:
    with screen:
        for number in range(50):
            screen.say("node", f"line {number}")
    log = screen.log_path.read_text()
    assert log.count("\n") == 50 and "node | line 0\n" in log
    assert str(screen.log_path) in screen._console.file.getvalue()  # type: ignore[attr-defined]


def test_columns_stand_in_line_and_long_messages_are_cut(screen: StatusScreen) -> None:
    state = screen._state
    state.note_health("camera_node: image stream", 0, "20.0 Hz, 0 dropped", {"age_p50_ms": "11"})
    state.note_health(
        "a_node_with_a_long_name: embedding", 2, "so much is said here " * 9, {"age_p50_ms": "7"}
    )
    lines = _text(screen).splitlines()
    head, long, short = (
        next(line for line in lines if word in line) for word in ("age ms", "so much", "20.0 Hz")
    )
    assert head.index("says") == long.index("so much") == short.index("20.0 Hz")
    assert len(long.rstrip()) == len(short.rstrip()) == len(head.rstrip()) <= 110
    assert "…" in long and long.rstrip().endswith("7")
