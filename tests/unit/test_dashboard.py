"""What the dashboard shows and whom it lets in, without a browser."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float32
from vip_interfaces.msg import GuardIntervention, GuardState, RecorderState, Reward

from vip_bringup.dashboard import readings
from vip_bringup.dashboard.charts import line_chart
from vip_bringup.dashboard.curves import Curve
from vip_bringup.dashboard.joint_limits import joint_limits
from vip_bringup.dashboard.orders import ORDERS, orders_of
from vip_bringup.dashboard.pictures import LatestPicture
from vip_bringup.dashboard.security import SameOriginOnly
from vip_bringup.dashboard.server import serve
from vip_bringup.dashboard.state import DashboardState
from vip_ros.errors import UserError
from vip_ros.images import array_to_image

URDF = """<robot name="arm"><joint name="panda_joint1" type="revolute"><limit lower="-2" upper="2"/></joint>
<joint name="panda_joint8" type="fixed"/></robot>"""


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> DashboardState:
    return DashboardState(clock)


def test_a_curve_keeps_its_window_and_breaks_where_a_value_is_not_finite() -> None:
    curve = Curve(window=2.0)
    for time, value in ((0.0, 1.0), (1.0, float("nan")), (3.0, 2.0)):
        curve.add(time, value)
    assert curve.until(3.0) == [[-2.0, None], [0.0, 2.0]]


def test_of_many_points_as_many_are_shown_as_a_chart_has_room_for() -> None:
    curve = Curve(window=30.0)
    for number in range(900):
        curve.add(number / 30, float(number))
    shown = curve.until(899 / 30, most=100)
    assert len(shown) == 100 and shown[-1] == [0.0, 899.0]


def test_a_new_goal_begins_the_curves_anew(state: DashboardState) -> None:
    state.note_reward(Reward(goal="a", distance=2.0))
    state.note_reward(Reward(goal="a", distance=1.0))
    assert [value for _, value in state.curves["distance"].until(100.0)] == [2.0, 1.0]
    state.note_reward(Reward(goal="b", distance=5.0))
    assert [value for _, value in state.curves["distance"].until(100.0)] == [5.0]


def test_a_picture_is_encoded_once_and_anew_for_each_image() -> None:
    picture = LatestPicture()
    assert picture.jpeg() is None
    picture.put(array_to_image(np.full((4, 6, 3), 90, np.uint8), Time(), "camera"))
    first = picture.jpeg()
    assert first is not None and first[:2] == b"\xff\xd8" and picture.jpeg() is first
    picture.put(array_to_image(np.full((4, 6, 3), 10, np.uint8), Time(), "camera"))
    assert picture.jpeg() != first and picture.number == 2


def test_an_image_that_cannot_be_read_is_no_picture() -> None:
    picture = LatestPicture()
    picture.put(Image(width=5, height=5, encoding="rgb8", step=15))
    assert picture.jpeg() is None


def test_joint_limits_come_from_the_description_and_joints_without_any_are_left_out() -> None:
    assert joint_limits(URDF) == {"panda_joint1": (-2.0, 2.0)}


def test_a_description_that_is_no_urdf_is_named() -> None:
    with pytest.raises(UserError, match="robot_description is no URDF"):
        joint_limits("<robot>")


def test_joints_are_shown_between_their_limits(state: DashboardState) -> None:
    state.joint_limits = joint_limits(URDF)
    state.hear("joint_states", JointState(name=["panda_joint1", "other"], position=[1.95, 0.3]))
    near, unknown = readings.joint_bars(state)
    assert near.share == pytest.approx(0.9875) and near.near_limit
    assert unknown.share == 0.5 and not unknown.near_limit


def test_a_joint_that_is_not_a_number_is_marked(state: DashboardState) -> None:
    state.hear("joint_states", JointState(name=["panda_joint1"], position=[float("nan")]))
    assert readings.joint_bars(state)[0].near_limit


def test_what_is_not_heard_any_more_is_not_shown_as_current(state: DashboardState, clock: Clock) -> None:
    state.hear("franka/guard_state", GuardState(mode=1, mode_name="HOLD"))
    state.hear("franka/command_latency", Float32(data=0.05))
    assert readings.guard_chip(state) == readings.Chip("hold", readings.GOOD)
    assert readings.latency_line(state) == "50 ms"
    clock.time += 10.0
    assert readings.guard_chip(state).text == "no guard"
    assert readings.latency_line(state) == "no command follows an image now"


def test_a_fault_is_shown_before_the_mode_and_interventions_are_told(state: DashboardState) -> None:
    changed = [
        GuardIntervention(limit="velocity", joint="panda_joint1", count=2, largest=1.5),
        GuardIntervention(limit="jerk", joint="panda_joint1", count=1, largest=30.0),
        GuardIntervention(limit="jerk", joint="panda_joint2", count=3, largest=20.0),
    ]
    state.hear(
        "franka/guard_state",
        GuardState(mode_name="FAULT", fault="image_stale", fault_detail="why", interventions=changed),
    )
    assert readings.guard_chip(state) == readings.Chip("FAULT image_stale", readings.BAD)
    lines = readings.guard_lines(state)
    assert lines[0] == "why"
    assert lines[-2] == "velocity: 2 samples changed at panda_joint1, at most 1.5"
    assert lines[-1] == "jerk: 4 samples changed at 2 joints, most often panda_joint2, at most 30"


def test_who_drives_is_told(state: DashboardState) -> None:
    state.hear("franka/guard_state", GuardState(mode_name="TRACKING", source="teleop"))
    assert readings.guard_chip(state).text == "tracking by teleop"


def test_a_recording_with_warnings_is_shown_in_red(state: DashboardState) -> None:
    message = RecorderState(state=RecorderState.RECORDING, index=2, wanted=20, warnings=["camera: black"])
    state.hear("vip/recorder_state", message)
    assert readings.recorder_chip(state) == readings.Chip("recording 2/20, 0 s", readings.BAD)
    assert readings.recorder_lines(state)[0] == "warning: camera: black"


def test_health_shows_the_worst_first_and_names_what_fell_silent(state: DashboardState, clock: Clock) -> None:
    state.note_health("camera_node: image stream", 0, "20 Hz", {"age_p50_ms": "11.6"})
    clock.time += 2.0
    state.note_health("franka_node: guard", 2, "fault", {})
    assert [(row["node"], row["level"], row["age"]) for row in readings.health_rows(state)] == [
        ("franka_node", "error", ""),
        ("camera_node", "ok", "12"),
    ]
    clock.time += 2.0
    assert [row["level"] for row in readings.health_rows(state)] == ["silent", "error"]


def test_every_button_has_its_own_service_and_one_stops_the_arm() -> None:
    assert len({order.service for order in ORDERS}) == len(ORDERS)
    assert [order.service for order in orders_of("stop")] == ["franka_node/stop"]


def test_a_chart_with_a_right_axis_has_two() -> None:
    assert len(line_chart(("a", "red", 0), window=1.0)["yAxis"]) == 1
    assert len(line_chart(("a", "red", 0), ("b", "blue", 1), window=1.0, second_axis=True)["yAxis"]) == 2


@pytest.mark.parametrize(
    ("kind", "headers", "admitted"),
    [
        ("http", {"host": "localhost:8080"}, True),
        ("http", {"host": "[::1]:8080"}, True),
        ("http", {"host": "localhost:8080", "origin": "http://localhost:8080"}, True),
        ("websocket", {"host": "localhost:8080", "origin": "http://localhost:8080"}, True),
        ("http", {"host": "elsewhere.example"}, False),
        ("http", {}, False),
        ("http", {"host": "["}, False),
        ("websocket", {"host": "localhost:8080", "origin": "http://elsewhere.example"}, False),
        ("websocket", {"host": "localhost:8080", "origin": "http://localhost:9999"}, False),
        ("websocket", {"host": "localhost:8080", "origin": "null"}, False),
    ],
)
def test_only_pages_of_its_own_reach_the_dashboard(
    kind: str, headers: dict[str, str], admitted: bool
) -> None:
    reached, sent = [], []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope)

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    scope = {"type": kind, "headers": [(key.encode(), value.encode()) for key, value in headers.items()]}
    guard = SameOriginOnly(app, frozenset({"localhost", "127.0.0.1", "::1"}))
    asyncio.run(guard(scope, receive, send))
    assert bool(reached) is admitted
    assert admitted or sent[0].get("status", sent[0].get("code")) in (403, 1008)


@pytest.mark.parametrize(
    ("host", "port", "complaint"),
    [("", 8080, "--host is empty"), (" ", 8080, "--host"), ("127.0.0.1", 0, "--port is 0")],
)
def test_an_address_that_would_mean_every_network_is_refused(host: str, port: int, complaint: str) -> None:
    pytest.importorskip("nicegui")
    with pytest.raises(UserError, match=complaint):
        serve(host, port)
