"""The layouts of PlotJuggler and Foxglove name topics, fields and services that the graph has."""

from __future__ import annotations

import importlib
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from franka_node.sim.panda import JOINT_NAMES
from vip_ros.resources import share_file

ROOT = Path(__file__).resolve().parents[2]
# Panels that open-source Foxglove has.
PANELS = {"Image", "3D", "Plot", "StateTransitions", "RawMessages", "DiagnosticSummary", "CallService"}


@pytest.fixture(scope="module")
def named() -> dict[str, str]:
    """Return topic or service → type, as docs/reference.md says; another test compares that with the code."""
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\S+)` \| (\w+/\w+) \|", page, re.M)
    return {f"/{name.removeprefix('/')}": kind for name, kind in rows}


def _fields(kind: str) -> dict[str, str]:
    package, _, name = kind.partition("/")
    return dict(getattr(importlib.import_module(f"{package}.msg"), name).get_fields_and_field_types())


def _curve_exists(path: str, named: dict[str, str]) -> bool:
    """Tell whether PlotJuggler gives a curve that name: topic/field, or topic/joint/quantity."""
    topic = max((topic for topic in named if path.startswith(f"{topic}/")), key=len, default="")
    if not topic:
        return False
    parts = path.removeprefix(f"{topic}/").split("/")
    if named[topic] == "sensor_msgs/JointState":
        return parts[0] in JOINT_NAMES and parts[1:] in (["position"], ["velocity"], ["effort"])
    return parts[0] in _fields(named[topic]) and len(parts) == 1


def test_plotjuggler_draws_curves_of_topics_that_it_subscribes_to(named: dict[str, str]) -> None:
    layout = ElementTree.parse(share_file("vip_bringup", "layouts/plotjuggler.xml")).getroot()
    topics = {topic.get("name", "") for topic in layout.iter("topic")}
    assert topics <= set(named)
    curves = [curve.get("name", "") for curve in layout.iter("curve")]
    assert len(curves) >= 15
    for curve in curves:
        assert _curve_exists(curve, named), curve
        assert any(curve.startswith(f"{topic}/") for topic in topics), curve
    assert {plot.get("style") for plot in layout.iter("plot")} <= {"Lines", "Dots"}


@pytest.fixture(scope="module")
def foxglove() -> dict[str, Any]:
    return dict(json.loads(share_file("vip_bringup", "layouts/foxglove.json").read_text(encoding="utf-8")))


def test_foxglove_shows_fields_that_the_messages_have(
    foxglove: dict[str, Any], named: dict[str, str]
) -> None:
    panels = foxglove["configById"]
    paths = [path["value"] for panel in panels.values() for path in panel.get("paths", ())]
    assert len(paths) >= 12
    for path in paths:
        topic, _, member = path.partition(".")
        assert member.partition("[")[0] in _fields(named[topic]), path


def test_foxglove_names_topics_and_services_of_the_graph(
    foxglove: dict[str, Any], named: dict[str, str]
) -> None:
    for name, panel in foxglove["configById"].items():
        topics = [panel.get("topicPath"), panel.get("topicToRender"), panel.get("serviceName")]
        topics += [panel.get("imageMode", {}).get("imageTopic"), *panel.get("topics", {})]
        assert {topic for topic in topics if topic} <= set(named), name


def test_every_foxglove_panel_has_its_place_and_is_of_a_known_kind(foxglove: dict[str, Any]) -> None:
    def placed(node: Any) -> list[str]:
        return [node] if isinstance(node, str) else placed(node["first"]) + placed(node["second"])

    assert sorted(placed(foxglove["layout"])) == sorted(foxglove["configById"])
    assert {name.partition("!")[0] for name in foxglove["configById"]} <= PANELS
