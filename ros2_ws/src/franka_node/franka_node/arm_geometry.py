"""Where the parts of a Franka arm are for given joints; FER and FR3 are alike (numpy only).

Source: Franka Robotics, "Robot specifications", Denavit-Hartenberg parameters in Craig's convention; the
hand's measures are those of Franka's hand in the franka_description package.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, sin

import numpy as np

from franka_node.limits import Array

# Row i: a_{i-1} [m], d_i [m], alpha_{i-1} [rad].
DH = np.array(
    [
        [0.0, 0.333, 0.0],
        [0.0, 0.0, -np.pi / 2],
        [0.0, 0.316, np.pi / 2],
        [0.0825, 0.0, np.pi / 2],
        [-0.0825, 0.384, -np.pi / 2],
        [0.0, 0.0, np.pi / 2],
        [0.088, 0.0, np.pi / 2],
    ]
)
HAND_TURN = -np.pi / 4  # rad, hand about the flange's z axis
FLANGE_OFFSET = 0.107  # m, joint 7 to flange along z
TCP_OFFSET = 0.1034  # m, hand to the point between the fingertips along z
FINGER_OFFSET = 0.0584  # m, hand to the fingers' frame along z
_HAND = FLANGE_OFFSET
_TIP = _HAND + TCP_OFFSET
_KNUCKLE = _HAND + FINGER_OFFSET
_HALF_WIDTH = 0.1  # m, of the hand, along its y axis

# The points that are looked at: name, joint frame they sit in (0..6), radius around them, m.
PARTS = (
    ("elbow", 3, 0.08),
    ("wrist", 5, 0.08),
    ("hand", 6, 0.0),
    ("hand", 6, 0.0),
    ("fingertips", 6, 0.0),
)
TIP = len(PARTS) - 1
RADII = np.array([radius for _, _, radius in PARTS])
_FRAMES = [frame for _, frame, _ in PARTS]
_SIDE = _HALF_WIDTH * np.array([-np.sin(HAND_TURN), np.cos(HAND_TURN)])
_OFFSETS = np.array(
    [
        [0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0],
        [_SIDE[0], _SIDE[1], _KNUCKLE],
        [-_SIDE[0], -_SIDE[1], _KNUCKLE],
        [0.0, 0.0, _TIP],
    ]
)

# No point moves farther (m) than this per rad of a joint: the straight lines from its axis to the tips of the
# parts, added up.
_FOREARM = float(np.hypot(0.384, 0.0825))
_UPPER_ARM = float(np.hypot(0.316, 0.0825))
_TOOL = 0.088 + float(np.hypot(_TIP, _HALF_WIDTH))
LEVERS = np.array([_UPPER_ARM + _FOREARM + _TOOL] * 3 + [_FOREARM + _TOOL] + [_TOOL] * 2 + [_HALF_WIDTH])


def part_positions(q: Array) -> Array:
    """Return the positions [..., P, 3] (m, base frame) of PARTS for joints [..., 7] (rad)."""
    cosines, sines = np.cos(q), np.sin(q)
    frames = np.empty((*q.shape[:-1], 7, 3, 4))
    pose = np.broadcast_to(np.eye(3, 4), (*q.shape[:-1], 3, 4))
    for joint in range(7):
        turn, shift = _LINKS[joint]
        rotation = pose[..., :3] @ turn
        c, s = cosines[..., joint, np.newaxis], sines[..., joint, np.newaxis]
        x, y = rotation[..., 0], rotation[..., 1]
        frame = frames[..., joint, :, :]
        frame[..., 0], frame[..., 1] = c * x + s * y, c * y - s * x
        frame[..., 2], frame[..., 3] = rotation[..., 2], pose[..., 3] + pose[..., :3] @ shift
        pose = frame
    chosen = frames[..., _FRAMES, :, :]
    return chosen[..., 3] + (chosen[..., :3] @ _OFFSETS[..., np.newaxis])[..., 0]


def part_places(q: Sequence[float]) -> list[tuple[float, float, float]]:
    """Return the positions [P] of (x, y, z) (m, base frame) of PARTS for one posture [7] (rad).

    The same as part_positions, in plain numbers: for a single posture that is five times as fast.
    """
    xx, xy, xz, yx, yy, yz, zx, zy, zz = 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0
    px = py = pz = 0.0
    parts = []
    for angle, (a, d, quarter), offsets in zip(q, _ROWS, _OFFSETS_IN, strict=True):
        if quarter:
            yx, yy, yz, zx, zy, zz = zx, zy, zz, -yx, -yy, -yz
            if quarter < 0:
                yx, yy, yz, zx, zy, zz = -yx, -yy, -yz, -zx, -zy, -zz
        px, py, pz = px + a * xx + d * zx, py + a * xy + d * zy, pz + a * xz + d * zz
        c, s = cos(angle), sin(angle)
        xx, xy, xz, yx, yy, yz = (
            c * xx + s * yx,
            c * xy + s * yy,
            c * xz + s * yz,
            c * yx - s * xx,
            c * yy - s * xy,
            c * yz - s * xz,
        )
        for u, v, w in offsets:
            parts.append(
                (
                    px + u * xx + v * yx + w * zx,
                    py + u * xy + v * yy + w * zy,
                    pz + u * xz + v * yz + w * zz,
                )
            )
    return parts


def _link(a: float, d: float, alpha: float) -> tuple[Array, Array]:
    """Return rotation [3, 3] and translation [3] of a joint's frame at angle zero in the one before."""
    c, s = np.cos(alpha), np.sin(alpha)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]]), np.array([a, -s * d, c * d])


_LINKS = [_link(*row) for row in DH]

# The same figures for part_places: a [m], d [m], quarter turns about x; and the parts' offsets by joint.
_ROWS = [(float(a), float(d), round(alpha / (np.pi / 2))) for a, d, alpha in DH]
_OFFSETS_IN = [
    [tuple(offset) for offset, frame in zip(_OFFSETS.tolist(), _FRAMES, strict=True) if frame == joint]
    for joint in range(len(DH))
]
