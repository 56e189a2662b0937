"""One hop of the bare middleware: hears a message and sends the next one of the chain on, and nothing else.

    python -m vip_bringup.bench.bare_hop --ros-args -p hop:=embedding -p size:=512

The messages are of the sizes that the stack's own have; each carries the stamp of the one that it follows.
"""

from __future__ import annotations

import array
import sys
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import Image, JointState
from vip_interfaces.msg import Embedding, JointActionChunk

from vip_ros.errors import UserError, unknown_name
from vip_ros.middleware import configure_middleware
from vip_ros.qos import RELIABLE_1, RELIABLE_10, SENSOR

HOPS: dict[str, tuple[Any, str, Any, Any, str, Any]] = {
    "embedding": (Image, "bare/image", SENSOR, Embedding, "bare/embedding", SENSOR),
    "action": (Embedding, "bare/embedding", SENSOR, JointActionChunk, "bare/action", RELIABLE_1),
    "command": (JointActionChunk, "bare/action", RELIABLE_1, JointState, "bare/command", RELIABLE_10),
}
"""By what a hop sends: message type, topic and profile of what it hears, and of what it sends."""

_JOINTS, _HORIZON = 7, 8


class BareHop(Node):
    """Sends one prepared message, with another stamp, for each that it hears."""

    def __init__(self) -> None:
        super().__init__("bare_hop")
        hop = str(self.declare_parameter("hop", "embedding").value)
        size = int(self.declare_parameter("size", 512).value or 0)
        if hop not in HOPS:
            raise unknown_name("hop", hop, HOPS)
        heard, source, hearing, sent, target, sending = HOPS[hop]
        self._message = _filled(sent(), size)
        self._out = self.create_publisher(sent, target, sending)
        self.create_subscription(heard, source, self._on_message, hearing)

    def _on_message(self, message: Any) -> None:
        self._message.header = message.header
        self._out.publish(self._message)


def _filled(message: Any, size: int) -> Any:
    if isinstance(message, Embedding):
        message.data = array.array("f", bytes(4 * size))
    elif isinstance(message, JointActionChunk):
        message.positions = array.array("d", bytes(8 * _JOINTS * _HORIZON))
    else:
        message.position = message.velocity = array.array("d", bytes(8 * _JOINTS))
    return message


def main() -> int:
    """Run the hop until it is ended."""
    configure_middleware()
    rclpy.init()
    try:
        rclpy.spin(BareHop())
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
