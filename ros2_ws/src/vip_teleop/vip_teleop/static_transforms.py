"""Static transforms of several publishers as one message: each tells only its own."""

from __future__ import annotations

from vip_ros.errors import UserError
from vip_teleop.message_types import decode, typestore_for

TRANSFORMS = "tf2_msgs/msg/TFMessage"


def join_transforms(older: bytes, newer: bytes) -> bytes:
    """Return a message with the transforms of two; of a frame that both place, the newer transform.

    Args:
        older: serialized TFMessage (CDR), what was known.
        newer: serialized TFMessage (CDR), what was just told.

    Returns:
        Serialized TFMessage; what can be read where one of the two cannot.
    """
    frames = {}
    for data in (older, newer):
        try:
            transforms = decode(data, TRANSFORMS).transforms
        except UserError:  # its bytes lie in the episode all the same
            continue
        frames.update({transform.child_frame_id: transform for transform in transforms})
    if not frames:
        return newer
    store = typestore_for(TRANSFORMS)
    return bytes(store.serialize_cdr(store.types[TRANSFORMS](list(frames.values())), TRANSFORMS))
