"""The robot's URDF and its frames: one arm, whoever draws or computes it."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

import mujoco
import numpy as np
import pytest

from franka_node.arm_geometry import PARTS, part_positions
from franka_node.limits import LIMITS
from franka_node.robot_chain import ROOT, finger_names, robot_chain
from franka_node.robot_description import urdf
from franka_node.robot_model import RobotModel
from franka_node.sim.kinematics import forward
from vip_bringup import cli
from vip_ros.errors import UserError
from vip_ros.resources import share_file

MESHES = share_file("franka_node", "assets/panda")


def fingers(limits) -> tuple[str, str]:
    return finger_names(limits.joint_names)


def compiled(text: str, meshes: bool) -> mujoco.MjModel:
    """MuJoCo's reading of a URDF, every link kept as a body of its own."""
    options = f'fusestatic="false" discardvisual="{str(not meshes).lower()}"'
    head, robot, rest = text.replace("file://", "").partition("<robot")  # MuJoCo takes paths, RViz URLs
    name, end, links = rest.partition(">")
    spec = mujoco.MjSpec.from_string(f"{head}{robot}{name}{end}<mujoco><compiler {options}/></mujoco>{links}")
    for mesh in spec.meshes:
        mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL  # decimated, not watertight
    return spec.compile()


def pose(place, quaternion) -> np.ndarray:
    turn = np.empty(9)
    mujoco.mju_quat2Mat(turn, np.roll(quaternion, 1))
    return np.block([[turn.reshape(3, 3), np.asarray(place)[:, np.newaxis]], [np.zeros(3), 1.0]])


def frames(limits, q, width) -> dict[str, np.ndarray]:
    """The pose [4, 4] of each link in the root's frame, from what is told on TF."""
    values = dict(zip((*limits.joint_names, *fingers(limits)), (*q, width / 2, width / 2), strict=True))
    poses = {ROOT: np.eye(4)}
    for joint in robot_chain(limits.joint_names, fingers(limits)):
        value = values.get(joint.name, 0.0)
        local = pose(joint.translation(value), joint.quaternion(value))
        poses[joint.child] = poses[joint.parent] @ local
    return poses


@pytest.mark.parametrize("name", ["fer", "fr3"])
@pytest.mark.parametrize("meshes", [False, True])
def test_a_reader_of_the_urdf_finds_each_link_where_we_find_it(name, meshes):
    limits = LIMITS.get(name)
    text = urdf(limits, fingers(limits), MESHES if meshes else None)
    model = compiled(text, meshes)
    assert (model.geom_type == mujoco.mjtGeom.mjGEOM_MESH).sum() == (11 if meshes else 0)
    data = mujoco.MjData(model)
    random = np.random.default_rng(3)
    for _ in range(20):
        q, width = random.uniform(limits.lower, limits.upper), random.uniform(0.0, 0.08)
        for joint, value in zip((*limits.joint_names, *fingers(limits)), (*q, *[width / 2] * 2), strict=True):
            data.joint(joint).qpos[0] = value
        mujoco.mj_kinematics(model, data)
        ours = frames(limits, q, width)
        for link in ours:
            if link == ROOT:
                continue  # MuJoCo makes the root its world
            assert data.body(link).xpos == pytest.approx(ours[link][:3, 3], abs=1e-6)
            assert data.body(link).xmat.reshape(3, 3) == pytest.approx(ours[link][:3, :3], abs=1e-6)


@pytest.mark.parametrize("name", ["fer", "fr3"])
def test_guard_simulator_and_frames_agree_on_the_hand(name):
    limits = LIMITS.get(name)
    prefix = limits.joint_names[0].rpartition("_joint")[0]
    parts = [part for part, _, _ in PARTS]
    for q in np.random.default_rng(4).uniform(limits.lower, limits.upper, (50, 7)):
        ours = frames(limits, q, 0.04)
        assert ours[f"{prefix}_hand_tcp"] == pytest.approx(forward(q), abs=1e-9)
        seen = part_positions(q)
        assert ours[f"{prefix}_hand_tcp"][:3, 3] == pytest.approx(seen[parts.index("fingertips")], abs=1e-9)
        assert ours[f"{prefix}_link4"][:3, 3] == pytest.approx(seen[parts.index("elbow")], abs=1e-9)
    gap = ours[f"{prefix}_leftfinger"][:3, 3] - ours[f"{prefix}_rightfinger"][:3, 3]
    assert np.linalg.norm(gap) == pytest.approx(0.04)


def test_the_urdf_carries_the_limits_and_only_files_that_exist():
    limits = LIMITS.get("fr3-unknown-firmware")
    root = ET.fromstring(urdf(limits, fingers(limits), MESHES))
    spans = {
        j.get("name"): j.find("limit").attrib for j in root.findall("joint") if j.get("type") == "revolute"
    }
    for i, joint in enumerate(limits.joint_names):
        assert float(spans[joint]["lower"]) == limits.lower[i]
        assert float(spans[joint]["velocity"]) == limits.velocity[i]
    urls = [mesh.get("filename") for mesh in root.iter("mesh")]
    assert len(urls) == 11 and all(url.startswith("file:///") for url in urls)
    children = [j.find("child").get("link") for j in root.findall("joint")]
    links = [link.get("name") for link in root.findall("link")]
    assert sorted(children) == sorted(set(links) - {ROOT}), "one tree"


def test_a_robot_without_a_hand_has_none():
    limits = LIMITS.get("fr3")
    root = ET.fromstring(urdf(limits, ()))
    assert root.findall("link")[-1].get("name") == "fr3_link8" and root.find(".//mesh") is None


@pytest.mark.parametrize(("joints", "hand"), [(6, 2), (8, 0), (7, 1)])
def test_a_robot_that_is_no_franka_arm_is_told_to_go_without_a_description(joints, hand):
    full = LIMITS.get("fr3")
    names = tuple(f"my_joint{i}" for i in range(1, joints + 1))
    limits = dataclasses.replace(full, joint_names=names)
    fingers = [f"my_finger_joint{i}" for i in range(1, hand + 1)]
    said = f"with {joints} joints and {hand} finger joints.*set franka_node.description to false"
    with pytest.raises(UserError, match=said):
        urdf(limits, fingers)
    with pytest.raises(UserError, match=said):
        RobotModel(None, limits, fingers, lambda: None)


def test_the_command_prints_what_a_parser_takes(capsys):
    assert cli.main(["urdf", "--robot", "fr3", "--without-meshes"]) == 0
    assert compiled(capsys.readouterr().out, meshes=False).joint("fr3_joint7").name == "fr3_joint7"
    assert cli.main(["urdf", "--robot", "fr4"]) != 0
    assert "fr3" in capsys.readouterr().err
