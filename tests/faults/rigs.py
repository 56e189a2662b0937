"""The stack that the table of faults breaks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from faults.discovery_server import DiscoveryServer
from faults.injections import CLOCK_SCRIPT
from faults.live_stack import LiveStack
from faults.table import CABLE_FAULTS, FAULTS, SERVER_FAULTS, Fault
from faults.two_hosts import TwoHosts
from graph.helpers import Probe

from vip_models import load_card
from vip_models.weights import default_weights

# What a real camera must keep to, as in real.yaml, with less patience for a frozen one.
PICTURES = {"frozen_after": 0.5, "dark_below": 2.0, "one_size": True}


# Shared memory would reach past the cable; a picture of 160x120 fits into one datagram.
BETWEEN_HOSTS = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET", "FASTDDS_BUILTIN_TRANSPORTS": "UDPv4"}


@contextmanager
def live_stack(folder: Path) -> Iterator[LiveStack]:
    """Run the whole chain, with relays in its streams and an encoder file of its own in the folder."""
    weights = folder / "encoder.safetensors"
    shutil.copy(default_weights(load_card("vip-sim")), weights)
    params = {"reward_node": {**PICTURES, "weights": str(weights)}}
    with Probe() as probe:
        stack = LiveStack(probe, folder, params, relayed=True, scripts={"franka_node": CLOCK_SCRIPT})
        try:
            yield stack
        finally:
            stack.close()


@contextmanager
def split_stack(folder: Path) -> Iterator[LiveStack]:
    """Run the chain with camera and camera_node on one host, and everything else on another.

    Raises:
        NotHere: this machine has no network namespaces.
    """
    with TwoHosts() as hosts, _environment(BETWEEN_HOSTS), hosts.on("robot"), Probe() as probe:
        stack = LiveStack(probe, folder, elsewhere=lambda: hosts.on("camera"))
        stack.cable = hosts.cable
        try:
            yield stack
        finally:
            stack.close()


@contextmanager
def served_stack(folder: Path) -> Iterator[LiveStack]:
    """Run the whole chain with a discovery server, through which its nodes find each other.

    Raises:
        NotHere: this environment does not hold one.
    """
    server = DiscoveryServer()
    with _environment({"ROS_DISCOVERY_SERVER": server.address}):
        server.start()
        try:
            with Probe() as probe:
                stack = LiveStack(probe, folder)
                stack.server = server
                try:
                    yield stack
                finally:
                    stack.close()
        finally:
            server.kill()


GROUPS: tuple[tuple[Callable[[Path], AbstractContextManager[LiveStack]], list[Fault]], ...] = (
    (live_stack, FAULTS),
    (split_stack, CABLE_FAULTS),
    (served_stack, SERVER_FAULTS),
)
"""Each stack with the faults that are tried on it."""


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
