"""`vip record` through the live graph: which settings go to the stack, which to the keyboard's own node."""

from __future__ import annotations

from pathlib import Path

import pytest

from vip_bringup.cli import main
from vip_bringup.graph import build_graph
from vip_bringup.live_recording.command import LiveOptions, record_live
from vip_ros.errors import UserError

SPEED = "teleop_node.linear_speed=0.05"


def _options(device: str, *settings: str) -> LiveOptions:
    return LiveOptions("close_drawer", 2, device, Path("episodes"), settings=settings)


def test_a_device_of_the_stack_takes_its_settings_there() -> None:
    graph = build_graph("default", _options("spacemouse", SPEED).overrides())
    node = next(spec for spec in graph.nodes if spec.name == "teleop_node")
    assert (node.parameters["device"], node.parameters["linear_speed"]) == ("spacemouse", 0.05)


def test_the_keyboards_settings_reach_the_node_on_this_terminal() -> None:
    options = _options("keyboard", SPEED, "camera_node.rate=15.0")
    assert "teleop_node" not in build_graph("default", options.overrides()).names()
    (node,) = build_graph("default", options.keyboard(), ["teleop_node"]).nodes
    assert (node.parameters["device"], node.parameters["linear_speed"]) == ("keyboard", 0.05)
    assert "camera_node.rate=15.0" in options.overrides()


def test_a_wrong_setting_of_the_keyboard_is_found_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    options = LiveOptions(
        "close_drawer", 2, "keyboard", tmp_path / "out", settings=("teleop_node.linear_sped=1.0",)
    )
    with pytest.raises(UserError, match="linear_sped"):
        record_live(options)
    assert not (tmp_path / "out").exists()


def test_a_home_that_the_shell_left_to_us_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[LiveOptions] = []
    monkeypatch.setattr("vip_bringup.live_recording.command.record_live", lambda o: seen.append(o) or 0)
    assert main(["record", "--task", "CloseDrawer", "--out=~/demos"]) == 0
    assert seen[0].out == Path.home() / "demos"


def test_settings_that_nobody_would_take_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["teleop", "--set", "franka_node.velocity_scale=0.1"]) == 2
    assert "add --up" in capsys.readouterr().err
