"""The graph description: shipped configurations, settings of the command line, mistakes named."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from vip_bringup.graph import build_graph, find_config
from vip_bringup.parameters import parameters_of
from vip_bringup.settings import flatten
from vip_ros.errors import UserError

CAMERA = "graph: {nodes: {camera_node: {module: vip_reward_node.camera_node}}}\n"
SHIPPED = ("default", "encode_live", "real")


def _write(folder: Path, text: str) -> Path:
    path = folder / "graph.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_configurations_are_valid(name: str) -> None:
    graph = build_graph(name)
    assert graph.names()[:2] == ["reward_node", "camera_node"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_configuration_with_an_arm_offers_every_node_as_the_default_does(name: str) -> None:
    nodes = {
        shipped: yaml.safe_load(find_config(shipped).read_text())["graph"]["nodes"] for shipped in SHIPPED
    }
    if "franka_node" in nodes[name]:
        assert nodes[name] == nodes["default"]


def test_every_shipped_configuration_is_tested() -> None:
    assert sorted(path.stem for path in find_config("default").parent.glob("*.yaml")) == sorted(SHIPPED)


@pytest.mark.parametrize("name", ["default", "real"])
def test_a_device_can_be_named_for_a_shipped_configuration_with_an_arm(name: str) -> None:
    assert "teleop_node" in dict(build_graph(name).left_out)
    graph = build_graph(name, ["teleop_node.device=spacemouse"], ["teleop_node"])
    assert graph.names() == ["teleop_node"]


def test_policy_node_waits_for_a_bundle() -> None:
    assert ("policy_node", "policy_node.bundle is not set") in build_graph().left_out
    graph = build_graph(policy="some/bundle")
    assert graph.names()[-1] == "policy_node"
    assert "policy_node" not in dict(graph.left_out)


def test_recorder_node_waits_for_a_folder() -> None:
    assert "recorder_node" in dict(build_graph().left_out)
    assert "recorder_node" in build_graph(overrides=["recorder_node.directory=episodes"]).names()


def test_goal_of_the_policy_is_the_goal_unless_another_is_set() -> None:
    def goal(*overrides: str) -> object:
        graph = build_graph(policy="bundle", overrides=overrides)
        return next(spec for spec in graph.nodes if spec.name == "reward_node").parameters["goal"]

    assert goal() == "bundle"
    assert goal("reward_node.goal=goal.png") == "goal.png"


def test_default_configuration_lists_every_parameter_with_its_default() -> None:
    listed = yaml.safe_load(find_config("default").read_text())
    for name, entry in listed.pop("graph")["nodes"].items():
        defaults = dict(parameters_of(entry["module"]))
        assert flatten(listed[name]["ros__parameters"]) == defaults, (
            f"config/default.yaml: {name} is out of date"
        )


def test_setting_takes_the_type_of_the_default() -> None:
    graph = build_graph(
        overrides=[
            "camera_node.rate=25",
            "camera_node.source=0",
            "camera_node.loop=true",
            "franka_node.seed=3",
        ]
    )
    parameters = {spec.name: spec.parameters for spec in graph.nodes}
    assert parameters["camera_node"]["rate"] == 25.0
    assert isinstance(parameters["camera_node"]["rate"], float)
    assert parameters["camera_node"]["source"] == "0"
    assert parameters["camera_node"]["loop"] is True
    assert parameters["franka_node"]["seed"] == 3


def test_value_may_hold_equal_signs_and_dots() -> None:
    graph = build_graph("encode_live", ["camera_node.source=rtsp://host/live?a=b.c"])
    camera = next(spec for spec in graph.nodes if spec.name == "camera_node")
    assert camera.parameters["source"] == "rtsp://host/live?a=b.c"


def test_only_keeps_the_named_nodes() -> None:
    graph = build_graph(only=["camera_node", "reward_node"])
    assert graph.names() == ["reward_node", "camera_node"]
    assert graph.left_out == ()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("camera_nod.source=x", "did you mean 'camera_node'?"),
        ("camera_node.sourc=x", "did you mean 'source'?"),
        ("camera_node.rate=fast", "camera_node.rate is 'fast': give a number"),
        ("franka_node.seed=1.5", "give a whole number"),
        ("camera_node.loop=1", "give true or false"),
        ("camera_node", "write node.parameter=value"),
        ("camera_node=3", "write node.parameter=value"),
    ],
)
def test_wrong_setting_is_named(setting: str, message: str) -> None:
    with pytest.raises(UserError, match=message.replace("?", r"\?")):
        build_graph(overrides=[setting])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("graph: {nodes: {camera_node: {modul: m}}}", "did you mean 'module'"),
        ("graph: {nodes: {camera_node: {}}}", "no Python module ''"),
        (
            "graph: {nodes: {camera_node: {module: vip_reward_node.camera_node, on_exit: rstart}}}",
            "did you mean 'restart'",
        ),
        ("graph: {nodes: {lidar: {module: my.lidar}}}", "no Python module 'my.lidar'"),
        ("graph: {node: {}}", "did you mean 'nodes'"),
        (
            CAMERA + "camera_nod: {}",
            "did you mean 'camera_node'",
        ),
        (
            CAMERA + "camera_node: {ros__parameters: {sourc: sim}}",
            "did you mean 'source'",
        ),
        (
            CAMERA + "camera_node: {source: sim}",
            "unknown key 'source'",
        ),
        (
            CAMERA + "camera_node: 3",
            "expected a mapping",
        ),
        ("graph: {}", "no node is left to start"),
        ("- a list", "expected a mapping"),
        ("graph: [", "not a readable YAML file"),
    ],
)
def test_mistake_in_a_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(UserError, match=message) as caught:
        build_graph(path)
    assert str(path) in str(caught.value)


def test_missing_configuration_is_named() -> None:
    with pytest.raises(UserError, match=r"no such configuration file: x/none\.yaml"):
        find_config("x/none.yaml")
    with pytest.raises(UserError, match="did you mean 'default'"):
        find_config("defualt")


def test_nodes_of_others_take_any_parameter(tmp_path: Path) -> None:
    path = _write(tmp_path, "graph: {nodes: {lidar: {module: http.server, remaps: {scan: front/scan}}}}")
    (spec,) = build_graph(path, ["lidar.filter.width=3"]).nodes
    assert spec.parameters == {"filter.width": 3}
    assert "scan:=front/scan" in spec.arguments(tmp_path / "p.yaml")


def test_parameter_file_is_what_ros_reads(tmp_path: Path) -> None:
    spec = build_graph("encode_live", ["camera_node.rate=5"]).nodes[1]
    path = spec.write_parameters(tmp_path)
    assert yaml.safe_load(path.read_text()) == {"/**": {"ros__parameters": {"source": "0", "rate": 5.0}}}
    arguments = spec.arguments(path, namespace="/left")
    assert arguments[:3] == ["-m", "vip_reward_node.camera_node", "--ros-args"]
    assert {"__node:=camera_node", "__ns:=/left", str(path)} <= set(arguments)
