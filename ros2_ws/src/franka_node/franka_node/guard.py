"""The guard between whoever wants the robot to move and the robot: nothing unsafe gets past it.

It knows no ROS and no clock: times come in as ns since the epoch, one output goes out per period. Whatever
fails, also inside the guard, ends in a stop inside the limits and a latched fault; the first cause wins.
"""

from __future__ import annotations

import threading
from math import inf, isfinite

import numpy as np

from franka_node.admission import Admission
from franka_node.arbiter import PERSON, Arbiter
from franka_node.chunk import ActionChunk
from franka_node.follower import Follower
from franka_node.guard_config import GuardConfig
from franka_node.guard_output import GuardOutput, Mode
from franka_node.interventions import InterventionCounter
from franka_node.limits import Array, RobotLimits
from franka_node.ros2_control.coasting import Coasting
from franka_node.smooth_clock import TimeAxis
from franka_node.targets import Vector
from franka_node.watchdog import Watchdogs, streams_of
from franka_node.workspace import Workspace
from vip_ros.errors import UserError

# After a reset the command starts at the measured posture where the old one is farther away than this, rad;
# an arm that gets so far away in a fault is commanded no more until then.
REPLACE_DISTANCE = 0.05
# In these modes the command moves, or may.
MOVING = (Mode.TRACKING, Mode.HOMING, Mode.STOPPING)
# In these modes an arm far from its command is a fault; a stop comes to its own end.
FOLLOWED = (Mode.HOLD, Mode.TRACKING, Mode.HOMING)
# A step that comes after more than so many periods goes on from where a coasting robot is by then.
LATE = 1.5
# A clock that steps back by more than this is a fault, s.
CLOCK_STEP = 0.05


