"""Moving targets: which of them the limits allow to be followed, and how they look when they stand still."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from franka_node.limits import RobotLimits

# Ruckig needs some room on both sides of zero velocity, rad/s.
LEAST_SPEED = 1e-3
# Share of a limit that the target itself may use, so that the arm can catch up with it.
SHARE = 0.98

Vector = Sequence[float]


class TargetFrame:
    """The way to a moving target, seen from a frame that moves with it at constant acceleration.

    There the target rests, and the limits are shifted; heading for a place that is left again before it is
    reached would end in chatter. All attributes are [N] and belong to the next period: the state and the
    limits in the frame, and the frame's own place (rad), speed (rad/s) and rate (rad/s^2) at its end.

    Args:
        limits: of the joints.
        dt: period, s.
    """

    def __init__(self, limits: RobotLimits, dt: float) -> None:
        zeros = [0.0] * limits.size
        self._dt = dt
        self._limits = list(
            zip(limits.lower.tolist(), limits.upper.tolist(), limits.acceleration.tolist(), strict=True)
        )
        self.place, self.speed, self.rate = zeros.copy(), zeros.copy(), zeros.copy()
        self.position, self.velocity, self.acceleration = zeros.copy(), zeros.copy(), zeros.copy()
        self.low, self.high = zeros.copy(), zeros.copy()
        self.most, self.least = zeros.copy(), zeros.copy()

    def set(
        self,
        state: tuple[Vector, Vector, Vector],
        target: tuple[Vector, Vector, Vector],
        window: tuple[Vector, Vector],
    ) -> None:
        """Take the feasible moving target that is nearest to the one asked for.

        Args:
            state: present position, velocity and acceleration, each [N].
            target: where to be at the end of the period, and its velocity and acceleration, each [N].
            window: lowest and highest velocity in force, each [N] rad/s.
        """
        # Comparisons instead of min and max, whose calls would double the cost of this loop.
        dt = self._dt
        in_place, in_speed, in_rate = self.place, self.speed, self.rate
        position, velocity, acceleration = self.position, self.velocity, self.acceleration
        slowest_in, fastest_in, most_in, least_in = self.low, self.high, self.most, self.least
        for i, (q, v, a, place, wish, rise, low, high, (lower, upper, most)) in enumerate(
            zip(*state, *target, *window, self._limits, strict=True)
        ):
            # A posture outside the limits may only go in.
            lower, upper = lower if lower < q else q, upper if upper > q else q
            place = lower if place < lower else upper if place > upper else place
            # A target that moves outwards must itself be able to stop before the position limit.
            fastest, slowest = sqrt(most * (upper - place)), -sqrt(most * (place - lower))
            fastest = fastest if fastest < SHARE * high else SHARE * high
            slowest = slowest if slowest > SHARE * low else SHARE * low
            speed = slowest if wish < slowest else wish
            speed = fastest if speed > fastest else speed
            rate = 0.0
            if speed == wish:
                rate, strongest = rise, SHARE * most
                # Its speed must have been allowed at the beginning of the period too.
                fall, rise = (speed - SHARE * high) / dt, (speed - SHARE * low) / dt
                rise = rise if rise < strongest else strongest
                fall = fall if fall > -strongest else -strongest
                rate = fall if rate < fall else rate
                rate = rise if rate > rise else rate
            begin = speed - dt * rate
            in_place[i], in_speed[i], in_rate[i] = place, speed, rate
            position[i] = q - (place - dt * (speed - dt * rate / 2))
            velocity[i] = v - begin
            acceleration[i] = a - rate
            slower, faster = (begin, speed) if begin < speed else (speed, begin)
            fastest_in[i] = high - faster if high - faster > LEAST_SPEED else LEAST_SPEED
            slowest_in[i] = low - slower if low - slower < -LEAST_SPEED else -LEAST_SPEED
            most_in[i], least_in[i] = most - rate, -most - rate
