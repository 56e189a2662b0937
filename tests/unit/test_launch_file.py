"""The launch files, read by ROS 2's own launch system where that is installed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

LAUNCH = Path(__file__).parents[2] / "launch"

pytest.importorskip("launch_ros", reason="ROS 2's launch system is not installed (it is on no package index)")


@pytest.fixture
def description() -> Any:
    return _description("vip_bringup.launch.py")


def _description(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name.replace(".", "_"), LAUNCH / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def _expand(description: Any, /, **arguments: str) -> tuple[Any, list[Any]]:
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


@pytest.fixture
def with_rviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vip_bringup.rviz.get_package_prefix", lambda package: "/opt/ros")


def _rviz_remaps(context: Any, entities: list[Any]) -> dict[str, str]:
    """Return the topics that RViz is told to take in another place, when the entities come to act."""
    from launch.actions import GroupAction
    from launch_ros.actions import Node, SetRemap

    (group,) = [entity for entity in entities if isinstance(entity, GroupAction)] or [None]
    for entity in entities if group is None else group.get_sub_entities():
        if isinstance(entity, SetRemap):
            entity.execute(context)
        elif isinstance(entity, Node) and entity.node_package == "rviz2":
            entity._perform_substitutions(context)
            return dict(context.launch_configurations.get("ros_remaps", []))
    raise AssertionError("no RViz")


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


def test_rviz_looks_where_the_stack_runs(description: Any, with_rviz: None, tmp_path: Path) -> None:
    from vip_bringup.graph_view import view_remaps

    assert _rviz_remaps(*_expand(description, rviz="true")) == {}
    config = tmp_path / "left.yaml"
    real = (LAUNCH / "config" / "real.yaml").read_text()
    config.write_text(real.replace('namespace: ""', "namespace: /left"))
    assert _rviz_remaps(*_expand(description, rviz="true", config=str(config))) == view_remaps("/left")
    config.write_text(config.read_text().replace("driver: franky", "driver: ros2_control"))
    beside = _rviz_remaps(*_expand(description, rviz="true", config=str(config)))
    assert beside == view_remaps("/left", "/robot_description")


def test_the_monitor_looks_into_a_namespace_that_it_is_told(with_rviz: None) -> None:
    from launch.actions import ExecuteProcess
    from launch_ros.actions import Node

    from vip_bringup.graph_view import view_remaps

    monitor = _description("monitor.launch.py")
    names = {argument.name for argument in monitor.get_launch_arguments()}
    assert names == {"rviz", "dashboard", "port", "namespace", "description"}
    assert _rviz_remaps(*_expand(monitor)) == {}
    context, made = _expand(monitor, namespace="/left", description="/arm")
    assert _rviz_remaps(context, made) == view_remaps("/left", "/arm")
    (dashboard,) = [e for e in monitor.entities if isinstance(e, ExecuteProcess) and not isinstance(e, Node)]
    words = ["".join(part.perform(context) for part in word) for word in dashboard.cmd]
    assert words[words.index("--namespace") + 1] == "/left"
