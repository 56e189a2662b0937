"""Samples as the recorder's subscriptions deliver them."""

from __future__ import annotations

from typing import Any

import numpy as np
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState

from vip_ros.images import array_to_image
from vip_ros.stamps import from_ns
from vip_teleop.message_types import type_name_of, typestore_for
from vip_teleop.sample import Sample

IMAGE, JOINTS = "/camera/image_raw", "/joint_states"
_TRANSFORMS = "tf2_msgs/msg/TFMessage"


def sample(topic: str, message: Any, at_ns: int, sequence: int = 0) -> Sample:
    """Return a message as it is received at a time, ns; sent 1 ms before."""
    data = bytes(serialize_message(message))
    return Sample(topic, type_name_of(message), data, at_ns, at_ns - 1_000_000, sequence)


def picture(at_ns: int, pixels: np.ndarray, encoding: str = "rgb8") -> Sample:
    """Return a camera picture taken at a time, ns."""
    return sample(IMAGE, array_to_image(pixels, from_ns(at_ns), "camera", encoding), at_ns)


def noise(seed: int, shape: tuple[int, ...] = (24, 32, 3)) -> np.ndarray:
    """Return a picture of noise, uint8."""
    return np.random.default_rng(seed).integers(20, 200, shape, np.uint8)


def joints(at_ns: int, position: float = 0.0, age: float = 0.0, sequence: int = 0) -> Sample:
    """Return a joint state of one joint, rad, that is so old on arrival, s."""
    message = JointState(name=["panda_joint1"], position=[position])
    message.header.stamp = from_ns(at_ns - round(age * 1e9))
    return sample(JOINTS, message, at_ns, sequence)


def transforms(at_ns: int, *frames: tuple[str, float]) -> Sample:
    """Return static transforms that place child frames so far along x, m; tf2_msgs need not be installed."""
    store = typestore_for(_TRANSFORMS)
    kinds = store.types
    turn = kinds["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0)
    header = kinds["std_msgs/msg/Header"](kinds["builtin_interfaces/msg/Time"](0, 0), "world")
    placed = [
        kinds["geometry_msgs/msg/TransformStamped"](
            header,
            name,
            kinds["geometry_msgs/msg/Transform"](kinds["geometry_msgs/msg/Vector3"](x, 0.0, 0.0), turn),
        )
        for name, x in frames
    ]
    data = bytes(store.serialize_cdr(kinds[_TRANSFORMS](placed), _TRANSFORMS))
    return Sample("/tf_static", _TRANSFORMS, data, at_ns, at_ns)
