"""Message definitions by type name, without a ROS installation: for bag schemas and for decoding."""

from __future__ import annotations

from functools import cache
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from vip_ros.errors import InternalError, UserError
from vip_ros.resources import share_file

_PADDING = 4  # bytes between a sequence's length and its 8-byte elements


@cache
def _typestore() -> Typestore:
    return get_typestore(Stores.ROS2_JAZZY)


def typestore_for(type_name: str) -> Typestore:
    """Return the type store, extended by the package of that type where it is not a standard one.

    Args:
        type_name: such as vip_interfaces/msg/Embedding.

    Raises:
        UserError: no package of that name is installed with its .msg files.
    """
    store = _typestore()
    if type_name not in store.fielddefs:
        _register_package(store, type_name.split("/")[0])
    if type_name not in store.fielddefs:
        raise UserError(f"unknown message type '{type_name}'", "install the package that defines it")
    return store


def definition(type_name: str) -> tuple[str, str]:
    """Return the full message definition (with its dependencies) and the type hash (RIHS01)."""
    store = typestore_for(type_name)
    text, _ = store.generate_msgdef(type_name, ros_version=2)
    return text, store.hash_rihs01(type_name)


def decode(data: bytes, type_name: str) -> Any:
    """Decode one CDR message; its number arrays are numpy arrays.

    Raises:
        UserError: the bytes are not such a message.
    """
    store = typestore_for(type_name)
    try:
        return store.deserialize_cdr(trim(data, type_name), type_name)
    except SerdeError as error:
        raise UserError("a recorded message is damaged", str(error)) from error


def trim(data: bytes, type_name: str) -> bytes:
    """Cut the surplus that Fast DDS leaves behind a message that holds empty sequences of 8-byte elements.

    It reserves the alignment of elements that do not follow; strict readers refuse the extra bytes.
    """
    wide = _wide_sequences(type_name)
    if not wide:
        return data
    store = typestore_for(type_name)
    for surplus in range(wide + 1):
        kept = len(data) - surplus * _PADDING
        try:
            store.deserialize_cdr(data[:kept], type_name)
        except SerdeError:
            continue
        return data[:kept]
    return data


@cache
def _wide_sequences(type_name: str) -> int:
    """Return the number of sequences of 8-byte elements in a type, its parts included."""
    fields = typestore_for(type_name).fielddefs[type_name][1]
    return sum(_wide_sequences_of(kind) for _, kind in fields)


def _wide_sequences_of(kind: Any) -> int:
    if kind[0] == Nodetype.NAME:
        return _wide_sequences(kind[1])
    if kind[0] != Nodetype.SEQUENCE:
        return 0
    element = kind[1][0]
    return int(element[0] == Nodetype.BASE and element[1][0] in ("float64", "int64", "uint64"))


def type_name_of(message: Any) -> str:
    """Return the ROS type name of an rclpy message, such as sensor_msgs/msg/Image."""
    kind = type(message)
    return f"{kind.__module__.split('.')[0]}/msg/{kind.__name__}"


def _register_package(store: Typestore, package: str) -> None:
    try:
        folder = share_file(package, "msg")
    except InternalError:
        raise UserError(
            f"unknown message package '{package}'", "install the package that defines it"
        ) from None
    types: dict[str, Any] = {}
    for path in sorted(folder.glob("*.msg")):
        types |= get_types_from_msg(path.read_text(encoding="utf-8"), f"{package}/msg/{path.stem}")
    store.register({name: fields for name, fields in types.items() if name not in store.fielddefs})
