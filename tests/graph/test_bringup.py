"""`vip up` on a real graph: order, restart, stop, refusal of a second stack, nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.graph

SUPPORT = Path(__file__).parents[1] / "support"
LIMIT = 60.0  # s; far more than a start takes, even on a busy machine
STUBS = """
graph:
  nodes:
    first: {module: lifecycle_stub}
    second: {module: lifecycle_stub}
    guard: {module: lifecycle_stub, on_exit: stop}
"""


class Stack:
    """`vip up` as a child process, with its output line by line."""

    def __init__(self, *arguments: str) -> None:
        python_path = os.pathsep.join(filter(None, [str(SUPPORT), os.environ.get("PYTHONPATH", "")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vip_bringup.cli", "up", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": python_path},
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, pattern: str, count: int = 1) -> str:
        """Return the count-th line that matches; fails with the whole output when it does not come."""
        with self._news:
            self._news.wait_for(lambda: len(self._matches(pattern)) >= count or self._ended(), LIMIT)
        found = self._matches(pattern)
        assert len(found) >= count, f"no line '{pattern}' ({count}) in:\n" + "\n".join(self.lines)
        return found[count - 1]

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.status()

    def status(self) -> int:
        """Return the exit status once the process has ended and all its output is read."""
        status = self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        return status

    def pid_of(self, node: str) -> int:
        """Return the process id of a running node of this stack."""
        (pid,) = [pid for pid, name in self.nodes().items() if name == node]
        return pid

    def nodes(self) -> dict[int, str]:
        """Return process id → node name of this stack's nodes."""
        found = {}
        for entry in Path("/proc").iterdir():
            if (
                entry.name.isdecimal()
                and _environment(entry).get("ROS_DOMAIN_ID") == os.environ["ROS_DOMAIN_ID"]
            ):
                name = re.search(r"__node:=(\w+)", _command(entry))
                if name and "exec_child" not in _command(entry):
                    found[int(entry.name)] = name[1]
        return found

    def _matches(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]

    def _ended(self) -> bool:
        return self.process.poll() is not None and not self._reader.is_alive()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self._news.notify_all()


def _environment(process: Path) -> dict[str, str]:
    try:
        entries = (process / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return ""


@pytest.fixture
def stubs(tmp_path: Path, ros_domain: int) -> str:
    path = tmp_path / "stubs.yaml"
    path.write_text(STUBS)
    return str(path)


@pytest.fixture
def started(ros_domain: int) -> Iterator[list[Stack]]:
    stacks: list[Stack] = []
    yield stacks
    for stack in stacks:
        if stack.process.poll() is None:
            stack.end(signal.SIGTERM)


def _start(started: list[Stack], *arguments: str) -> Stack:
    started.append(Stack(*arguments))
    return started[-1]


def _wait_until_gone(stack: Stack) -> None:
    limit = time.monotonic() + LIMIT
    while stack.nodes():
        assert time.monotonic() < limit, f"left behind: {stack.nodes()}"
        time.sleep(0.05)


def test_nodes_become_active_in_order_and_end_with_ctrl_c(started: list[Stack], stubs: str) -> None:
    stack = _start(started, "--config", stubs)
    stack.wait_for("stack is active")
    active = [line.split("] ")[1] for line in stack.lines if line.endswith(": active")]
    assert active == ["first: active", "second: active", "guard: active"]
    assert stack.end() == 0
    assert stack.nodes() == {}
    assert not any("Traceback" in line for line in stack.lines)


def test_killed_node_is_restarted_and_active_again(started: list[Stack], stubs: str) -> None:
    stack = _start(started, "--config", stubs)
    stack.wait_for("stack is active")
    os.kill(stack.pid_of("second"), signal.SIGKILL)
    stack.wait_for("second was killed by SIGKILL; starting it again")
    stack.wait_for("second: active", count=2)
    assert stack.end() == 0


def test_killed_node_with_policy_stop_ends_the_stack(started: list[Stack], stubs: str) -> None:
    stack = _start(started, "--config", stubs)
    stack.wait_for("stack is active")
    os.kill(stack.pid_of("guard"), signal.SIGKILL)
    assert stack.status() == 2
    assert stack.lines[-1].startswith("vip: guard was killed by SIGKILL; everything was stopped")
    assert stack.nodes() == {}


def test_killed_manager_comes_back_and_finds_the_nodes_active(started: list[Stack], stubs: str) -> None:
    stack = _start(started, "--config", stubs)
    stack.wait_for("stack is active")
    domain = os.environ["ROS_DOMAIN_ID"]
    (manager,) = (
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if "-m vip_bringup.manager" in _command(entry) and _environment(entry).get("ROS_DOMAIN_ID") == domain
    )
    os.kill(manager, signal.SIGKILL)
    stack.wait_for("stack is active", count=2)
    assert stack.end() == 0


def test_second_stack_on_the_domain_is_refused_in_one_line(started: list[Stack], stubs: str) -> None:
    first = _start(started, "--config", stubs)
    first.wait_for("stack is active")
    second = _start(started, "--config", stubs)
    assert second.status() == 2
    (line,) = second.lines
    assert re.match(r"vip: a stack is already running on ROS domain \d+ \(process \d+\): stop it first", line)
    assert first.process.poll() is None


@pytest.mark.slow
def test_stack_of_another_user_on_the_domain_is_refused(started: list[Stack], stubs: str) -> None:
    first = _start(started, "--config", stubs)
    first.wait_for("stack is active")
    words = ["-m", "vip_bringup.manager", "--ros-args", "-p", "nodes:=[first]", "-p", "lock:=false"]
    second = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=LIMIT)
    assert second.returncode == 2
    assert "another stack is already running on this ROS domain (process" in second.stderr
    assert first.process.poll() is None


