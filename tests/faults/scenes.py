"""Faults that are no matter of a moving arm: at start-up, and of the recorder's disk."""

from __future__ import annotations

import dataclasses
import math
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from faults.outcomes import Outcome
from graph.helpers import NodeProcess, Probe
from graph.test_bringup import Stack
from sensor_msgs.msg import Image, JointState
from vip_interfaces.msg import RecorderState
from vip_interfaces.srv import StartEpisode

from vip_ros.images import array_to_image
from vip_ros.qos import LATCHED, SENSOR

SMALL_DISK = Path(__file__).with_name("node_on_a_small_disk.py")
LIMIT = 30.0


@dataclasses.dataclass(frozen=True)
class Scene:
    """One fault with a stack of its own.

    Attributes:
        name: what happens.
        must: what must follow, in words.
        run: does it, with a folder to write to.
        limit: longest time to the safe state, s.
        quick: whether it is part of every test run.
    """

    name: str
    must: str
    run: Callable[[Path], Outcome]
    limit: float
    quick: bool = False


def interrupted_start(moment: float) -> Callable[[Path], Outcome]:
    """Return a scene: Ctrl-C at that many s after `vip up` was called."""

    def run(folder: Path) -> Outcome:
        stack = Stack()
        time.sleep(moment)  # the moment is what is tested, nothing is waited for
        begin = time.monotonic()
        stack.process.send_signal(signal.SIGINT)
        status = stack.status()
        seconds = time.monotonic() - begin
        left = sorted(stack.nodes().values())
        # Python's own complaint, while it still reads the program, is not the program's.
        began = any(line.rstrip().endswith(", in main") for line in stack.lines)
        traces = [line for line in stack.lines if "Traceback" in line and began]
        what = "ends in order, nothing is left" if not left else f"left behind: {', '.join(left)}"
        if traces:
            what += f"; {len(traces)} tracebacks"
        return Outcome(what, not left and not traces and (status in (0, 130) or not began), seconds)

    return run


def full_disk(folder: Path) -> Outcome:
    """Record onto a disk of 12 MiB until it is full, and ask for what is there."""
    disk = folder / "disk"
    env = {"VIP_SMALL_DISK": f"{disk}:12m"}
    params = {
        "directory": str(disk), "task": "toy", "stop_mib": 0.01, "warn_mib": 1.0, "warn_minutes": 0.01,
        "compression": "none", "required": ["camera/image_raw 1", "joint_states 1"],
    }  # fmt: skip
    with (
        Probe() as probe,
        NodeProcess("vip_teleop.recorder_node", params, command=[str(SMALL_DISK)], env=env) as node,
    ):
        states = probe.subscribe(RecorderState, "vip/recorder_state", LATCHED)
        _film(probe)
        node.wait_active(probe, LIMIT)
        probe.wait_for(lambda: probe.ask(StartEpisode, "recorder_node/start").success, LIMIT, "a start")
        begin = time.monotonic()
        probe.wait_for(lambda: states and states[-1].state != RecorderState.RECORDING, LIMIT, "the end")
        seconds, end = time.monotonic() - begin, states[-1]
        told = [warning for warning in end.warnings if "disk" in warning or "space" in warning.lower()]
        alive = node.process.poll() is None
    what = (
        f"{end.state_name.lower()}: {told[-1]}" if told else f"{end.state_name.lower()}, no word of the disk"
    )
    return Outcome(what, bool(told) and alive, math.nan if not told else seconds)


def _film(probe: Probe) -> None:
    images = probe.publisher(Image, "camera/image_raw", SENSOR)
    joints = probe.publisher(JointState, "joint_states", SENSOR)
    rng = np.random.default_rng(0)

    def send() -> None:
        stamp = probe.node.get_clock().now().to_msg()
        images.publish(array_to_image(rng.integers(20, 200, (120, 160, 3), np.uint8), stamp, "camera"))
        state = JointState(name=["panda_joint1"], position=[0.1])
        state.header.stamp = stamp
        joints.publish(state)

    probe.node.create_timer(0.05, send)


SCENES = [
    *(
        Scene(
            f"Ctrl-C {moment:g} s after `vip up`",
            "ends in order, nothing is left",
            interrupted_start(moment),
            15.0,
            quick=moment == 1.0,
        )
        for moment in (0.05, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0, 4.5, 7.0)
    ),
    Scene("disk full while recording", "the episode ends, and says why", full_disk, 60.0),
]
