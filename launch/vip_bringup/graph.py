"""The one description of the running graph, read from YAML; `vip up` and `ros2 launch` both start from it.

A configuration file has the layout of a ROS parameter file, one section per node, and a `graph` section::

    graph:
      nodes:                                  # in the order in which they are activated
        camera_node: {module: vip_reward_node.camera_node, on_exit: restart}
    camera_node:
      ros__parameters: {source: sim, rate: 20.0}
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from vip_bringup.parameters import ParameterTable
from vip_bringup.settings import Override, flatten, parse_override, typed_value
from vip_ros.config import from_mapping, load_yaml, option
from vip_ros.errors import UserError, unknown_name
from vip_ros.resources import share_file

ON_EXIT = ("restart", "stop")
"""What happens when a node dies: it is started again, or the whole stack is stopped."""


@dataclass(frozen=True)
class NodeSpec:
    """One process of the graph.

    Attributes:
        name: ROS node name.
        module: Python module that runs it (`python -m module`).
        on_exit: one of ON_EXIT.
        only_with: the node is left out while this parameter is empty; "" keeps it always.
        remaps: topic, service or action names as the node knows them → names in the graph.
        parameters: ROS parameters by (dotted) name.
    """

    name: str
    module: str
    on_exit: str = "restart"
    only_with: str = ""
    remaps: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def write_parameters(self, folder: Path) -> Path:
        """Write the parameters as a ROS parameter file in the folder and return its path."""
        path = folder / f"{self.name}.yaml"
        content = {"/**": {"ros__parameters": dict(self.parameters)}}
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return path

    def arguments(self, parameter_file: Path, namespace: str = "") -> list[str]:
        """Return what follows the Python interpreter on the node's command line."""
        remaps = {"__node": self.name, **({"__ns": namespace} if namespace else {}), **self.remaps}
        rules = [word for source, target in remaps.items() for word in ("-r", f"{source}:={target}")]
        return ["-m", self.module, "--ros-args", *rules, "--params-file", str(parameter_file)]


