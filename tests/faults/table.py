"""The faults of the live graph: how each is made, and what must happen."""

from __future__ import annotations

import dataclasses
import signal
import time
from collections.abc import Callable

from faults.between_nodes import BadCable, ServerLost
from faults.encoder_file import EncoderFile, OtherEncoder, halved, replaced
from faults.injections import (
    Beside,
    ClockStep,
    Doubled,
    Frozen,
    Hurried,
    Injection,
    Killed,
    Lost,
    OtherGoal,
    SecondPolicy,
    Slowed,
    Spoilt,
    Thawed,
    Unplugged,
)
from faults.live_stack import LiveStack
from faults.outcomes import Ends, GoesOn, Must, Outcome, Stops
from faults.relay import (
    Spoil,
    black,
    elsewhere,
    frozen,
    hung,
    misnamed,
    missing,
    not_numbers,
    one_missing,
    reordered,
    shifted,
    short,
    squashed,
    thinned,
    unspoilt,
)


@dataclasses.dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: what happens to the stack.
        injection: how that is made to happen.
        must: what must follow.
        limit: longest time to the safe state that the timeouts allow, s; 0: there is none to reach.
        quick: whether it is part of every test run.
    """

    name: str
    injection: Injection
    must: Must
    limit: float = 0.0
    quick: bool = False

    def run(self, stack: LiveStack) -> Outcome:
        """Have the arm moving, break the stack, see what happens, and mend it."""
        try:
            self.injection.prepare(stack)
            stack.move()
            begin_ns = time.time_ns()
            try:
                self.injection.apply(stack)
                return self.must.observe(stack, begin_ns)
            finally:
                self.injection.mend(stack)
        finally:
            self.injection.clear()


IMAGE, EMBEDDING, ACTION = "image_stale", "embedding_stale", "action_stale"
CAMERA = ("info", "image")
# One timeout of the guard, the stop, and what a message may wait on a busy machine.
ONE_TIMEOUT = 0.8
# A share of the processor that is enough for a node, and one that is not.
TIGHT, STARVED = 0.5, 0.05


def _picture(name: str, how: Callable[[], Spoil], extra: float = 0.0, quick: bool = False) -> Fault:
    """Return a fault of pictures that come on time and are refused; extra s until that is noticed."""
    return Fault(name, Spoilt(("image",), how), Stops((EMBEDDING,)), ONE_TIMEOUT + extra, quick)


FAULTS = [
    *(
        Fault(f"{name} killed (kill -9)", Killed(name), Stops(faults), ONE_TIMEOUT)
        for name, faults in (
            ("camera_node", (IMAGE,)),
            ("reward_node", (EMBEDDING,)),
            ("policy_node", (ACTION,)),
        )
    ),
    *(
        Fault(f"{name} held (SIGSTOP)", Frozen(name), Stops(faults), ONE_TIMEOUT)
        for name, faults in (
            ("camera_node", (IMAGE,)),
            ("reward_node", (EMBEDDING,)),
            ("policy_node", (ACTION,)),
        )
    ),
    Fault("franka_node killed (kill -9)", Lost("franka_node"), Ends(), 0.1),
    Fault("franka_node held (SIGSTOP) and let go", Thawed(), Stops(("loop_stalled",)), 1.5),
    *(
        Fault(f"{module.rpartition('.')[2]} {how}", Beside(module, number), GoesOn())
        for module in ("vip_reward_node.monitor_node", "vip_teleop.recorder_node")
        for how, number in (("killed (kill -9)", signal.SIGKILL), ("held (SIGSTOP)", signal.SIGSTOP))
    ),
    *(
        Fault(
            f"{name} slowed to {share:.0%} of its time",
            Slowed(name, share),
            Stops((*faults, "loop_stalled"), or_goes_on=True),
            3.0,
        )
        for name, faults in (
            ("camera_node", (IMAGE,)),
            ("reward_node", (EMBEDDING,)),
            ("policy_node", (ACTION,)),
            ("franka_node", (IMAGE, EMBEDDING, ACTION, "joint_state_stale")),
        )
        for share in (TIGHT, STARVED)
    ),
    Fault("camera unplugged", Unplugged(), Stops((IMAGE,)), ONE_TIMEOUT),
    Fault(
        "camera hangs: its last message again and again", Spoilt(CAMERA, hung), Stops((IMAGE,)), ONE_TIMEOUT
    ),
    _picture("picture frozen, stamps go on", frozen, extra=0.6, quick=True),
    _picture("picture black", lambda: black, quick=True),
    _picture("picture of another size", lambda: squashed),
    _picture("encoding unknown", lambda: misnamed),
    _picture("picture shorter than its size", lambda: short),
    Fault("camera at 5 Hz", Spoilt(CAMERA, lambda: thinned(4)), GoesOn()),
    Fault("camera at 120 Hz", Hurried(120.0), GoesOn()),
    Fault("camera's clock 10 s ahead", Spoilt(CAMERA, lambda: shifted(10.0)), Stops((IMAGE,)), ONE_TIMEOUT),
    Fault("camera's clock 10 s behind", Spoilt(CAMERA, lambda: shifted(-10.0)), Stops((IMAGE,)), ONE_TIMEOUT),
    Fault(
        "two cameras on one topic",
        Doubled("image", 17.0, unspoilt),
        Stops((EMBEDDING,)),
        ONE_TIMEOUT + 0.6,
        quick=True,
    ),
    Fault("joint states missing at the policy", Spoilt(("joints",), lambda: missing), Stops((ACTION,)), 1.3),
    Fault("one joint missing at the policy", Spoilt(("joints",), lambda: one_missing), Stops((ACTION,)), 0.8),
    Fault("joint states reordered at the policy", Spoilt(("joints",), lambda: reordered), GoesOn()),
    Fault(
        "joint states NaN at the policy",
        Spoilt(("joints",), lambda: not_numbers),
        Stops((ACTION,)),
        ONE_TIMEOUT,
        quick=True,
    ),
    Fault("two robots on joint_states", Doubled("joints", 30.0, elsewhere), Stops((ACTION,)), 1.3),
    Fault("two policies run at once", SecondPolicy(), Stops((ACTION,)), 1.5),
    Fault("goal replaced during a run", OtherGoal(), GoesOn()),
    Fault("encoder file truncated while it runs", EncoderFile(halved, restart=False), GoesOn()),
    Fault("encoder file replaced while it runs", EncoderFile(replaced, restart=False), GoesOn()),
    Fault(
        "encoder file truncated, reward_node started again: it refuses",
        EncoderFile(halved, restart=True),
        Stops((EMBEDDING,)),
        ONE_TIMEOUT,
    ),
    Fault(
        "encoder file replaced, reward_node started again: the policy refuses",
        OtherEncoder(),
        Stops((EMBEDDING,)),
        ONE_TIMEOUT,
    ),
    Fault("clock set forward by 10 s", ClockStep(forward=True), Stops(("clock_jump",)), 0.3, quick=True),
    Fault("clock set back by 10 s", ClockStep(forward=False), Stops(("clock_jump",)), 0.3),
]


_GAPS, _LATE = Stops((IMAGE, EMBEDDING)), Stops((IMAGE, EMBEDDING, ACTION))
# Of a cable between the camera's host and the robot's.
CABLE_FAULTS = [
    Fault(
        "network loses 1 % of its packets",
        BadCable(loss=0.01),
        Stops((IMAGE, EMBEDDING), or_goes_on=True),
        5.0,
    ),
    Fault("network loses 20 % of its packets", BadCable(loss=0.2), Stops((IMAGE, EMBEDDING)), 5.0),
    Fault("network delays by 100 ms", BadCable(delay=0.1), GoesOn()),
    Fault("network delays by 800 ms", BadCable(delay=0.8), _LATE, 1.5),
    Fault("network partitioned", BadCable(loss=1.0), Stops((IMAGE,)), ONE_TIMEOUT),
]
# Of a graph whose nodes find each other through a discovery server.
SERVER_FAULTS = [
    Fault("middleware's discovery server killed", ServerLost(again=False), GoesOn()),
    Fault("middleware's discovery server started again", ServerLost(again=True), GoesOn()),
]
