"""What RViz needs to show the arm: robot_description, and the frames of its links on TF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from std_msgs.msg import Header, String

from franka_node.drivers.base import RobotState
from franka_node.limits import RobotLimits
from franka_node.robot_chain import Joint, robot_chain
from franka_node.robot_description import urdf
from vip_ros.qos import LATCHED, RELIABLE_10
from vip_ros.resources import share_file
from vip_ros.stamps import from_ns

if TYPE_CHECKING:
    from rclpy.node import Node

# As often as the joint states of a franka_ros2 installation reach its TF, Hz.
RATE = 30.0


class RobotModel:
    """Publishes robot_description and /tf_static once, and /tf as the arm is measured.

    Without tf2_msgs, which comes with RViz, there is no TF, only the description.

    Args:
        node: that publishes.
        limits: of the robot.
        finger_names: of its hand's two joints; none when there is no hand.
        newest: returns the newest measured state, None before the first.

    Raises:
        UserError: the robot is no Franka arm, which alone has a description.
    """

    def __init__(
        self,
        node: Node,
        limits: RobotLimits,
        finger_names: Sequence[str],
        newest: Callable[[], RobotState | None],
    ) -> None:
        self._node, self._newest = node, newest
        self._told_ns = 0
        joints = robot_chain(limits.joint_names, finger_names)
        self._moving = [joint for joint in joints if joint.kind != "fixed"]
        self._publishers = [node.create_publisher(String, "robot_description", LATCHED)]
        text = urdf(limits, finger_names, share_file("franka_node", "assets/panda"))
        self._publishers[0].publish(String(data=text))
        self._kind = _tf_message()
        self._timer: Any = None
        if self._kind is None:
            node.get_logger().info("no TF: tf2_msgs is not installed (apt install ros-$ROS_DISTRO-tf2-msgs)")
            return
        self._publishers += [
            node.create_publisher(self._kind, "/tf_static", LATCHED),
            node.create_publisher(self._kind, "/tf", RELIABLE_10),
        ]
        stamp = node.get_clock().now().to_msg()
        fixed = [_transform(joint, 0.0, stamp) for joint in joints if joint.kind == "fixed"]
        self._publishers[1].publish(self._kind(transforms=fixed))
        self._timer = node.create_timer(1.0 / RATE, self._tell)

    def close(self) -> None:
        """Take the publishers back."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
        for publisher in self._publishers:
            self._node.destroy_publisher(publisher)

    def _tell(self) -> None:
        state = self._newest()
        # TF takes a repeated stamp as an error.
        if state is None or state.stamp_ns <= self._told_ns:
            return
        self._told_ns = state.stamp_ns
        stamp = from_ns(state.stamp_ns)
        values = [*state.q, state.gripper / 2, state.gripper / 2]
        pairs = zip(self._moving, values, strict=False)  # without a hand the fingers' values are left over
        self._publishers[2].publish(self._kind(transforms=[_transform(j, v, stamp) for j, v in pairs]))


def _transform(joint: Joint, value: float, stamp: Time) -> TransformStamped:
    x, y, z, w = joint.quaternion(value).tolist()
    place = Vector3(**dict(zip("xyz", joint.translation(value).tolist(), strict=True)))
    return TransformStamped(
        header=Header(stamp=stamp, frame_id=joint.parent),
        child_frame_id=joint.child,
        transform=Transform(translation=place, rotation=Quaternion(x=x, y=y, z=z, w=w)),
    )


def _tf_message() -> Any:
    """Return tf2_msgs/TFMessage, or None: only a ROS installation has it."""
    try:
        from tf2_msgs.msg import TFMessage
    except ImportError:
        return None
    return TFMessage