@dataclass(frozen=True)
class Graph:
    """The processes to start, in the order of activation.

    Attributes:
        nodes: what runs.
        left_out: (name, reason) of the nodes that the configuration names but that cannot run now.
        namespace: ROS namespace of all nodes, "" or "/name".
    """

    nodes: tuple[NodeSpec, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    namespace: str = ""

    def names(self) -> list[str]:
        """Return the node names in the order of activation."""
        return [spec.name for spec in self.nodes]


@dataclass(frozen=True)
class _NodeEntry:
    module: str = option("", "Python module that runs the node")
    on_exit: str = option("restart", "restart or stop")
    only_with: str = option("", "parameter that must not be empty")
    remaps: dict = option(None, "names as the node knows them → names in the graph")  # type: ignore[type-arg]


@dataclass(frozen=True)
class _GraphSection:
    nodes: dict = option(None, "node name → entry")  # type: ignore[type-arg]
    namespace: str = option("", "ROS namespace of all nodes")


def build_graph(
    config: str | Path = "default",
    overrides: Sequence[str] = (),
    only: Sequence[str] = (),
    policy: str = "",
    source: str = "",
) -> Graph:
    """Read a configuration and apply what the command line says.

    Args:
        config: path of a YAML file, or the name of a shipped one ("default", "real", "encode_live").
        overrides: `node.parameter=value` texts.
        only: node names to keep; all when empty.
        policy: policy bundle; short for `policy_node.bundle`, and the goal where none is set.
        source: camera source; short for `camera_node.source`.

    Raises:
        UserError: unknown node, parameter or key; a value of the wrong type; an empty graph.
    """
    path = find_config(config)
    content = _mapping(load_yaml(path), path)
    section = from_mapping(_GraphSection, _mapping(content.pop("graph", None), path), f"{path}: graph")
    table = ParameterTable()
    specs = _specs(section, content, table, path)
    if source:
        overrides = [*overrides, f"camera_node.source={source}"]
    if policy:
        overrides = [*overrides, f"policy_node.bundle={policy}"]
    for text in overrides:
        specs = _apply(specs, parse_override(text), table)
    if policy:
        specs = _goal_of_policy(specs, policy)
    for name in only:
        if name not in specs:
            raise unknown_name("node", name, specs, "--only")
    kept = {name: spec for name, spec in specs.items() if not only or name in only}
    graph = _leave_out(kept, section.namespace)
    if not graph.nodes:
        raise UserError("no node is left to start", "name at least one under graph.nodes", str(path))
    return graph


def find_config(config: str | Path) -> Path:
    """Return the path of a configuration; a bare name means a shipped one."""
    path = Path(config).expanduser()
    if path.exists():
        return path
    folder = share_file("vip_bringup", "config")
    shipped = sorted(entry.stem for entry in folder.glob("*.yaml"))
    if str(config) in shipped:
        return folder / f"{config}.yaml"
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        raise UserError(f"no such configuration file: {path}", f"shipped ones: {', '.join(shipped)}")
    raise unknown_name("configuration", str(config), shipped)


def _specs(
    section: _GraphSection, content: Mapping[str, Any], table: ParameterTable, path: Path
) -> dict[str, NodeSpec]:
    entries = _mapping(section.nodes, path)
    known = {*entries, *table.nodes()}
    for name in content:
        if name not in known:
            raise unknown_name("node", str(name), known, str(path))
    return {name: _spec(name, entry, content.get(name), table, path) for name, entry in entries.items()}


def _spec(name: str, raw: Any, body: Any, table: ParameterTable, path: Path) -> NodeSpec:
    where = f"{path}: graph.nodes.{name}"
    entry = from_mapping(_NodeEntry, {k: v for k, v in _mapping(raw, path).items() if v is not None}, where)
    if entry.on_exit not in ON_EXIT:
        raise unknown_name("on_exit policy", entry.on_exit, ON_EXIT, where)
    if not _is_module(entry.module):
        raise UserError(f"no Python module '{entry.module}'", "give module: package.module", where)
    sections = _mapping(body, path)
    for key in sections:
        if key != "ros__parameters":
            raise unknown_name("key", str(key), ["ros__parameters"], f"{path}: {name}")
    parameters = flatten(_mapping(sections.get("ros__parameters"), path))
    for key, value in parameters.items():
        default = table.default(name, entry.module, key, str(path))
        parameters[key] = typed_value(f"{name}.{key}", value, default)
    return NodeSpec(name, entry.module, entry.on_exit, entry.only_with, dict(entry.remaps or {}), parameters)


def _is_module(name: str) -> bool:
    try:
        return bool(name) and find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _apply(specs: Mapping[str, NodeSpec], override: Override, table: ParameterTable) -> dict[str, NodeSpec]:
    if override.node not in specs:
        raise unknown_name("node", override.node, specs, override.text)
    spec = specs[override.node]
    default = table.default(spec.name, spec.module, override.parameter, override.text)
    value = typed_value(f"{spec.name}.{override.parameter}", override.value, default)
    parameters = {**spec.parameters, override.parameter: value}
    return {**specs, spec.name: dataclasses.replace(spec, parameters=parameters)}


def _goal_of_policy(specs: dict[str, NodeSpec], policy: str) -> dict[str, NodeSpec]:
    """Let the reward follow the goal that the policy was trained for, unless another one is set."""
    spec = specs.get("reward_node")
    if spec is None or spec.parameters.get("goal"):
        return specs
    parameters = {**spec.parameters, "goal": policy}
    return {**specs, spec.name: dataclasses.replace(spec, parameters=parameters)}


def _leave_out(specs: Mapping[str, NodeSpec], namespace: str) -> Graph:
    missing = {n: s.only_with for n, s in specs.items() if s.only_with and not s.parameters.get(s.only_with)}
    nodes = tuple(spec for name, spec in specs.items() if name not in missing)
    reasons = tuple((name, f"{name}.{parameter} is not set") for name, parameter in missing.items())
    return Graph(nodes, reasons, namespace)


def _mapping(value: Any, path: Path) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UserError(
            f"expected a mapping, found {value!r}"[:120], "see the shipped default.yaml", str(path)
        )
    return dict(value)
