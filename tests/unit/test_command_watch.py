"""The watch over the commands of the graph tests: what it takes for one motion, and what it finds."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")

from graph.command_watch import Command, check_piece, pieces  # noqa: E402

from franka_node.limits import FER, FR3, RobotLimits  # noqa: E402
from franka_node.ros2_control.coasting import Coasting  # noqa: E402
from franka_node.ros2_control.commands import COASTING_SHARE  # noqa: E402

DT = 0.01


def steady(
    count: int, first: int = 1, start: float = 0.0, speed: float = 0.5, robot: RobotLimits = FER
) -> list[Command]:
    unit = np.eye(7)[0]
    return [
        Command(first + k, robot.joint_names[0], robot.home + (start + k * DT * speed) * unit, speed * unit)
        for k in range(count)
    ]


def test_commands_that_follow_each_other_are_one_motion():
    (piece,) = pieces(steady(20), DT)
    assert check_piece(piece, DT) == []


def test_a_lost_command_begins_another_motion():
    assert [len(piece) for piece in pieces(steady(5) + steady(5, first=7, start=0.03), DT)] == [5, 5]


def test_a_robot_that_was_put_elsewhere_begins_at_rest():
    commands = steady(5) + steady(5, first=6, start=0.9, speed=0.0)
    assert [len(piece) for piece in pieces(commands, DT)] == [5, 5]


def test_a_jump_is_found():
    (piece,) = pieces(steady(5) + steady(5, first=6, start=0.9), DT)
    assert any("mean velocity" in line for line in check_piece(piece, DT))


def test_a_stop_at_once_is_found():
    (piece,) = pieces(steady(5) + steady(5, first=6, start=0.0225, speed=0.0), DT)
    assert any("mean acceleration" in line for line in check_piece(piece, DT))


@pytest.mark.parametrize("pause", [0.006, 0.02, 0.3])
@pytest.mark.parametrize("speed", [0.02, 0.5])
def test_a_late_command_that_goes_on_from_where_the_robot_coasted_begins_another_motion(pause, speed):
    before = steady(5, speed=speed, robot=FR3)
    coasting = Coasting(0.0, COASTING_SHARE * FR3.acceleration)
    q, v = (float(x[0]) for x in coasting.after(pause, before[-1].q, before[-1].v))
    start = q - FR3.home[0] + DT * (v + v + 0.02) / 2
    after = steady(5, first=6, start=start, speed=v + 0.02, robot=FR3)
    told = list(pieces(before + after, DT))
    assert not any(check_piece(piece, DT) for piece in told) and (len(told) == 2 or speed < 0.1)
    back = steady(5, first=6, start=start - 0.03, speed=v + 0.02, robot=FR3)
    assert any(check_piece(piece, DT) for piece in pieces(before + back, DT))


def test_a_simulated_robot_does_not_coast():
    after = steady(5, first=6, start=0.04, speed=0.4)
    assert [len(piece) for piece in pieces(steady(5) + after, DT)] == [10]


def test_a_command_outside_the_robots_limits_is_found():
    assert check_piece(steady(5, start=3.0, speed=0.0), DT) == ["position: outside the robot's own limits"]
