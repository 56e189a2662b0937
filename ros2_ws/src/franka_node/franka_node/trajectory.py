"""Online trajectory generation: every next sample lies inside the limits, and so does the stop from it.

The generator keeps one invariant: from its present state a stop is known, computed by Ruckig's velocity
interface, that stays inside the position limits and the velocity limits all the way to rest. A step
towards a target is taken only when the state behind it has such a stop too; a joint for which it has not
takes the next sample of the stop already known. So no target, however wild, can lead out of the limits.

Plain numbers, not arrays: this runs up to a thousand times a second, and seven joints are too few for numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite

import numpy as np
from ruckig import (
    ControlInterface,
    InputParameter,
    OutputParameter,
    Result,
    Ruckig,
    RuckigError,
    Synchronization,
    Trajectory,
)

from franka_node.limits import Array, RobotLimits
from franka_node.speeds import SpeedLimits
from franka_node.stopping import peak_velocity, stop_samples, turning_point
from franka_node.targets import TargetFrame, Vector
from vip_ros.errors import InternalError

# Ruckig works to about 1e-8; within these a joint counts as inside.
POSITION_EPSILON = 1e-9
VELOCITY_EPSILON = 1e-7
ACCELERATION_EPSILON = 1e-6
# Within this (rad/s, rad/s^2) a joint rests: what is left may be dropped within one period of 1 ms without an
# acceleration or jerk beyond the limit.
REST_EPSILON = 1e-10
# Position-dependent velocity limits are kept with this inset (rad/s), which covers what lies between two
# of the instants at which a stop is compared with them.
CURVE_INSET = 0.01
# How far ahead (s) those limits are looked up when a step is planned, so that braking starts in time.
CURVE_LOOKAHEAD = 0.02
# What is left of a velocity window that a curve closes, rad/s.
LEAST_WINDOW = 1e-3

# Asked for a step's posture [N] and where the stop from it ends [N]; true forbids the step.
Veto = Callable[[Vector, Vector], bool]
_State = tuple[list[float], list[float], list[float]]


class MotionGenerator:
    """Commanded motion of N joints at a fixed period, always able to stop inside the limits.

    Args:
        limits: what the motion must respect.
        dt: period between two samples, s.

    Attributes:
        state: commanded position (rad), velocity (rad/s) and acceleration (rad/s^2), each [N].
        stop_end: where the known stop ends, [N] rad.
        velocity_window: lowest and highest velocity that the newest step could use, each [N] rad/s.
        steps: samples made so far.
        veto: may forbid a step whose stop would end, or pass, where nobody shall be; the known stop is taken
            instead.
    """

    def __init__(self, limits: RobotLimits, dt: float) -> None:
        self.limits, self.dt = limits, dt
        self._track = Ruckig(limits.size, dt)
        self._track_input = _input(limits)
        self._track_output = OutputParameter(limits.size)
        self._stop = Ruckig(limits.size)
        self._stop_input = _input(limits)
        self._stop_input.control_interface = ControlInterface.Velocity
        self._frame = TargetFrame(limits, dt)
        self._speeds = SpeedLimits(limits)
        bounds = (limits.lower, limits.upper, limits.velocity, limits.acceleration, limits.jerk)
        self._joints = list(zip(*(bound.tolist() for bound in bounds), strict=True))
        # Between these places and below this speed no curve is near.
        self._easy = [
            (first, last, constant - CURVE_INSET if limits.curves else inf)
            for first, last, constant in self._speeds.free
        ]
        self._free = [0.0] * limits.size
        self.state: _State = (self._free, self._free, self._free)
        self.stop_end: Vector = self._free
        self.steps = 0
        self._trajectory, self._next_trajectory = Trajectory(limits.size), Trajectory(limits.size)
        self._stop_time = 0.0
        self.veto: Veto | None = None
        self._windows: dict[float, tuple[Vector, Vector]] = {}
        self.velocity_window = self._velocity_bounds(1.0)

    @property
    def q(self) -> Array:
        """Return the commanded posture [N], rad."""
        return np.array(self.state[0])

    @property
    def v(self) -> Array:
        """Return the commanded velocity [N], rad/s."""
        return np.array(self.state[1])

    @property
    def a(self) -> Array:
        """Return the commanded acceleration [N], rad/s^2."""
        return np.array(self.state[2])

    @property
    def resting(self) -> bool:
        """Return whether the commanded motion is at rest."""
        _, v, a = self.state
        return max(map(abs, v)) <= REST_EPSILON and max(map(abs, a)) <= REST_EPSILON

    def place(self, q: Vector | Array) -> None:
        """Start from rest at a posture q [N], rad."""
        place = [float(x) for x in q]
        state = (place, self._free, self._free)
        self._accept(state, self._plan_stop(state), place)

    def resume(self, q: Array, v: Array) -> bool:
        """Go on from where the arm decelerates by itself, if a stop from there stays inside the limits.

        Args:
            q: posture [N], rad.
            v: velocity [N], rad/s.

        Returns:
            Whether it does; otherwise nothing changes.
        """
        # A deceleration that is taken back just as the joint comes to rest never swings it back.
        limits = self.limits
        a = -np.sign(v) * np.minimum(limits.acceleration, np.sqrt(2 * limits.jerk * np.abs(v)))
        state: _State = (q.tolist(), v.tolist(), a.tolist())
        trajectory = self._plan_stop(state)
        end = _end(trajectory)
        before, self.state = self.state, state
        if self._outside(state, end):
            self.state = before
            return False
        self._accept(state, trajectory, end)
        return True

    def advance(
        self,
        target: Vector,
        velocity: Vector,
        acceleration: Vector,
        scale: float = 1.0,
        synchronized: bool = False,
    ) -> Vector:
        """Step one period towards a moving target; return how far [N] rad the step was held back.

        Args:
            target: [N] rad, where to be at the end of the period.
            velocity: [N] rad/s of the target.
            acceleration: [N] rad/s^2 of the target.
            scale: share of the velocity limits in use, (0, 1].
            synchronized: let all joints arrive together instead of each as soon as it can.

        Raises:
            InternalError: the target is not finite.
        """
        if not isfinite(sum(target) + sum(velocity) + sum(acceleration)):
            raise InternalError("a motion target is not finite")
        self._track_input.synchronization = Synchronization.Time if synchronized else Synchronization.No
        self.velocity_window = self._velocity_bounds(scale)
        self._frame.set(self.state, (target, velocity, acceleration), self.velocity_window)
        state = self._step()
        trajectory = self._plan_stop(state)
        end = _end(trajectory)
        bad = self._outside(state, end)
        held = self._free
        if bad:
            stop = self._stop_sample(self._stop_time + self.dt)
            held = self._free.copy()
            for i in bad:
                held[i] = max(abs(state[0][i] - stop[0][i]), POSITION_EPSILON)
                state[0][i], state[1][i], state[2][i] = stop[0][i], stop[1][i], stop[2][i]
            trajectory = self._plan_stop(state)
            end = _end(trajectory)
        if self.veto is not None and self.veto(state[0], end):
            state = self._stop_sample(self._stop_time + self.dt)
            trajectory, end = self._plan_stop(state), self.stop_end
        self._accept(state, trajectory, end)
        return held

    def decelerate(self) -> None:
        """Step one period along the known stop; at its end stay at rest."""
        self.steps += 1
        self._stop_time += self.dt
        state = self._stop_sample(self._stop_time)
        rests = self._stop_time >= self._trajectory.duration
        self.state = (state[0], self._free, self._free) if rests else state

    def reach(self) -> tuple[Array, Array]:
        """Return the position limits in force: the limits, or a posture outside them that may only go in."""
        q = self.q
        return np.minimum(self.limits.lower, q), np.maximum(self.limits.upper, q)

    def _step(self) -> _State:
        """Return the state after one period of the time-optimal way to the target of the frame."""
        frame, given, out = self._frame, self._track_input, self._track_output
        given.current_position, given.current_velocity = frame.position, frame.velocity
        given.current_acceleration = frame.acceleration
        given.max_velocity, given.min_velocity = frame.high, frame.low
        given.max_acceleration, given.min_acceleration = frame.most, frame.least
        try:
            result = self._track.update(given, out)
        except (RuckigError, ValueError):
            result = Result.Error
        if result not in (Result.Working, Result.Finished):
            # Once in a million inputs Ruckig finds no way: take the known stop for one sample.
            return self._stop_sample(self._stop_time + self.dt)
        return (
            [x + y for x, y in zip(frame.place, out.new_position, strict=True)],
            [x + y for x, y in zip(frame.speed, out.new_velocity, strict=True)],
            [x + y for x, y in zip(frame.rate, out.new_acceleration, strict=True)],
        )

    def _velocity_bounds(self, scale: float) -> tuple[Vector, Vector]:
        if not self.limits.curves:
            if scale not in self._windows:
                high = (scale * self.limits.velocity).tolist()
                self._windows[scale] = [-x for x in high], high
            return self._windows[scale]
        q, v, _ = self.state
        down, up, speeds = [], [], self._speeds
        for i, (x, w, (first, last, constant)) in enumerate(zip(q, v, speeds.free, strict=True)):
            ahead = x + CURVE_LOOKAHEAD * w
            low = constant if ahead >= first else speeds.down(i, ahead)
            high = constant if ahead <= last else speeds.up(i, ahead)
            slowest, fastest = scale * (2 * CURVE_INSET - low), scale * (high - 2 * CURVE_INSET)
            down.append(slowest if slowest < -LEAST_WINDOW else -LEAST_WINDOW)
            up.append(fastest if fastest > LEAST_WINDOW else LEAST_WINDOW)
        return down, up

    def _plan_stop(self, state: _State) -> Trajectory:
        given = self._stop_input
        given.current_position, given.current_velocity, given.current_acceleration = state
        # Two trajectories take turns: the one in force must survive the plan of the next.
        result = self._stop.calculate(given, self._next_trajectory)
        if result not in (Result.Working, Result.Finished):
            raise InternalError(f"no stop was found ({result}) from velocity {state[1]}")
        return self._next_trajectory

    def _outside(self, state: _State, end: Vector) -> list[int]:
        """Return which joints leave the limits by their state, or by the stop from it to end."""
        bad, near_curve, speeds = [], False, self._speeds
        for i, (q, v, a, stop, here, joint, easy) in enumerate(
            zip(*state, end, self.state[0], self._joints, self._easy, strict=True)
        ):
            (lower, upper, speed, strength, jerk), (first, last, close) = joint, easy
            peak = peak_velocity(v, a, jerk)
            lowest, highest = (q, stop) if q < stop else (stop, q)
            if peak * v < 0.0:
                turn = turning_point(q, v, a, jerk)
                lowest, highest = min(lowest, turn), max(highest, turn)
            slowest, fastest = (v, peak) if v < peak else (peak, v)
            # A posture outside the limits may only go in.
            if (
                lowest < (lower if lower < here else here) - POSITION_EPSILON
                or highest > (upper if upper > here else here) + POSITION_EPSILON
                or fastest > speed + VELOCITY_EPSILON
                or slowest < -speed - VELOCITY_EPSILON
                or abs(a) > strength + ACCELERATION_EPSILON
            ):
                bad.append(i)
            elif lowest < first or highest > last or fastest > close or slowest < -close:
                # A step may begin and end at rest, and yet lead through a place where nothing may move.
                mean = (q - here) / self.dt
                too_fast = mean > speeds.up(i, here) + VELOCITY_EPSILON
                if too_fast or -mean > speeds.down(i, here) + VELOCITY_EPSILON:
                    bad.append(i)
                # The curves fall towards the ends: inside them at the farthest place is inside all the way.
                near_curve |= fastest > speeds.up(i, highest) - CURVE_INSET
                near_curve |= slowest < CURVE_INSET - speeds.down(i, lowest)
        if near_curve:
            return sorted({*bad, *self._beyond_curve(state)})
        return bad

    def _beyond_curve(self, state: _State) -> list[int]:
        q, v, a = (np.array(x) for x in state)
        positions, velocities = stop_samples(q, v, a, self.limits)
        low, high = self.limits.velocity_bounds(positions)
        # Standing still is inside everywhere.
        inset = np.where(np.abs(velocities) > VELOCITY_EPSILON, CURVE_INSET, -VELOCITY_EPSILON)
        beyond = np.logical_or.reduce((velocities > high - inset) | (velocities < low + inset))
        return [int(i) for i in np.flatnonzero(beyond)]

    def _stop_sample(self, time: float) -> _State:
        q, v, a = self._trajectory.at_time(min(time, self._trajectory.duration))[:3]
        return q, v, a

    def _accept(self, state: _State, trajectory: Trajectory, end: Vector) -> None:
        self.state, self.stop_end = state, end
        self._trajectory, self._next_trajectory = trajectory, self._trajectory
        self._stop_time = 0.0
        self.steps += 1


def _end(trajectory: Trajectory) -> Vector:
    end: Vector = trajectory.at_time(trajectory.duration)[0]
    return end


def _input(limits: RobotLimits) -> InputParameter:
    given = InputParameter(limits.size)
    given.max_velocity = limits.velocity.tolist()
    given.max_acceleration, given.max_jerk = limits.acceleration.tolist(), limits.jerk.tolist()
    given.target_velocity = given.target_acceleration = [0.0] * limits.size
    given.synchronization = Synchronization.No
    return given
