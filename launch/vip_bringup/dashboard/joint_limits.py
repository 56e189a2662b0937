"""Joint position limits as the robot's own description (URDF) states them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from vip_ros.errors import UserError


def joint_limits(description: str) -> dict[str, tuple[float, float]]:
    """Return joint name → (lowest, highest) position, rad or m, of a URDF text.

    Joints without limits are left out.

    Raises:
        UserError: the text is no URDF.
    """
    try:
        root = ElementTree.fromstring(description)
        limits = ((joint.get("name", ""), joint.find("limit")) for joint in root.iter("joint"))
        return {
            name: (float(limit.get("lower", "0")), float(limit.get("upper", "0")))
            for name, limit in limits
            if name and limit is not None and limit.get("lower") != limit.get("upper")
        }
    except (ElementTree.ParseError, ValueError) as error:
        raise UserError(f"robot_description is no URDF ({error})", "check who publishes it") from None
