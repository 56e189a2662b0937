"""What the parts of a Franka arm and hand weigh, how strong they are, and the simple shapes around them.

Sources: Franka Robotics documentation, "Robot and interface specifications" (torque limits); the
franka_description package (hand geometry; link inertias identified by Gaz, Cognetti, Oliva, Robuffo Giordano
and De Luca, "Dynamic Identification of the Franka Emika Panda Robot With Retrieval of Feasible Parameters
Using Penalty-Based Optimization", RA-L 2019). They are the FER's; an FR3 has the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Vector = tuple[float, float, float]

MAX_WIDTH = 0.08  # m, between the fingers
TORQUE_MAX = np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0])  # Nm
GRIPPER_FORCE = 70.0  # N, continuous
GRIPPER_SPEED = 0.1  # m/s, change of width; franka_gripper's default


@dataclass(frozen=True)
class Inertial:
    """Mass [kg], centre [m] and inertia xx yy zz xy xz yz [kg m²] of one link in its own frame."""

    mass: float
    centre: Vector
    inertia: tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Capsule:
    """A round shape in the frame of a link (0 to 7): axis from start to end [m], radius [m]."""

    link: int
    start: Vector
    end: Vector
    radius: float


@dataclass(frozen=True)
class Box:
    """A box in the frame of its link: centre and half sizes, m."""

    centre: Vector
    half: Vector


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

CAPSULES = (
    Capsule(1, (0, 0, -0.19), (0, 0, 0), 0.06),
    Capsule(2, (0, -0.13, 0), (0, 0, 0.06), 0.06),
    Capsule(3, (0, 0, -0.12), (0.06, 0.03, -0.01), 0.06),
    Capsule(4, (0, 0, 0), (-0.07, 0.09, 0), 0.06),
    Capsule(5, (0, 0, -0.24), (0, 0.06, -0.11), 0.055),
    Capsule(5, (0, 0.07, -0.12), (0, 0.08, -0.02), 0.035),
    Capsule(6, (0, 0, 0), (0.08, 0, 0), 0.05),
    Capsule(7, (0, 0, 0.0), (0, 0, 0.08), 0.045),
)
HAND_BOX = Box((0, 0, 0.025), (0.03, 0.1, 0.04))
FINGER_BOXES = (
    Box((0, 0.0115, 0.0125), (0.01, 0.0085, 0.0125)),
    Box((0, 0.0075, 0.039), (0.01, 0.0075, 0.0148)),
)

Colour = tuple[float, float, float, float]
WHITE: Colour = (0.84, 0.85, 0.87, 1.0)
GREY: Colour = (0.62, 0.64, 0.67, 1.0)
DARK: Colour = (0.16, 0.17, 0.19, 1.0)
