"""One received message on its way into an episode."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache

from vip_teleop.message_types import typestore_for

_NS = 1_000_000_000
_ENCAPSULATION = 4  # bytes in front of every CDR message; the second tells its byte order


@dataclass(frozen=True)
class Sample:
    """A serialized message and when it came.

    Attributes:
        topic: full topic name.
        type_name: such as sensor_msgs/msg/Image.
        data: encapsulated CDR.
        received_ns: when it was received, ns since the epoch.
        sent_ns: when its publisher sent it, ns since the epoch.
        sequence: the publisher's own count of its messages; 0 when the middleware does not tell.
    """

    topic: str
    type_name: str
    data: bytes
    received_ns: int
    sent_ns: int
    sequence: int = 0

    @property
    def stamp_ns(self) -> int | None:
        """The header's stamp, ns since the epoch; None for a message without a header."""
        if not _has_header(self.type_name) or len(self.data) < _ENCAPSULATION + 8:
            return None
        order = "<" if self.data[1] & 1 else ">"
        seconds, rest = struct.unpack_from(f"{order}iI", self.data, _ENCAPSULATION)
        return int(seconds) * _NS + int(rest)


@cache
def _has_header(type_name: str) -> bool:
    fields = typestore_for(type_name).fielddefs[type_name][1]
    return bool(fields) and fields[0][0] == "header"
