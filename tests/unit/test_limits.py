import numpy as np
import pytest

from franka_node.limits import FER, FR3, FR3_BEFORE_5_9, FR3_RECTANGULAR, FR3_UNKNOWN_FIRMWARE, LIMITS
from franka_node.speeds import SpeedLimits
from vip_ros.errors import InternalError, UserError


def test_every_table_is_found_by_name():
    assert LIMITS.names() == [
        "fer",
        "fr3",
        "fr3-before-5.9",
        "fr3-before-5.9-rectangular",
        "fr3-rectangular",
        "fr3-unknown-firmware",
    ]
    for name in LIMITS.names():
        assert LIMITS.get(name).name == name


def test_an_unknown_robot_is_answered_with_those_that_exist():
    with pytest.raises(UserError, match="did you mean 'fr3'.*fr3-before-5.9"):
        LIMITS.get("fr33")


def test_published_figures_of_the_fer():
    assert FER.upper[3] == -0.0698 and FER.lower[3] == -3.0718
    assert FER.velocity.tolist() == [2.175] * 4 + [2.61] * 3
    assert FER.acceleration.tolist() == [15, 7.5, 10, 12.5, 15, 20, 20]
    assert (FER.jerk == 500 * FER.acceleration).all()


def test_the_fr3_curve_gives_full_speed_inside_and_none_at_the_end():
    low, high = FR3.velocity_bounds(FR3.home)
    assert high[0] == 2.62 and low[0] == -2.62
    edge_low, edge_high = FR3.velocity_bounds(FR3.upper)
    assert (edge_high == 0).all() and (edge_low <= -2.62).all()
    # Franka's formula, worked out by hand for joint 1 at 2.8 rad.
    q = FR3.home.copy()
    q[0] = 2.8
    assert FR3.velocity_bounds(q)[1][0] == pytest.approx(-0.6599 + np.sqrt(2 * 6.0 * (2.9007 - 2.8)))


def test_full_speed_of_the_fr3_ends_where_the_table_says():
    ends = [2.004, 0.242, 1.767, -1.221, 1.875, 2.642, 2.090]
    for joint, end in enumerate(ends):
        inside, beyond = FR3.home.copy(), FR3.home.copy()
        inside[joint], beyond[joint] = end - 3e-3, end + 3e-3
        assert FR3.velocity_bounds(inside)[1][joint] == FR3.velocity[joint]
        assert FR3.velocity_bounds(beyond)[1][joint] < FR3.velocity[joint]


def test_the_older_curve_is_mirrored_at_the_lower_end():
    q = FR3_BEFORE_5_9.home.copy()
    q[0] = -2.5
    expected = 0.30 - np.sqrt(12 * (2.7501 - 2.5))
    assert FR3_BEFORE_5_9.velocity_bounds(q)[0][0] == pytest.approx(expected)


@pytest.mark.parametrize("name", ["fr3", "fr3-before-5.9"])
def test_unknown_firmware_is_as_strict_as_both(name):
    rng = np.random.default_rng(0)
    q = rng.uniform(FR3_UNKNOWN_FIRMWARE.lower, FR3_UNKNOWN_FIRMWARE.upper, (500, 7))
    low, high = FR3_UNKNOWN_FIRMWARE.velocity_bounds(q)
    other = LIMITS.get(name)
    other_low, other_high = other.velocity_bounds(q)
    assert (high <= other_high).all() and (low >= other_low).all()
    assert (FR3_UNKNOWN_FIRMWARE.lower >= other.lower).all()
    assert (FR3_UNKNOWN_FIRMWARE.upper <= other.upper).all()


def test_rectangular_limits_lie_inside_the_robots_own():
    assert (FR3_RECTANGULAR.upper < FR3.upper).all() and (FR3_RECTANGULAR.velocity < FR3.velocity).all()


def test_limits_are_tightened_and_never_loosened():
    tight = FER.stricter(margin=0.1, velocity_scale=0.5, acceleration_scale=0.2, jerk_scale=0.1)
    assert tight.upper == pytest.approx(FER.upper - 0.1) and tight.velocity == pytest.approx(FER.velocity / 2)
    for change in ({"margin": -0.01}, {"velocity_scale": 1.1}, {"jerk_scale": 0.0}):
        with pytest.raises(InternalError):
            FER.stricter(**change)


def test_tables_cannot_be_written_to():
    with pytest.raises(ValueError):
        FER.upper[0] = 3.0


@pytest.mark.parametrize("name", LIMITS.names())
def test_the_limits_of_one_joint_are_those_of_the_array(name):
    limits, rng = LIMITS.get(name).stricter(0.01, 0.9), np.random.default_rng(2)
    speeds = SpeedLimits(limits)
    q = rng.uniform(limits.lower - 0.1, limits.upper + 0.1, (500, 7))
    low, high = limits.velocity_bounds(q)
    for k, joint in np.ndindex(q.shape):
        assert speeds.up(joint, q[k, joint]) == pytest.approx(high[k, joint], abs=1e-12)
        assert -speeds.down(joint, q[k, joint]) == pytest.approx(low[k, joint], abs=1e-12)
