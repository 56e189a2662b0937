"""Online trajectory generation: every next sample lies inside the limits, and so does the stop from it.

The generator keeps one invariant: from its present state a stop is known, computed by Ruckig's velocity
interface, that stays inside the position limits and the velocity limits all the way to rest. A step
towards a target is taken only when the state behind it has such a stop too; a joint for which it has not
takes the next sample of the stop already known. So no target, however wild, can lead out of the limits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
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
from franka_node.stopping import peak_velocity, stop_samples, turning_point
from vip_ros.errors import InternalError

# Ruckig works to about 1e-8; within these a joint counts as inside, as resting.
POSITION_EPSILON = 1e-9
VELOCITY_EPSILON = 1e-7
ACCELERATION_EPSILON = 1e-6
# Position-dependent velocity limits are kept with this inset (rad/s), which covers what lies between two
# of the instants at which a stop is compared with them.
CURVE_INSET = 0.01
# How far ahead (s) those limits are looked up when a step is planned, so that braking starts in time.
CURVE_LOOKAHEAD = 0.02
# Ruckig needs some room on both sides of zero velocity, rad/s.
LEAST_SPEED = 1e-3
# Share of a limit that the target itself may use, so that the arm can catch up with it.
SHARE = 0.98

# Asked for a step's posture [N] and where the stop from it ends [N]; true forbids the step.
Veto = Callable[[Array, Array], bool]
_State = tuple[Array, Array, Array]
_Mask = npt.NDArray[np.bool_]


class MotionGenerator:
    """Commanded motion of N joints at a fixed period, always able to stop inside the limits.

    Args:
        limits: what the motion must respect.
        dt: period between two samples, s.

    Attributes:
        stop_end: where the known stop ends, [N] rad.
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
        self.q = self.v = self.a = self.stop_end = np.zeros(limits.size)
        self._trajectory, self._next_trajectory = Trajectory(limits.size), Trajectory(limits.size)
        self._stop_time = 0.0
        self._free = np.zeros(limits.size)
        self.veto: Veto | None = None
        self.velocity_window = (-limits.velocity, limits.velocity)

    @property
    def resting(self) -> bool:
        """Return whether the commanded motion is at rest."""
        return bool(np.abs(self.v).max() <= VELOCITY_EPSILON and np.abs(self.a).max() <= 1e-5)

    def place(self, q: Array) -> None:
        """Start from rest at a posture q [N], rad."""
        rest = np.zeros(self.limits.size)
        place = q.astype(np.float64)
        self._accept(place, rest, rest, self._plan_stop(q, rest, rest), place)

    def advance(
        self,
        target: Array,
        velocity: Array,
        acceleration: Array,
        scale: float = 1.0,
        synchronized: bool = False,
    ) -> Array:
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
        if not np.isfinite(target + velocity + acceleration).all():
            raise InternalError("a motion target is not finite")
        self._track_input.synchronization = Synchronization.Time if synchronized else Synchronization.No
        lower, upper = self.reach()
        q, v, a = self._step_towards(self._feasible(target, velocity, acceleration, scale))
        trajectory = self._plan_stop(q, v, a)
        end = _end(trajectory)
        bad = self._outside(q, v, a, end, lower, upper)
        held = self._free
        if bad.any():
            stop_q, stop_v, stop_a = self._stop_sample(self._stop_time + self.dt)
            held = np.where(bad, np.maximum(np.abs(q - stop_q), POSITION_EPSILON), 0.0)
            q, v, a = (np.where(bad, s, x) for s, x in ((stop_q, q), (stop_v, v), (stop_a, a)))
            trajectory = self._plan_stop(q, v, a)
            end = _end(trajectory)
        if self.veto is not None and self.veto(q, end):
            q, v, a = self._stop_sample(self._stop_time + self.dt)
            trajectory, end = self._plan_stop(q, v, a), self.stop_end
        self._accept(q, v, a, trajectory, end)
        return held

    def decelerate(self) -> None:
        """Step one period along the known stop; at its end stay at rest."""
        self._stop_time += self.dt
        if self._stop_time >= self._trajectory.duration:
            q, _, _ = self._stop_sample(self._trajectory.duration)
            self.q, self.v, self.a = q, np.zeros_like(q), np.zeros_like(q)
            return
        self.q, self.v, self.a = self._stop_sample(self._stop_time)

    def reach(self) -> tuple[Array, Array]:
        """Return the position limits in force: the limits, or a posture outside them that may only go in."""
        return np.minimum(self.limits.lower, self.q), np.maximum(self.limits.upper, self.q)

    def _feasible(self, target: Array, velocity: Array, acceleration: Array, scale: float) -> _State:
        """Return the nearest moving target that the limits allow to be followed."""
        limits = self.limits
        self.velocity_window = low, high = self._velocity_bounds(scale)
        lower, upper = self.reach()
        place = np.minimum(np.maximum(target, lower), upper)
        # A target that moves outwards must itself be able to stop before the position limit.
        fastest = np.minimum(SHARE * high, np.sqrt(limits.acceleration * (upper - place)))
        slowest = np.maximum(SHARE * low, -np.sqrt(limits.acceleration * (place - lower)))
        speed = np.minimum(np.maximum(velocity, slowest), fastest)
        # Its speed must have been allowed at the beginning of the period too.
        most = np.minimum(SHARE * limits.acceleration, (speed - SHARE * low) / self.dt)
        least = np.maximum(-SHARE * limits.acceleration, (speed - SHARE * high) / self.dt)
        rate = np.minimum(np.maximum(acceleration, least), most)
        return place, speed, np.where(speed == velocity, rate, 0.0)

    def _step_towards(self, target: _State) -> _State:
        """Return the state after one period of the time-optimal way to the target, in the target's own frame.

        Seen from a frame that moves with the target at constant acceleration the target rests, and the limits
        are shifted; heading for a place that is left again before it is reached would end in chatter.
        """
        place, speed, rate = target
        low, high = self.velocity_window
        frame_speed = speed - self.dt * rate
        frame_place = place - self.dt * (speed - self.dt * rate / 2)
        given = self._track_input
        given.current_position = (self.q - frame_place).tolist()
        given.current_velocity = (self.v - frame_speed).tolist()
        given.current_acceleration = (self.a - rate).tolist()
        given.max_velocity = np.maximum(high - np.maximum(frame_speed, speed), LEAST_SPEED).tolist()
        given.min_velocity = np.minimum(low - np.minimum(frame_speed, speed), -LEAST_SPEED).tolist()
        given.max_acceleration = (self.limits.acceleration - rate).tolist()
        given.min_acceleration = (-self.limits.acceleration - rate).tolist()
        try:
            result = self._track.update(given, self._track_output)
        except (RuckigError, ValueError):
            result = Result.Error
        if result not in (Result.Working, Result.Finished):
            # Once in a million inputs Ruckig finds no way: take the known stop for one sample.
            return self._stop_sample(self._stop_time + self.dt)
        out = self._track_output
        return (
            place + np.array(out.new_position),
            speed + np.array(out.new_velocity),
            rate + np.array(out.new_acceleration),
        )

    def _velocity_bounds(self, scale: float) -> tuple[Array, Array]:
        limits = self.limits
        if not limits.curves:
            return -scale * limits.velocity, scale * limits.velocity
        low, high = limits.velocity_bounds(self.q + CURVE_LOOKAHEAD * self.v)
        return np.minimum(scale * (low + 2 * CURVE_INSET), -1e-3), np.maximum(
            scale * (high - 2 * CURVE_INSET), 1e-3
        )

    def _plan_stop(self, q: Array, v: Array, a: Array) -> Trajectory:
        given = self._stop_input
        given.current_position, given.current_velocity = q.tolist(), v.tolist()
        given.current_acceleration = a.tolist()
        # Two trajectories take turns: the one in force must survive the plan of the next.
        result = self._stop.calculate(given, self._next_trajectory)
        if result not in (Result.Working, Result.Finished):
            raise InternalError(f"no stop was found ({result}) from velocity {v.tolist()}")
        return self._next_trajectory

    def _outside(self, q: Array, v: Array, a: Array, end: Array, lower: Array, upper: Array) -> _Mask:
        """Return which joints [N] leave the limits by their state, or by the stop from it to end."""
        limits = self.limits
        peak = peak_velocity(v, a, limits.jerk)
        lowest, highest = np.minimum(q, end), np.maximum(q, end)
        turns = peak * v < 0
        if turns.any():
            turn = np.where(turns, turning_point(q, v, a, limits.jerk), end)
            lowest, highest = np.minimum(lowest, turn), np.maximum(highest, turn)
        bad = (lowest < lower - POSITION_EPSILON) | (highest > upper + POSITION_EPSILON)
        slowest, fastest = np.minimum(v, peak), np.maximum(v, peak)
        bad |= np.maximum(fastest, -slowest) > limits.velocity + VELOCITY_EPSILON
        bad |= np.abs(a) > limits.acceleration + ACCELERATION_EPSILON
        if limits.curves:
            # The curves fall towards the ends: inside them at the farthest place is inside on all the way.
            down, up = limits.outward_speeds(lowest, highest)
            if ((fastest > up - CURVE_INSET) | (slowest < CURVE_INSET - down)).any():
                bad |= self._beyond_curve(q, v, a)
        return bad

    def _beyond_curve(self, q: Array, v: Array, a: Array) -> _Mask:
        positions, velocities = stop_samples(q, v, a, self.limits)
        low, high = self.limits.velocity_bounds(positions)
        # Standing still is inside everywhere.
        inset = np.where(np.abs(velocities) > VELOCITY_EPSILON, CURVE_INSET, -VELOCITY_EPSILON)
        beyond: _Mask = np.logical_or.reduce((velocities > high - inset) | (velocities < low + inset))
        return beyond

    def _stop_sample(self, time: float) -> _State:
        q, v, a = self._trajectory.at_time(min(time, self._trajectory.duration))[:3]
        return np.array(q), np.array(v), np.array(a)

    def _accept(self, q: Array, v: Array, a: Array, trajectory: Trajectory, end: Array) -> None:
        self.q, self.v, self.a, self.stop_end = q, v, a, end
        self._trajectory, self._next_trajectory = trajectory, self._trajectory
        self._stop_time = 0.0


def _end(trajectory: Trajectory) -> Array:
    return np.array(trajectory.at_time(trajectory.duration)[0])


def _input(limits: RobotLimits) -> InputParameter:
    given = InputParameter(limits.size)
    given.max_velocity = limits.velocity.tolist()
    given.max_acceleration, given.max_jerk = limits.acceleration.tolist(), limits.jerk.tolist()
    given.target_velocity = given.target_acceleration = [0.0] * limits.size
    given.synchronization = Synchronization.No
    return given
