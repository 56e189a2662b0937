"""The robot as URDF, from our own tables: for RViz and whoever else asks for robot_description.

Surfaces are the decimated meshes of assets/panda where they are installed (see the NOTICE beside them; an FR3
is shown with them too), collision shapes are the simulator's boxes and capsules.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from franka_node.arm_bodies import (
    CAPSULES,
    DARK,
    FINGER_BOXES,
    FINGER_INERTIAL,
    GREY,
    GRIPPER_FORCE,
    GRIPPER_SPEED,
    HAND_BOX,
    HAND_INERTIAL,
    INERTIALS,
    MAX_WIDTH,
    TORQUE_MAX,
    WHITE,
    Box,
    Capsule,
    Colour,
    Inertial,
)
from franka_node.limits import Array, RobotLimits
from franka_node.robot_chain import ROOT, Joint, robot_chain

Floats = Sequence[float] | Array


def urdf(limits: RobotLimits, finger_names: Sequence[str], meshes: Path | None = None) -> str:
    """Return the robot's URDF.

    Args:
        limits: joint names, positions and velocities.
        finger_names: of the hand's two joints; none when there is no hand.
        meshes: folder with link0.stl ... link7.stl, hand.stl and finger.stl; None: shapes only.
    """
    joints = robot_chain(limits.joint_names, finger_names)
    robot = ET.Element("robot", name=limits.joint_names[0].rpartition("_joint")[0])
    ET.SubElement(robot, "link", name=ROOT)
    for joint in joints:
        _add_link(robot, joint.child, meshes)
    for joint in joints:
        _add_joint(robot, joint, limits, finger_names)
    ET.indent(robot)
    return ET.tostring(robot, encoding="unicode", xml_declaration=True)


def _add_link(robot: ET.Element, name: str, meshes: Path | None) -> None:
    part = name.rpartition("_")[2]
    kind = "finger" if part.endswith("finger") else part
    link = ET.SubElement(robot, "link", name=name)
    if kind in _WEIGHED:
        _add_inertial(link, _WEIGHED[kind])
    mesh = None if meshes is None else meshes / f"{kind}.stl"
    if mesh is not None and mesh.is_file():
        visuals = [_shape(link, "visual", (0.0, 0.0, 0.0))]
        ET.SubElement(visuals[0][-1], "mesh", filename=mesh.resolve().as_uri())
    else:
        visuals = _add_shapes(link, "visual", kind)
    for visual in visuals:
        material = ET.SubElement(visual, "material", name=f"{kind}_colour")
        ET.SubElement(material, "color", rgba=_numbers(_COLOURS.get(kind, WHITE)))
    _add_shapes(link, "collision", kind)


def _add_shapes(link: ET.Element, element: str, kind: str) -> list[ET.Element]:
    shapes = []
    for box in _BOXES.get(kind, ()):
        shapes.append(_shape(link, element, box.centre))
        ET.SubElement(shapes[-1][-1], "box", size=_numbers([2 * half for half in box.half]))
    for capsule in CAPSULES:
        if f"link{capsule.link}" == kind:
            shapes += _capsule(link, element, capsule)
    return shapes


def _add_joint(robot: ET.Element, joint: Joint, limits: RobotLimits, finger_names: Sequence[str]) -> None:
    element = ET.SubElement(robot, "joint", name=joint.name, type=joint.kind)
    _origin(element, joint.offset, (joint.roll, 0.0, joint.yaw))
    ET.SubElement(element, "parent", link=joint.parent)
    ET.SubElement(element, "child", link=joint.child)
    if joint.kind == "revolute":
        i = limits.joint_names.index(joint.name)
        ET.SubElement(element, "axis", xyz="0 0 1")
        _limit(element, limits.lower[i], limits.upper[i], limits.velocity[i], TORQUE_MAX[i])
    elif joint.kind == "prismatic":
        ET.SubElement(element, "axis", xyz="0 1 0")
        _limit(element, 0.0, MAX_WIDTH / 2, GRIPPER_SPEED / 2, GRIPPER_FORCE / 2)
        if joint.name != finger_names[0]:
            ET.SubElement(element, "mimic", joint=finger_names[0])


def _limit(joint: ET.Element, lower: float, upper: float, velocity: float, effort: float) -> None:
    values = {"lower": lower, "upper": upper, "velocity": velocity, "effort": effort}
    ET.SubElement(joint, "limit", {name: _number(value) for name, value in values.items()})


def _add_inertial(link: ET.Element, inertial: Inertial) -> None:
    element = ET.SubElement(link, "inertial")
    _origin(element, inertial.centre, (0.0, 0.0, 0.0))
    ET.SubElement(element, "mass", value=_number(inertial.mass))
    names = ("ixx", "iyy", "izz", "ixy", "ixz", "iyz")
    moments = zip(names, inertial.inertia, strict=True)
    ET.SubElement(element, "inertia", {name: _number(value) for name, value in moments})


def _capsule(link: ET.Element, element: str, capsule: Capsule) -> list[ET.Element]:
    """Add a cylinder between two balls: URDF knows no capsule."""
    start, end = np.array(capsule.start, dtype=float), np.array(capsule.end, dtype=float)
    x, y, z = end - start
    pitch, yaw = float(np.arctan2(np.hypot(x, y), z)), float(np.arctan2(y, x))
    radius, length = _number(capsule.radius), _number(float(np.linalg.norm(end - start)))
    cylinder = _shape(link, element, (start + end) / 2, (0.0, pitch, yaw))
    ET.SubElement(cylinder[-1], "cylinder", radius=radius, length=length)
    balls = [_shape(link, element, centre) for centre in (start, end)]
    for ball in balls:
        ET.SubElement(ball[-1], "sphere", radius=radius)
    return [cylinder, *balls]


def _shape(link: ET.Element, element: str, centre: Floats, rpy: Floats = (0.0, 0.0, 0.0)) -> ET.Element:
    """Add a visual or a collision whose last child takes the shape itself."""
    shape = ET.SubElement(link, element)
    _origin(shape, centre, rpy)
    ET.SubElement(shape, "geometry")
    return shape


def _origin(element: ET.Element, xyz: Floats, rpy: Floats) -> None:
    ET.SubElement(element, "origin", xyz=_numbers(xyz), rpy=_numbers(rpy))


def _numbers(values: Floats) -> str:
    return " ".join(_number(value) for value in values)


def _number(value: float) -> str:
    return repr(float(value))


_WEIGHED: dict[str, Inertial] = {
    **{f"link{i}": inertial for i, inertial in enumerate(INERTIALS, 1)},
    "hand": HAND_INERTIAL,
    "finger": FINGER_INERTIAL,
}
_BOXES: dict[str, tuple[Box, ...]] = {"hand": (HAND_BOX,), "finger": FINGER_BOXES}
_COLOURS: dict[str, Colour] = {"link7": GREY, "hand": DARK, "finger": DARK}
