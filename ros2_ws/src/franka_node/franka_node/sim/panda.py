"""The Franka Emika Panda (FER): published kinematics, torques and inertias, and its MuJoCo bodies.

Sources: Franka Robotics documentation, "Robot and interface specifications" (Denavit-Hartenberg table,
torque limits); the franka_description package (hand geometry; link inertias identified by
Gaz, Cognetti, Oliva, Robuffo Giordano and De Luca, "Dynamic Identification of the Franka Emika Panda
Robot With Retrieval of Feasible Parameters Using Penalty-Based Optimization", RA-L 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from franka_node.arm_geometry import DH, FINGER_OFFSET, FLANGE_OFFSET, HAND_TURN, TCP_OFFSET
from franka_node.limits import FER
from vip_ros.resources import share_file

JOINT_NAMES = FER.joint_names
FINGER_NAMES = ("panda_finger_joint1", "panda_finger_joint2")

MAX_WIDTH = 0.08  # m, between the fingers

Q_MIN, Q_MAX = FER.lower, FER.upper  # rad
DQ_MAX = FER.velocity  # rad/s
TORQUE_MAX = np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0])  # Nm
READY = FER.home  # rad

# libfranka's examples set this joint impedance; damping gives about 30 ms of lag, as on the real arm.
STIFFNESS = np.array([3000.0, 3000.0, 3000.0, 2500.0, 2500.0, 2000.0, 2000.0])  # Nm/rad
DAMPING = 0.03 * STIFFNESS  # Nm s/rad
GRIPPER_FORCE = 70.0  # N, continuous
GRIPPER_SPEED = 0.1  # m/s, change of width; franka_gripper's default

# Collision masks: the arm touches objects, never itself (the guard's joint limits keep it apart).
ARM_BIT, OBJECT_BIT = 1, 2
VISUAL_GROUP, COLLISION_GROUP = 2, 3
CORE_PREFIX = "panda_core"  # names of the fillers inside the links

_WHITE, _GREY, _DARK = (0.84, 0.85, 0.87, 1.0), (0.62, 0.64, 0.67, 1.0), (0.16, 0.17, 0.19, 1.0)


@dataclass(frozen=True)
class Inertial:
    """Mass [kg], centre [m] and inertia xx yy zz xy xz yz [kg m²] of one link in its own frame."""

    mass: float
    centre: tuple[float, float, float]
    inertia: tuple[float, float, float, float, float, float]


INERTIALS = (
    Inertial(
        4.970684, (0.003875, 0.002081, -0.04762), (0.70337, 0.70661, 0.009117, -1.39e-4, 6.772e-3, 0.019169)
    ),
    Inertial(
        0.646926, (-0.003141, -0.02872, 0.003495), (7.962e-3, 0.02811, 0.025995, -3.925e-3, 0.010254, 7.04e-4)
    ),
    Inertial(
        3.228604,
        (0.027518, 0.039252, -0.066502),
        (0.037242, 0.036155, 0.01083, -4.761e-3, -0.011396, -0.012805),
    ),
    Inertial(
        3.587895,
        (-0.05317, 0.104419, 0.027454),
        (0.025853, 0.019552, 0.028323, 7.796e-3, -1.332e-3, 8.641e-3),
    ),
    Inertial(
        1.225946,
        (-0.011953, 0.041065, -0.038437),
        (0.035549, 0.029474, 8.627e-3, -2.117e-3, -4.037e-3, 2.29e-4),
    ),
    Inertial(
        1.666555,
        (0.060149, -0.014117, -0.010517),
        (1.964e-3, 4.354e-3, 5.433e-3, 1.09e-4, -1.158e-3, 3.41e-4),
    ),
    Inertial(
        0.735522,
        (0.010517, -0.004252, 0.061597),
        (0.012516, 0.010027, 4.815e-3, -4.28e-4, -1.196e-3, -7.41e-4),
    ),
)
HAND_INERTIAL = Inertial(0.73, (-0.01, 0.0, 0.03), (0.001, 0.0025, 0.0017, 0.0, 0.0, 0.0))
FINGER_INERTIAL = Inertial(0.015, (0.0, 0.012, 0.025), (4e-6, 4e-6, 1.5e-6, 0.0, 0.0, 0.0))

# Capsules in the link's frame: link number, from [m], to [m], radius [m].
_CAPSULES = (
    (1, (0, 0, -0.19), (0, 0, 0), 0.06),
    (2, (0, -0.13, 0), (0, 0, 0.06), 0.06),
    (3, (0, 0, -0.12), (0.06, 0.03, -0.01), 0.06),
    (4, (0, 0, 0), (-0.07, 0.09, 0), 0.06),
    (5, (0, 0, -0.24), (0, 0.06, -0.11), 0.055),
    (5, (0, 0.07, -0.12), (0, 0.08, -0.02), 0.035),
    (6, (0, 0, 0), (0.08, 0, 0), 0.05),
    (7, (0, 0, 0.0), (0, 0, 0.08), 0.045),
)


def add_panda(spec: mujoco.MjSpec) -> None:
    """Add arm, hand, servos, and the site 'tcp' to a model; the base stands at the world's origin."""
    for name in (*(f"link{i}" for i in range(8)), "hand", "finger"):
        _add_mesh(spec, name)
    body = spec.worldbody.add_body(name="panda_link0")
    _visual(body, "link0", _WHITE)
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
    _visual(body, f"link{i + 1}", _GREY if i == 6 else _WHITE)
    return body


def _add_capsules(spec: mujoco.MjSpec) -> None:
    shape = mujoco.mjtGeom.mjGEOM_CAPSULE
    for i, (link, start, end, radius) in enumerate(_CAPSULES):
        body, line = spec.body(f"panda_link{link}"), [*start, *end]
        body.add_geom(type=shape, fromto=line, size=[radius, 0, 0], **_collision())
        # A core inside the shell, so that the seams between links do not let the background through.
        core = [0.75 * radius, 0, 0]
        body.add_geom(name=f"{CORE_PREFIX}{i}", type=shape, fromto=line, size=core, rgba=_WHITE, **_seen())


def _add_hand(flange: Any) -> Any:
    turn = [np.cos(HAND_TURN / 2), 0.0, 0.0, np.sin(HAND_TURN / 2)]
    hand = flange.add_body(name="panda_hand", pos=[0, 0, FLANGE_OFFSET], quat=turn, gravcomp=1.0)
    _weigh(hand, HAND_INERTIAL)
    _visual(hand, "hand", _DARK)
    hand.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, pos=[0, 0, 0.025], size=[0.03, 0.1, 0.04], **_collision())
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
    _visual(finger, "finger", _DARK)
    for pos, size in (
        ((0, 0.0115, 0.0125), (0.01, 0.0085, 0.0125)),
        ((0, 0.0075, 0.039), (0.01, 0.0075, 0.0148)),
    ):
        finger.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX, pos=pos, size=size, friction=[1.0, 0.01, 0.0005], **_collision()
        )


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
