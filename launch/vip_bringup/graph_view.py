"""What RViz shows of a graph in a namespace: launch/rviz/vip.rviz names the topics of one without."""

from __future__ import annotations

SHOWN = ("camera/image_raw", "vip/goal_image", "vip/monitor/image", "vip/monitor/markers")
DESCRIPTION = "robot_description"


def view_remaps(namespace: str, description: str = "") -> dict[str, str]:
    """Return the topics of vip.rviz → those of the stack; nothing to change without a namespace.

    Args:
        namespace: of the stack, "" or "/name".
        description: topic of the robot's description where others publish it, as franka_ros2 does; empty: the
            stack's own.
    """
    inner = namespace.strip("/")
    if not inner:
        return {}
    remaps = {f"/{topic}": f"/{inner}/{topic}" for topic in SHOWN}
    return {**remaps, f"/{DESCRIPTION}": description or f"/{inner}/{DESCRIPTION}"}
