"""Tells what is said on TF transform by transform, on /fake/frames: that type a pip environment has too."""

from __future__ import annotations

import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.qos import QoSProfile
from tf2_msgs.msg import TFMessage

from vip_ros.qos import LATCHED


def main() -> None:
    """Relay until killed."""
    rclpy.init()
    node = rclpy.create_node("tf_relay")
    publisher = node.create_publisher(TransformStamped, "/fake/frames", QoSProfile(depth=1000))

    def relay(message: TFMessage) -> None:
        for transform in message.transforms:
            publisher.publish(transform)

    node.create_subscription(TFMessage, "/tf", relay, QoSProfile(depth=100))
    node.create_subscription(TFMessage, "/tf_static", relay, LATCHED)
    rclpy.spin(node)


if __name__ == "__main__":
    main()
