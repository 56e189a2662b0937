"""Ways to break a running stack, and to mend it again."""

from __future__ import annotations

import dataclasses
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from faults.live_stack import LIMIT, LiveStack
from faults.relay import Spoil
from graph.helpers import NodeProcess
from std_srvs.srv import Trigger
from vip_interfaces.srv import SetGoal

from vip_ros.images import array_to_image
from vip_ros.stamps import from_ns

CLOCK_SCRIPT = Path(__file__).with_name("node_with_a_clock_that_steps.py")


class Injection:
    """One way to break a stack."""

    def prepare(self, stack: LiveStack) -> None:
        """Have at hand what it takes, before the arm moves."""

    def apply(self, stack: LiveStack) -> None:
        """Break the stack."""

    def mend(self, stack: LiveStack) -> None:
        """Undo that, so that the stack can be reset and move again."""

    def clear(self) -> None:
        """Let go of what prepare brought, also where nothing was broken."""


@dataclasses.dataclass(frozen=True)
class Killed(Injection):
    """A node ended by kill -9, and started again."""

    node: str

    def apply(self, stack: LiveStack) -> None:
        stack.nodes[self.node].kill()

    def mend(self, stack: LiveStack) -> None:
        stack.restart(self.node)


@dataclasses.dataclass(frozen=True)
class Lost(Injection):
    """A node ended by kill -9, which is not mended here."""

    node: str

    def apply(self, stack: LiveStack) -> None:
        stack.nodes[self.node].kill()


@dataclasses.dataclass(frozen=True)
class Frozen(Injection):
    """A node held by SIGSTOP."""

    node: str

    def apply(self, stack: LiveStack) -> None:
        stack.freeze(self.node)

    def mend(self, stack: LiveStack) -> None:
        stack.thaw(self.node)


class Thawed(Injection):
    """The guard held by SIGSTOP until its commands have ended for long, and let go again."""

    def apply(self, stack: LiveStack) -> None:
        stack.freeze("franka_node")
        stack.probe.wait_for(lambda: stack.ears.silence() > 1.0, LIMIT, "the commands to end")
        stack.thaw("franka_node")


class Slowed(Injection):
    """A node that gets the processor only for a share of each fifth of a second.

    Args:
        node: which.
        share: of the time, (0, 1).
    """

    def __init__(self, node: str, share: float) -> None:
        self._node, self._share = node, share
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def apply(self, stack: LiveStack) -> None:
        self._ended.clear()
        self._thread = threading.Thread(target=self._beat, args=(stack,), daemon=True)
        self._thread.start()

    def mend(self, stack: LiveStack) -> None:
        self._ended.set()
        assert self._thread is not None
        self._thread.join()
        stack.thaw(self._node)

    def _beat(self, stack: LiveStack) -> None:
        while not self._ended.is_set():
            stack.freeze(self._node)
            self._ended.wait(0.2 * (1 - self._share))
            stack.thaw(self._node)
            self._ended.wait(0.2 * self._share)


class Unplugged(Injection):
    """The network camera goes away."""

    def apply(self, stack: LiveStack) -> None:
        stack.camera.stop()

    def mend(self, stack: LiveStack) -> None:
        stack.camera.start()


@dataclasses.dataclass(frozen=True)
class Spoilt(Injection):
    """Streams whose messages are changed on the way; the spoil is made anew each time."""

    streams: Sequence[str]
    how: Callable[[], Spoil]

    def apply(self, stack: LiveStack) -> None:
        for stream in self.streams:
            stack.relays[stream].spoil(self.how())

    def mend(self, stack: LiveStack) -> None:
        for stream in self.streams:
            stack.relays[stream].mend()


@dataclasses.dataclass(frozen=True)
class Hurried(Injection):
    """A camera that sends at another rate, Hz."""

    rate: float

    def apply(self, stack: LiveStack) -> None:
        for stream in ("info", "image"):
            stack.relays[stream].repeat(self.rate)

    def mend(self, stack: LiveStack) -> None:
        for stream in ("info", "image"):
            stack.relays[stream].mend()


@dataclasses.dataclass(frozen=True)
class Doubled(Injection):
    """A second publisher beside that of a stream, at a rate (Hz) of its own."""

    stream: str
    rate: float
    how: Spoil

    def apply(self, stack: LiveStack) -> None:
        stack.relays[self.stream].double(self.rate, self.how)

    def mend(self, stack: LiveStack) -> None:
        stack.relays[self.stream].mend()


class SecondPolicy(Injection):
    """Another policy_node, of the same bundle, that runs too."""

    def prepare(self, stack: LiveStack) -> None:
        params, remaps = stack.params["policy_node"], stack.remaps["policy_node"]
        self._node = NodeProcess("policy_node.policy_node", params, remaps, name="second_policy_node")
        self._node.wait_active(stack.probe, LIMIT)

    def apply(self, stack: LiveStack) -> None:
        assert stack.probe.ask(Trigger, "second_policy_node/start").success

    def clear(self) -> None:
        self._node.__exit__(None, None, None)


class Beside(Injection):
    """A node that only watches, ended or held while the arm moves."""

    def __init__(self, module: str, number: signal.Signals) -> None:
        self._module, self._number = module, number

    def prepare(self, stack: LiveStack) -> None:
        params = {"directory": str(stack.folder / "episodes")} if "recorder" in self._module else {}
        self._node = NodeProcess(self._module, params)
        self._node.wait_active(stack.probe, LIMIT)

    def apply(self, stack: LiveStack) -> None:
        self._node.process.send_signal(self._number)

    def clear(self) -> None:
        if self._node.process.poll() is None:
            self._node.process.send_signal(signal.SIGCONT)
        self._node.__exit__(None, None, None)


class OtherGoal(Injection):
    """Another goal image while the policy runs."""

    def apply(self, stack: LiveStack) -> None:
        picture = np.random.default_rng(time.time_ns()).integers(0, 255, (120, 160, 3), np.uint8)
        request = SetGoal.Request(image=array_to_image(picture, from_ns(0), "camera"), name="another")
        assert stack.probe.ask(SetGoal, "reward_node/set_goal", request).success


@dataclasses.dataclass(frozen=True)
class ClockStep(Injection):
    """The guard's clock set forward (SIGUSR1) or back (SIGUSR2) by ten seconds."""

    forward: bool

    def apply(self, stack: LiveStack) -> None:
        self._signal(stack, self.forward)

    def mend(self, stack: LiveStack) -> None:
        self._signal(stack, not self.forward)

    @staticmethod
    def _signal(stack: LiveStack, forward: bool) -> None:
        stack.nodes["franka_node"].process.send_signal(signal.SIGUSR1 if forward else signal.SIGUSR2)
