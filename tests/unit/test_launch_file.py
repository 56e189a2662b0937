"""The launch file, read by ROS 2's own launch system where that is installed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

LAUNCH_FILE = Path(__file__).parents[2] / "launch" / "vip_bringup.launch.py"

pytest.importorskip("launch_ros", reason="ROS 2's launch system is not installed (it is on no package index)")


@pytest.fixture
def description() -> Any:
    spec = importlib.util.spec_from_file_location("vip_bringup_launch", LAUNCH_FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def _expand(description: Any, **arguments: str) -> tuple[Any, list[Any]]:
    """Return the launch context and the entities that the launch file makes of the arguments."""
    from launch import LaunchContext
    from launch.actions import DeclareLaunchArgument, OpaqueFunction

    context = LaunchContext()
    context.launch_configurations.update(arguments)
    made: list[Any] = []
    for entity in description.entities:
        if isinstance(entity, (DeclareLaunchArgument, OpaqueFunction)):
            made += entity.execute(context) or []
    return context, made


def _modules(entities: list[Any]) -> list[str]:
    from launch_ros.actions import Node

    nodes = [entity for entity in entities if isinstance(entity, Node)]
    words = [[part[0].text for part in node.cmd if hasattr(part[0], "text")] for node in nodes]
    return [line[line.index("-m") + 1] for line in words if "-m" in line]


def test_arguments_are_declared(description: Any) -> None:
    names = {argument.name for argument in description.get_launch_arguments()}
    assert names == {"config", "policy", "source", "rviz"}


def test_the_same_nodes_as_vip_up_and_the_manager(description: Any) -> None:
    from vip_bringup.graph import build_graph

    _, made = _expand(description, policy="bundle")
    expected = [spec.module for spec in build_graph(policy="bundle").nodes]
    assert _modules(made) == [*expected, "vip_bringup.manager"]


def test_nodes_run_under_this_interpreter(description: Any) -> None:
    from launch_ros.actions import Node

    _, made = _expand(description)
    node = next(entity for entity in made if isinstance(entity, Node))
    assert node.cmd[0][0].text == sys.executable


def test_mistake_is_named(description: Any) -> None:
    from vip_ros.errors import UserError

    with pytest.raises(UserError, match="did you mean 'default'"):
        _expand(description, config="defualt")


def test_a_missing_rviz_is_named_before_anything_starts(
    description: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ament_index_python.packages import PackageNotFoundError

    from vip_ros.errors import UserError

    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr("vip_bringup.rviz.get_package_prefix", missing)
    with pytest.raises(UserError, match="RViz is not installed"):
        _expand(description, rviz="true")
