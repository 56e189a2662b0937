"""`vip monitor` as a process, beside a graph that the test plays."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from graph.helpers import LIMIT, Probe
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger
from vip_interfaces.msg import GuardState

from vip_bringup.dashboard.ears import Ears
from vip_bringup.dashboard.orders import orders_of
from vip_bringup.dashboard.state import DashboardState
from vip_ros.errors import UserError
from vip_ros.images import array_to_image
from vip_ros.qos import LATCHED, SENSOR

pytestmark = pytest.mark.graph


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def dashboard(ros_domain: int, vip_cache: object, port: int) -> Iterator[str]:
    command = [sys.executable, "-m", "vip_bringup.cli", "monitor", "--port", str(port)]
    # NiceGUI runs otherwise when it believes itself inside a test.
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    try:
        assert process.stdout is not None and "dashboard is at" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(LIMIT)


def _get(url: str, **headers: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=LIMIT) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except urllib.error.URLError:
        return 0, b""  # not listening yet


def test_serves_page_and_goal_picture_to_this_machine_only(dashboard: str) -> None:
    with Probe() as probe:
        goals = probe.publisher(Image, "vip/goal_image", LATCHED)
        goals.publish(array_to_image(np.full((8, 8, 3), 200, np.uint8), Time(), "goal"))
        picture = probe.wait_for(
            lambda: (answer := _get(f"{dashboard}/pictures/goal.jpg"))[0] == 200 and answer, what="the goal"
        )
    assert picture[1][:2] == b"\xff\xd8"
    status, page = _get(dashboard)
    assert status == 200 and b"vip monitor" in page
    assert _get(dashboard, Origin="http://elsewhere.example")[0] == 403
    assert _get(dashboard, Host="elsewhere.example")[0] == 403
    assert _get(f"{dashboard}/pictures/../state.jpg")[0] == 404


def test_the_camera_is_received_once_its_picture_is_asked_for(dashboard: str) -> None:
    with Probe() as probe:
        goals = probe.publisher(Image, "vip/goal_image", LATCHED)
        camera = probe.publisher(Image, "camera/image_raw", SENSOR)
        probe.wait_for(lambda: _get(f"{dashboard}/pictures/goal.jpg")[0] == 204, what="no goal yet")
        probe.wait_for(goals.get_subscription_count, what="the dashboard")
        assert camera.get_subscription_count() == 0
        message = array_to_image(np.full((8, 8, 3), 200, np.uint8), Time(), "camera")

        def asked() -> bool:
            camera.publish(message)
            return _get(f"{dashboard}/pictures/camera.jpg")[0] == 200

        probe.wait_for(asked, what="the camera's picture")
        assert camera.get_subscription_count() == 1


def test_a_taken_port_is_named_in_one_line(ros_domain: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "vip_bringup.cli", "monitor", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and f"127.0.0.1:{port}" in done.stderr and "--port" in done.stderr


def test_hears_the_guard_and_calls_the_service_behind_a_button(ros_domain: int) -> None:
    (stop,) = orders_of("stop")
    called = []

    def answer(request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        called.append(request)
        response.success, response.message = len(called) == 1, "stopped" if len(called) == 1 else "not now"
        return response

    state = DashboardState(clock=lambda: 0.0)
    with Probe() as probe, Ears(state) as ears:
        with pytest.raises(UserError, match="franka_node/stop is not there"):
            ears.call(stop)
        probe.node.create_service(Trigger, stop.service, answer)
        probe.publisher(GuardState, "franka/guard_state", LATCHED).publish(GuardState(mode_name="HOLD"))
        probe.wait_for(lambda: ears.can(stop) and state.newest("franka/guard_state"), what="the graph")
        assert ears.call(stop) == "stopped"
        with pytest.raises(UserError, match="not now"):
            ears.call(stop)


def test_a_dashboard_started_by_a_program_ends_when_that_is_killed(ros_domain: int) -> None:
    program = (
        "import signal\n"
        "from vip_bringup.dashboard.process import RunningDashboard\n"
        "with RunningDashboard() as dashboard:\n"
        "    print(dashboard.url, flush=True)\n"
        "    signal.pause()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with Probe() as probe:
            probe.wait_for(lambda: _get(url)[0] == 200, what="the dashboard")
            process.kill()
            process.wait(LIMIT)
            probe.wait_for(lambda: _get(url)[0] == 0, what="the end of the dashboard")
    finally:
        process.kill()