def test_node_that_cannot_be_configured_ends_the_stack_with_its_reason(
    started: list[Stack], stubs: str
) -> None:
    stack = _start(started, "--config", stubs, "--set", "second.complaint=no such goal")
    assert stack.status() == 2
    assert stack.lines[-1] == "vip: second could not be configured: no such goal: mend the stub"
    assert stack.nodes() == {}


def test_node_whose_inputs_come_late_is_waited_for(started: list[Stack], stubs: str) -> None:
    stack = _start(started, "--config", stubs, "--set", "second.fresh_after=3.0")
    stack.wait_for("second: not yet: no fresh image yet")
    stack.wait_for("stack is active")
    assert stack.end() == 0


def test_nothing_is_left_when_vip_up_is_killed(started: list[Stack], stubs: str) -> None:
    stack = _start(started, "--config", stubs, "--set", "second.stubborn=true")
    stack.wait_for("stack is active")
    stack.end(signal.SIGKILL)
    _wait_until_gone(stack)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "camera_node.source=/no/such/video.mp4"], "video.mp4"),
        pytest.param(["--set", "camera_node.source=/dev/video97"], "video97", marks=pytest.mark.slow),
        (["--set", "camera_node.source=sim", "--set", "reward_node.encoder=vip-sin"], "vip-sim"),
        pytest.param(
            ["--set", "reward_node.weights=/no/such.safetensors"],
            "no/such.safetensors",
            marks=pytest.mark.slow,
        ),
        pytest.param(["--set", "reward_node.goal=/no/such/goal.png"], "goal.png", marks=pytest.mark.slow),
        (["--policy", "/no/such/bundle"], "bundle"),
    ],
    ids=["video", "device", "encoder", "weights", "goal", "bundle"],
)
def test_mistake_in_the_configuration_is_the_last_line(
    started: list[Stack], ros_domain: int, arguments: list[str], message: str
) -> None:
    stack = _start(started, *arguments)
    assert stack.status() == 2
    assert stack.lines[-1].startswith("vip: ")
    assert message in stack.lines[-1]
    assert not any("Traceback" in line for line in stack.lines)
    assert stack.nodes() == {}


def test_whole_simulated_stack_comes_up_and_leaves_the_policy_out(
    started: list[Stack], ros_domain: int
) -> None:
    stack = _start(started)
    stack.wait_for("policy_node is left out: policy_node.bundle is not set")
    stack.wait_for("stack is active \\(4 nodes")
    assert stack.end() == 0
    assert not any("Traceback" in line for line in stack.lines)


def test_camera_and_reward_alone(started: list[Stack], shared_videos: Path, ros_domain: int) -> None:
    video = shared_videos / "close_drawer.mp4"
    stack = _start(
        started,
        *("--only", "camera_node,reward_node"),
        *("--set", f"camera_node.source={video}", "--set", f"reward_node.goal={video}"),
    )
    stack.wait_for("stack is active \\(2 nodes")
    assert set(stack.nodes().values()) == {"camera_node", "reward_node"}
    assert stack.end() == 0