class Guard:
    """Checks action chunks and turns them into commands inside the limits; safe to call from threads.

    Args:
        limits: the robot's own limits; config tightens them.
        config: margins, thresholds and timeouts.
        dt: period of update(), s.
        coasting: how the robot goes on when update() is late; None: it holds the last command.
    """

    def __init__(
        self, limits: RobotLimits, config: GuardConfig, dt: float, coasting: Coasting | None = None
    ) -> None:
        self.robot, self.config, self.dt, self._coasting = limits, config, dt, coasting
        self.limits = limits.stricter(
            config.position_margin, config.velocity_scale, config.acceleration_scale, config.jerk_scale
        )
        self.mode = Mode.INACTIVE
        self.fault = self.fault_detail = ""
        self.command_latency = float("nan")
        self.interventions = InterventionCounter(limits.joint_names)
        self._follower = Follower(self.limits, config, dt, self.interventions)
        self._follower.motion.veto = self._veto
        self._watchdogs = Watchdogs.from_config(config)
        self._workspace = Workspace(config)
        self._axis = TimeAxis()
        self.admission = Admission(
            limits, config, self._follower, self._watchdogs, self._workspace, self._axis
        )
        self._arbiter = Arbiter()
        self._lock = threading.RLock()
        self._after_stop = Mode.FAULT
        self._now_ns = 0
        self._latency_due = False
        self._measured: Array | None = None
        self._released = False
        self._home = self.limits.home

    def activate(self, q: Array) -> None:
        """Begin to command, from rest at the measured posture q [N]; a latched fault stays latched.

        Raises:
            UserError: the posture is not finite or outside the robot's limits.
        """
        with self._lock:
            self._place(q)
            self.mode = Mode.FAULT if self.fault else Mode.HOLD

    def deactivate(self) -> None:
        """Come to rest and then command no more; inactive() tells when."""
        with self._lock:
            if self.mode in MOVING:
                self.mode, self._after_stop = Mode.STOPPING, Mode.INACTIVE
            else:
                self.mode = Mode.INACTIVE

    def note_input(self, stream: str, stamp_ns: int, now_ns: int) -> None:
        """Feed the watchdog of a stream: image, embedding or joint_state (submit() feeds action)."""
        with self._lock:
            self._watchdogs.feed(stream, stamp_ns, now_ns)

    def submit(self, chunk: ActionChunk, now_ns: int) -> str:
        """Take a chunk; return why it was rejected, or an empty string when it is followed."""
        with self._lock:
            driving, arbiter = self._driving, self._arbiter
            begins = self.mode == Mode.HOLD or arbiter.takes_over(chunk.source, driving)
            obstacle = self._obstacle() or arbiter.refusal(chunk.source, driving)
            reason = self.admission.consider(chunk, now_ns, obstacle, self._measured if begins else None)
            if not reason:
                arbiter.followed(chunk.source, driving)
                self._latency_due, self.mode = True, Mode.TRACKING
            return reason

    def hand_back(self) -> str:
        """Let programs drive again after a person did; return why not, or an empty string."""
        with self._lock:
            return self._arbiter.hand_back(self._driving)

    def update(self, now_ns: int, q: Array, dq: Array) -> GuardOutput:
        """Advance by one period and return the command.

        Args:
            now_ns: ns since the epoch.
            q: measured posture [N], rad.
            dq: measured velocity [N], rad/s.
        """
        with self._lock:
            before = self._follower.motion.steps
            try:
                self._supervise(now_ns, q, dq)
                self._advance(now_ns)
            except Exception as error:  # fail closed, whatever it was
                self.trip("internal", f"{type(error).__name__}: {error}; report this, then reset")
                if self.mode == Mode.STOPPING and self._follower.motion.steps == before:
                    self._follower.decelerate()
            return self._output(now_ns)

    def stop(self, detail: str = "stop was asked for; reset to go on") -> None:
        """Stop now, whoever asks; latched as 'stopped'; while inactive it waits for the activation."""
        with self._lock:
            self.trip("stopped", detail)
            if not self.fault:
                self.fault, self.fault_detail = "stopped", detail

    def trip(self, fault: str, detail: str) -> None:
        """Decelerate, hold and latch a fault; the first one wins."""
        with self._lock:
            if self.fault or self.mode == Mode.INACTIVE:
                return
            self.fault, self.fault_detail = fault, detail
            if self.mode != Mode.STOPPING:
                self.mode, self._after_stop = Mode.STOPPING, Mode.FAULT

    def stalled(self, seconds: float) -> None:
        """Take notice that update() was not called for so long.

        A robot that held the last command stands there by now: to go on from the velocity that the command
        had would be a jolt. One that coasts has left the last command behind: so must the next one.
        """
        with self._lock:
            coasting, motion = self._coasting, self._follower.motion
            if seconds > self.config.loop_timeout and self.mode in MOVING:
                self._rest_where_left(f"the control loop stood still for {seconds:.2f} s; reset to go on")
            elif coasting is not None and seconds > LATE * self.dt and self.mode in MOVING:
                # The step to come makes up the last period until the controller reaches it, after its lead.
                q, v = coasting.after(seconds + coasting.lead - self.dt, motion.q, motion.v)
                if not self._follower.carried_on(q, v, seconds):
                    self._rest_where_left(f"nothing safe leads on from a pause of {seconds:.2f} s; reset")

    def reset(self, q: Array | None = None) -> str:
        """Clear a latched fault; return why not, or an empty string when the guard holds again.

        Args:
            q: posture [N] (rad) in which the robot was found after it had been lost, where the command
                starts; None: it was measured all the time.
        """
        with self._lock:
            if self.mode == Mode.STOPPING:
                return "still stopping, ask again in a moment"
            if self.mode not in (Mode.FAULT, Mode.INACTIVE):
                return ""
            if self.mode == Mode.FAULT:
                try:
                    if q is None:
                        self._place_again()
                    else:
                        self._place(q)
                except UserError as error:
                    return str(error)
                self.mode = Mode.HOLD
            self.fault = self.fault_detail = self.admission.last_rejection = ""
            self.interventions.clear()
            return ""

    def home(self, q: Array | None = None) -> str:
        """Move to the home posture or to q [N]; return why not, or an empty string when under way."""
        with self._lock:
            if self.mode != Mode.HOLD:
                return f"homing starts from hold, the guard is in {self.mode.name.lower()}"
            target = self.limits.home if q is None else np.asarray(q, dtype=np.float64)
            inside = np.isfinite(target) & (target >= self.limits.lower) & (target <= self.limits.upper)
            if target.shape != (self.limits.size,) or not inside.all():
                return "the home posture lies outside the limits"
            outside = self._workspace.refusal(target)
            if outside:
                return f"the home posture lies outside the workspace: {outside}"
            self._home, self.mode = target, Mode.HOMING
            return ""

    def restart(self, q: Array) -> None:
        """Hold at a posture the robot was put to while standing still (a new scene in simulation)."""
        with self._lock:
            self._place(q)
            self.fault = self.fault_detail = ""
            if self.mode != Mode.INACTIVE:
                self.mode = Mode.HOLD

    @property
    def commanded(self) -> tuple[list[float], list[float], list[float]]:
        """Return position (rad), velocity (rad/s) and acceleration (rad/s^2) of the command, each [N]."""
        return self._follower.motion.state

    @property
    def source(self) -> str:
        """Return whose the arm is: policy, teleop (until it is handed back), replay; empty: nobody's."""
        return PERSON if self._arbiter.held else self._driving

    @property
    def _driving(self) -> str:
        plan = self._follower.plan
        return plan.source if self.mode == Mode.TRACKING and plan is not None else ""

    def _obstacle(self) -> str:
        if self.mode == Mode.INACTIVE:
            return "the guard is inactive"
        if self.fault:
            return f"fault {self.fault} is latched: reset first"
        if self.mode not in (Mode.HOLD, Mode.TRACKING):
            return f"the guard is {self.mode.name.lower()}"
        return ""

    def _supervise(self, now_ns: int, q: Array, dq: Array) -> None:
        if now_ns < self._now_ns - CLOCK_STEP * 1e9:
            self.trip("clock_jump", "the clock stepped back; reset to go on")
        self._now_ns = now_ns
        posture = q.tolist()
        if not isfinite(sum(posture) + sum(dq.tolist())):
            self.trip("driver_lost", "the measured joint state holds NaN or infinity; see the driver")
            return
        self._measured = q
        if self.mode in (Mode.TRACKING, Mode.HOMING):
            stale = self._watchdogs.check(self._armed_now(), now_ns)
            if stale is not None:
                self.trip(stale.fault, stale.detail + self.admission.why_none())
        self._compare(posture)

    def _compare(self, posture: Vector) -> None:
        """Stop commanding an arm that is elsewhere: it would be drawn to its command whenever it can be."""
        commanded = self._follower.motion.state[0]
        away = max(abs(x - y) for x, y in zip(posture, commanded, strict=True))
        if self.mode == Mode.FAULT:
            self._released = self._released or away > REPLACE_DISTANCE
        if self.mode not in FOLLOWED:
            return
        if away > self.config.tracking_threshold:
            self._released = self.mode == Mode.HOLD
            self.trip("tracking_error", f"the arm is {away:.2f} rad away from its command; is it blocked?")

    def _armed_now(self) -> tuple[str, ...]:
        plan = self._follower.plan
        if self.mode == Mode.HOMING or plan is None or plan.final:
            return ("joint_state",)
        return streams_of(plan.source)

    def _advance(self, now_ns: int) -> None:
        follower = self._follower
        if self.mode == Mode.TRACKING:
            ended = follower.plan is None or follower.track(follower.plan, self._axis.seconds(now_ns))
            if ended and not self.fault:  # the way there may have been vetoed
                self._settle(Mode.HOLD)
        elif self.mode == Mode.HOMING:
            if follower.approach(self._home) and not self.fault:
                self._settle(Mode.HOLD)
        elif self.mode == Mode.STOPPING and follower.decelerate():
            self._settle(self._after_stop)

    def _veto(self, q: Vector, stop: Vector) -> bool:
        leaving = self._workspace.leaving(q, stop)
        if leaving:
            self.trip("workspace", f"going on would bring {leaving}; reset, then lead it elsewhere")
        return bool(leaving)

    def _settle(self, mode: Mode) -> None:
        self._follower.rest()
        self.mode = mode

    def _rest_where_left(self, detail: str) -> None:
        self.trip("loop_stalled", detail)
        if self._coasting is not None:
            # It comes to rest by itself; whatever it were told on its way there would be a jolt.
            motion = self._follower.motion
            motion.place(self._coasting.after(inf, motion.q, motion.v)[0])
            self._released = True
        self._settle(self._after_stop)

    def _output(self, now_ns: int) -> GuardOutput:
        plan, motion = self._follower.plan, self._follower.motion
        stamp = plan.stamp_ns if self.mode == Mode.TRACKING and plan is not None else None
        latency = None
        if stamp is not None and self._latency_due:
            self.command_latency = latency = (now_ns - stamp) * 1e-9
            self._latency_due = False
        q = None if self.mode == Mode.INACTIVE or self._released else motion.q
        return GuardOutput(q, motion.v, self._follower.gripper, self.mode, self.fault, stamp, latency)

    def _place(self, q: Array) -> None:
        """Start from rest at q, once it is known to be a posture the robot may have."""
        self.robot.check_posture(q)
        self._workspace.place(q)
        self._measured, self._released = q.astype(np.float64), False
        self._follower.place(self._measured)
        # Whatever was seen before the robot came to be here is history.
        self.admission.newest_stamp_ns = self._now_ns
        self._watchdogs.clear()

    def _place_again(self) -> None:
        if self._measured is None:
            raise UserError("no joint state yet", "see the driver")
        near = np.abs(self._measured - self._follower.motion.q).max() <= REPLACE_DISTANCE
        self._place(self._follower.motion.q if near else self._measured)
