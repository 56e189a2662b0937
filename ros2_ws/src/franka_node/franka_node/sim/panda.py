"""The Franka Emika Panda (FER) as MuJoCo bodies, from the tables of arm_geometry and arm_bodies."""

from __future__ import annotations

from typing import Any

import mujoco
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
    Inertial,
)
from franka_node.arm_geometry import DH, FINGER_OFFSET, FLANGE_OFFSET, HAND_TURN, TCP_OFFSET
from franka_node.limits import FER
from vip_ros.resources import share_file

JOINT_NAMES = FER.joint_names
FINGER_NAMES = ("panda_finger_joint1", "panda_finger_joint2")

Q_MIN, Q_MAX = FER.lower, FER.upper  # rad
DQ_MAX = FER.velocity  # rad/s
READY = FER.home  # rad

# libfranka's examples set this joint impedance; damping gives about 30 ms of lag, as on the real arm.
STIFFNESS = np.array([3000.0, 3000.0, 3000.0, 2500.0, 2500.0, 2000.0, 2000.0])  # Nm/rad
DAMPING = 0.03 * STIFFNESS  # Nm s/rad

# Collision masks: the arm touches objects, never itself (the guard's joint limits keep it apart).
ARM_BIT, OBJECT_BIT = 1, 2
VISUAL_GROUP, COLLISION_GROUP = 2, 3
CORE_PREFIX = "panda_core"  # names of the fillers inside the links

__all__ = ["GRIPPER_SPEED", "MAX_WIDTH", "add_panda"]


def add_panda(spec: mujoco.MjSpec) -> None:
    """Add arm, hand, servos, and the site 'tcp' to a model; the base stands at the world's origin."""
    for name in (*(f"link{i}" for i in range(8)), "hand", "finger"):
        _add_mesh(spec, name)
    body = spec.worldbody.add_body(name="panda_link0")
    _visual(body, "link0", WHITE)
    for i in range(7):
        body = _add_link(body, i)
    _add_capsules(spec)
    hand = _add_hand(body)
    for side, name in enumerate(FINGER_NAMES):
        _add_finger(hand, side, name)
    _add_actuators(spec)


def _add_mesh(spec: mujoco.MjSpec, name: str) -> None:
    mesh = spec.add_mesh(
        name=f"panda_{name}", file=str(share_file("franka_node", f"assets/panda/{name}.stl"))
    )
    # Decimated surfaces are not watertight; nothing weighs them.
    mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL


def _add_link(parent: Any, i: int) -> Any:
    a, d, alpha = DH[i]
    turn = np.array([np.cos(alpha / 2), np.sin(alpha / 2), 0.0, 0.0])
    # Craig: Rot_x(alpha) Trans_x(a) Rot_z(theta) Trans_z(d); d lies along the turned z axis.
    position = [a, -d * np.sin(alpha), d * np.cos(alpha)]
    body = parent.add_body(name=f"panda_link{i + 1}", pos=position, quat=turn, gravcomp=1.0)
    body.add_joint(
        name=JOINT_NAMES[i],
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=[0, 0, 1],
        range=[Q_MIN[i], Q_MAX[i]],
        limited=True,
        armature=0.1,
        damping=0.5,
    )
    _weigh(body, INERTIALS[i])
    _visual(body, f"link{i + 1}", GREY if i == 6 else WHITE)
    return body


def _add_capsules(spec: mujoco.MjSpec) -> None:
    shape = mujoco.mjtGeom.mjGEOM_CAPSULE
    for i, capsule in enumerate(CAPSULES):
        body, line = spec.body(f"panda_link{capsule.link}"), [*capsule.start, *capsule.end]
        body.add_geom(type=shape, fromto=line, size=[capsule.radius, 0, 0], **_collision())
        # A core inside the shell, so that the seams between links do not let the background through.
        core = [0.75 * capsule.radius, 0, 0]
        body.add_geom(name=f"{CORE_PREFIX}{i}", type=shape, fromto=line, size=core, rgba=WHITE, **_seen())


def _add_hand(flange: Any) -> Any:
    turn = [np.cos(HAND_TURN / 2), 0.0, 0.0, np.sin(HAND_TURN / 2)]
    hand = flange.add_body(name="panda_hand", pos=[0, 0, FLANGE_OFFSET], quat=turn, gravcomp=1.0)
    _weigh(hand, HAND_INERTIAL)
    _visual(hand, "hand", DARK)
    box = mujoco.mjtGeom.mjGEOM_BOX
    hand.add_geom(type=box, pos=HAND_BOX.centre, size=HAND_BOX.half, **_collision())
    hand.add_site(name="tcp", pos=[0, 0, TCP_OFFSET], size=[0.005] * 3, group=4)
    return hand


def _add_finger(hand: Any, side: int, joint: str) -> None:
    turn = [1.0, 0, 0, 0] if side == 0 else [0.0, 0, 0, 1.0]
    finger = hand.add_body(
        name=joint.replace("_joint", ""), pos=[0, 0, FINGER_OFFSET], quat=turn, gravcomp=1.0
    )
    finger.add_joint(
        name=joint,
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[0, 1, 0],
        range=[0, MAX_WIDTH / 2],
        limited=True,
        armature=0.1,
        damping=10.0,
    )
    _weigh(finger, FINGER_INERTIAL)
    _visual(finger, "finger", DARK)
    box = mujoco.mjtGeom.mjGEOM_BOX
    for part in FINGER_BOXES:
        friction = [1.0, 0.01, 0.0005]
        finger.add_geom(type=box, pos=part.centre, size=part.half, friction=friction, **_collision())


def _add_actuators(spec: mujoco.MjSpec) -> None:
    for i, joint in enumerate(JOINT_NAMES):
        _servo(spec, joint, STIFFNESS[i], DAMPING[i], TORQUE_MAX[i], (Q_MIN[i], Q_MAX[i]))
    for joint in FINGER_NAMES:
        _servo(spec, joint, 2000.0, 60.0, GRIPPER_FORCE / 2, (0.0, MAX_WIDTH / 2))


def _servo(
    spec: mujoco.MjSpec, joint: str, kp: float, kv: float, force: float, span: tuple[float, float]
) -> None:
    servo = spec.add_actuator(name=f"{joint}_servo", target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
    servo.set_to_position(kp=kp, kv=kv)
    servo.forcelimited = True
    servo.forcerange = [-force, force]
    servo.ctrllimited = True
    servo.ctrlrange = list(span)


def _weigh(body: Any, inertial: Inertial) -> None:
    body.mass = inertial.mass
    body.ipos = inertial.centre
    body.fullinertia = inertial.inertia
    body.explicitinertial = True


def _visual(body: Any, mesh: str, rgba: tuple[float, ...]) -> None:
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=f"panda_{mesh}",
        rgba=rgba,
        **_seen(),
    )


def _seen() -> dict[str, Any]:
    return {"contype": 0, "conaffinity": 0, "mass": 0.0, "group": VISUAL_GROUP}


def _collision() -> dict[str, Any]:
    return {
        "contype": ARM_BIT,
        "conaffinity": OBJECT_BIT,
        "mass": 0.0,
        "group": COLLISION_GROUP,
        "rgba": [0.5, 0.5, 0.5, 0.3],
    }
