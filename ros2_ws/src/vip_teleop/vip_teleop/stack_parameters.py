"""The parameters of the stack's other nodes, asked for without waiting."""

from __future__ import annotations

from array import array
from functools import partial
from typing import Any

from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.parameter import parameter_value_to_python

from vip_ros.addresses import without_password
from vip_ros.node import is_foreign

NODES = ("camera_node", "reward_node", "policy_node", "franka_node", "teleop_node")
"""On whose parameters recorded data depends."""


class StackParameters:
    """Asks the nodes when told to, and remembers what they answered.

    Args:
        node: whose clients these are.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._lists = {name: node.create_client(ListParameters, f"{name}/list_parameters") for name in NODES}
        self._gets = {name: node.create_client(GetParameters, f"{name}/get_parameters") for name in NODES}
        self._known: dict[str, dict[str, Any]] = {}

    def ask(self) -> None:
        """Ask every node that is there; one that has gone is forgotten."""
        for name, client in self._lists.items():
            if not client.service_is_ready():
                self._known.pop(name, None)
                continue
            client.call_async(ListParameters.Request()).add_done_callback(partial(self._listed, name))

    def known(self) -> dict[str, dict[str, Any]]:
        """Return the parameters of the nodes that have answered so far, by node."""
        return {name: self._known[name] for name in NODES if name in self._known}

    def close(self) -> None:
        """Give the clients back."""
        for clients in (self._lists, self._gets):
            while clients:
                self._node.destroy_client(clients.popitem()[1])

    def _listed(self, name: str, future: Any) -> None:
        if name not in self._gets or future.cancelled() or future.exception() is not None:
            return
        names = sorted(entry for entry in future.result().result.names if not is_foreign(entry))
        call = self._gets[name].call_async(GetParameters.Request(names=names))
        call.add_done_callback(partial(self._got, name, names))

    def _got(self, name: str, names: list[str], future: Any) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        values = future.result().values
        self._known[name] = {
            entry: _plain(parameter_value_to_python(value))
            for entry, value in zip(names, values, strict=False)
        }


def _plain(value: Any) -> Any:
    """Return a value as YAML can hold it and as others may read it: an address without its password."""
    if isinstance(value, str):
        return without_password(value)
    return [_plain(item) for item in value] if isinstance(value, (array, list, tuple)) else value
