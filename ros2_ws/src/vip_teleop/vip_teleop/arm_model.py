"""A bare MuJoCo model of a Franka arm: joints and fingertips, no shapes, for kinematics."""

from __future__ import annotations

import mujoco
import numpy as np

from franka_node.arm_geometry import DH, FLANGE_OFFSET, HAND_TURN, TCP_OFFSET
from franka_node.limits import RobotLimits

TIP = "tcp"
"""Site between the fingertips: z points out of the fingers, y along their opening."""


def arm_model(limits: RobotLimits) -> mujoco.MjModel:
    """Return the kinematic chain of a robot, its base at the world's origin.

    Args:
        limits: joint names and position limits; FER and FR3 have the same geometry.
    """
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    body = spec.worldbody
    for i, (a, d, alpha) in enumerate(DH):
        # Craig: Rot_x(alpha) Trans_x(a) Rot_z(theta) Trans_z(d); d lies along the turned z axis.
        body = body.add_body(
            name=f"link{i + 1}",
            pos=[a, -d * np.sin(alpha), d * np.cos(alpha)],
            quat=[np.cos(alpha / 2), np.sin(alpha / 2), 0.0, 0.0],
            mass=1.0,  # no dynamics are computed; a moving body must weigh something
            inertia=[0.01, 0.01, 0.01],
            explicitinertial=True,
        )
        body.add_joint(
            name=limits.joint_names[i],
            type=mujoco.mjtJoint.mjJNT_HINGE,
            axis=[0, 0, 1],
            range=[limits.lower[i], limits.upper[i]],
            limited=True,
        )
    turn = [np.cos(HAND_TURN / 2), 0.0, 0.0, np.sin(HAND_TURN / 2)]
    body.add_site(name=TIP, pos=[0, 0, FLANGE_OFFSET + TCP_OFFSET], quat=turn)
    return spec.compile()
