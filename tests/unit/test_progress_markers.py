"""What RViz gets to see of an episode."""

from __future__ import annotations

import pytest
from builtin_interfaces.msg import Time
from sensor_msgs.msg import JointState
from vip_interfaces.msg import GuardState
from visualization_msgs.msg import Marker

from vip_reward_node.history import Point
from vip_reward_node.progress_markers import Trail, arm_of, guard_text, reward_text


def at(progress: float, goal: str = "shut", initial: float = 4.0) -> Point:
    return Point(0.0, initial * (1.0 - progress), initial, progress, 0.0, goal)


def test_the_trail_leads_through_all_places_from_red_to_green() -> None:
    trail = Trail()
    for step in range(5):
        trail.add((0.1 * step, 0.0, 0.5), at(step / 4))
    line, ball = trail.markers("base", Time())
    assert line.type == Marker.LINE_STRIP
    assert [point.x for point in line.points] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert line.colors[0].r > line.colors[0].g and line.colors[-1].g > line.colors[-1].r
    assert ball.pose.position.x == pytest.approx(0.4) and ball.color == line.colors[-1]


def test_a_resting_arm_adds_no_points_and_one_point_is_no_line() -> None:
    trail = Trail()
    assert trail.markers("base", Time()) == []
    for _ in range(10):
        trail.add((0.0, 0.0, 0.5), at(0.0))
    assert len(trail) == 1
    assert [marker.ns for marker in trail.markers("base", Time())] == ["gripper"]


@pytest.mark.parametrize("other", [at(0.0, goal="open"), at(0.0, initial=5.0)])
def test_another_goal_or_episode_begins_a_new_trail(other: Point) -> None:
    trail = Trail()
    trail.add((0.0, 0.0, 0.0), at(0.0))
    trail.add((1.0, 0.0, 0.0), at(0.5))
    trail.add((2.0, 0.0, 0.0), other)
    assert len(trail) == 1


def test_texts_say_progress_mode_driver_and_fault() -> None:
    assert reward_text(at(0.75), "base", 1.0, Time()).text == "shut\n75 %   distance 1"
    guard = GuardState(mode_name="TRACKING", source="policy")
    assert guard_text(guard, "base", 1.0, Time()).text == "guard: tracking by policy"
    guard.fault = "image_stale"
    assert guard_text(guard, "base", 1.0, Time()).text == "FAULT image_stale"


def test_an_arm_is_found_by_its_joints_names_in_any_order() -> None:
    names = [f"fr3_joint{number}" for number in (3, 1, 2, 7, 6, 5, 4)] + ["fr3_finger_joint1"]
    message = JointState(name=names, position=[3.0, 1.0, 2.0, 7.0, 6.0, 5.0, 4.0, 0.04])
    assert arm_of(message) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert arm_of(JointState(name=names[1:], position=message.position[1:])) is None
