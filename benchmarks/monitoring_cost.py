"""What watching costs: CPU of strip chart, overlay, dashboard and status screen, and their effect on latency.

    .venv/bin/python benchmarks/monitoring_cost.py --seconds 60 --turns 3 --json cost.json

The simulated stack runs with a policy that holds still, so that every picture ends in a command. In turns the
monitor is inactive and nobody looks, or everything is on: monitor_node drawing for two subscribers, the
overlay, the status screen of `vip up`, and the dashboard with a page open. That page is received once by a
program that draws nothing, as if it were drawn on another machine, and once by a headless browser on this one
(where one is installed). Both belong to whoever looks: their CPU is told apart, and they get no more of it
than the rest leaves.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rich.console import Console
from sensor_msgs.msg import Image
from std_msgs.msg import Float32
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from vip_bringup.bench.process import cpu_seconds
from vip_bringup.browser import Browser, find_browser
from vip_bringup.dashboard.process import CAMERA_SHOWN, RunningDashboard
from vip_bringup.demo.stack import RunningStack
from vip_bringup.graph_client import GraphClient
from vip_bringup.live_recording.client import trigger
from vip_bringup.status_screen import StatusScreen
from vip_bringup.still_policy import write_still_policy
from vip_models import load_encoder
from vip_models.machine import load_average, this_machine
from vip_ros.errors import UserError
from vip_ros.middleware import configure_middleware
from vip_ros.qos import RELIABLE_1, RELIABLE_10

PAGE = "open page"
WATCHERS = ("monitor_node", "overlay_node", "dashboard", "status screen")
# Not measured at the beginning of each turn, s: discovery runs, and load from before it passes.
SETTLE = 5.0
RATE = 10.0  # of the policy, Hz: what one is trained to act at unless told otherwise
ENOUGH = 0.10  # of the stack's CPU
SCREEN = "--show-status"
ALONE, ELSEWHERE, HERE = "alone", "watched from elsewhere", "watched in a browser here"


class Client(GraphClient):
    """Keeps the policy running, hears the latency, and looks at the monitor's topics on demand."""

    def __init__(self) -> None:
        super().__init__("monitoring_cost")
        self.latency: list[float] = []
        self.pictures = 0
        self.create_subscription(Float32, "franka/command_latency", self._on_latency, RELIABLE_10)
        self._change = self.create_client(ChangeState, "monitor_node/change_state")
        self.triggers = {
            name: trigger(self, name)
            for name in ("policy_node/start", "franka_node/reset", "reward_node/capture_goal_now")
        }
        self._looking: list[Any] = []
        self.begin()

    def press(self, name: str) -> None:
        self.demand(self.triggers[name], Trigger.Request())

    def watch(self, on: bool) -> None:
        """Switch monitor_node and its subscribers on or off."""
        if on:
            for kind, topic, heard in (
                (Image, "vip/monitor/image", self._on_picture),
                (MarkerArray, "vip/monitor/markers", lambda _: None),
            ):
                self._looking.append(self.create_subscription(kind, topic, heard, RELIABLE_1, raw=True))
        while not on and self._looking:
            self.destroy_subscription(self._looking.pop())
        step = Transition.TRANSITION_ACTIVATE if on else Transition.TRANSITION_DEACTIVATE
        self.demand(self._change, ChangeState.Request(transition=Transition(id=step)))

    def _on_picture(self, picture: bytes) -> None:
        self.pictures += 1

    def _on_latency(self, message: Float32) -> None:
        self.latency.append(1e3 * message.data)


@dataclass(frozen=True)
class Watchers:
    """First processes of those who look; -1: nobody."""

    dashboard: int = -1
    page: int = -1


Page = Callable[[str], contextlib.AbstractContextManager[int]]
"""Opens the dashboard's page at an address; yields the process that looks."""


def cpu_by_role(watchers: Watchers) -> Counter[str]:
    """Return the CPU time so far of each of this domain's processes, by role, s."""
    spent: Counter[str] = Counter()
    domain = f"ROS_DOMAIN_ID={os.environ.get('ROS_DOMAIN_ID', '0')}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            pid = int(entry.name)
            used = cpu_seconds(pid)
            # A browser writes its titles over its environment; its session is its own.
            if os.getsid(pid) == watchers.page:
                spent[PAGE] += used
            elif pid != os.getpid() and domain in (entry / "environ").read_bytes().split(b"\0"):
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
                spent[role(command, pid == watchers.dashboard)] += used
    return spent


def role(command: str, is_dashboard: bool) -> str:
    """Return what a process is: a node's name, dashboard, or another part of the stack."""
    node = re.search(r"__node:=(\w+)", command)
    if is_dashboard:
        return "dashboard"
    if SCREEN in command:
        return "status screen"
    return node[1] if node and "exec_child" not in command else "manager and supervisor"


def measure(client: Client, watchers: Watchers, seconds: float) -> tuple[Counter[str], list[float]]:
    """Return the CPU seconds by role, and the latencies in ms, of a while."""
    time.sleep(SETTLE)
    before, heard, seen = cpu_by_role(watchers), len(client.latency), client.pictures
    time.sleep(seconds)
    used, times = cpu_by_role(watchers) - before, client.latency[heard:]
    print(f"{(client.pictures - seen) / seconds:.1f} pictures per second", end="  ", flush=True)
    return used, times


@contextlib.contextmanager
def watching(client: Client, page: Page) -> Iterator[Watchers]:
    """Look at everything; yields who looks."""
    client.watch(True)
    with RunningDashboard() as dashboard, status_screen(), page(dashboard.url) as pid:
        yield Watchers(dashboard.pid, pid)
    client.watch(False)


@contextlib.contextmanager
def browser_here(url: str) -> Iterator[int]:
    """Open the page in a browser; yields its first process."""
    with Browser(aside=True) as browser:
        browser.open(url)
        browser.wait_for(CAMERA_SHOWN, "the camera's picture")
        yield browser.pid


@contextlib.contextmanager
def page_elsewhere(url: str) -> Iterator[int]:
    """Receive the page without drawing it; yields the process."""
    command = ["nice", "-n", "19", sys.executable, str(Path(__file__).with_name("page_reader.py")), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as reader:
        assert reader.stdout is not None
        try:
            if reader.stdout.readline().strip() != "reading":
                raise UserError("the dashboard's page cannot be read", "see what page_reader.py printed")
            yield reader.pid
        finally:
            reader.terminate()
            print(f"{reader.stdout.read().strip()} pictures of the camera came to the page", flush=True)


@contextlib.contextmanager
def status_screen() -> Iterator[None]:
    """Draw the screen of `vip up` in a process of its own, where its cost is told from the supervisor's."""
    screen = subprocess.Popen([sys.executable, __file__, SCREEN])
    try:
        yield
    finally:
        screen.terminate()
        screen.wait()


def show_status() -> None:
    """Draw the screen on a terminal that nobody sees, until SIGTERM."""
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        StatusScreen(console=Console(file=nowhere, width=118, height=40, force_terminal=True)),
    ):
        signal.pause()


def run(seconds: float, turns: int) -> dict[str, Any]:
    """Measure in turns and return the table."""
    os.environ.setdefault("ROS_DOMAIN_ID", "0")  # by which the stack's processes are found
    configure_middleware()
    encoder = load_encoder("vip-sim")
    spent: dict[str, Counter[str]] = defaultdict(Counter)
    latency: dict[str, list[float]] = defaultdict(list)
    loads = [load_average()]
    with tempfile.TemporaryDirectory(prefix="vip-monitoring-") as folder:
        policy = write_still_policy(Path(folder) / "policy", encoder.id, encoder.dim, RATE)
        settings = [
            f"policy_node.bundle={policy}",
            "policy_node.timeout=1000000.0",
            "policy_node.stop_when_reached=false",
        ]
        settings += [f"{node}.directory={folder}/episodes" for node in ("recorder_node", "overlay_node")]
        settings += ["policy_node.max_age=3.0", "franka_node.max_action_age=3.0"]
        settings += [f"franka_node.{name}_timeout=2.0" for name in ("image", "embedding", "action")]
        with RunningStack(settings, Path(folder) / "stack.log"):
            rclpy.init()
            client = Client()
            try:
                client.press("reward_node/capture_goal_now")
                client.press("policy_node/start")
                client.watch(False)
                for _ in range(turns):
                    turn(client, ALONE, contextlib.nullcontext(Watchers()), seconds, spent, latency)
                    for way, page in pages().items():
                        turn(client, way, watching(client, page), seconds, spent, latency)
                    loads.append(load_average())
            finally:
                client.close()
                rclpy.try_shutdown()
    return table(spent, latency, seconds * turns, loads)


def pages() -> dict[str, Page]:
    """Return the ways to look that this machine has."""
    ways: dict[str, Page] = {ELSEWHERE: page_elsewhere}
    if find_browser() is not None:
        ways[HERE] = browser_here
    return ways


def turn(client: Client, way: str, looking: Any, seconds: float, spent: Any, latency: Any) -> None:
    """Measure one turn and add it up."""
    with looking as watchers:
        # Starting a dashboard on a busy machine may have starved the stack into a fault.
        for name in ("franka_node/reset", "policy_node/start"):
            with contextlib.suppress(UserError):
                client.press(name)
        used, times = measure(client, watchers, seconds)
    spent[way].update(used)
    latency[way].extend(times)
    print(f"{way:26} {sum(used.values()):6.1f} CPU s, {len(times)} commands", flush=True)


def table(spent: Any, latency: Any, seconds: float, loads: list[float]) -> dict[str, Any]:
    """Return the figures in the form of docs/results."""
    share = watch_share(spent[ELSEWHERE])
    ways = list(spent)
    roles = sorted({name for way in ways for name in spent[way]} - {PAGE})
    rows: list[list[Any]] = [
        [f"{name}, % of a core", *(100 * spent[way][name] / seconds for way in ways)]
        for name in [*roles, PAGE]
    ]
    rows.append(["watching, % of the stack's CPU", *(100 * watch_share(spent[way]) for way in ways)])
    rows.append(["the whole, % of a core", *(100 * whole(spent[way]) / seconds for way in ways)])
    for q in (50, 95, 99):
        rows.append([f"image to command p{q}, ms", *(percentile(latency[way], q) for way in ways)])
    rows = [[row[0], *(None if cell is None else round(cell, 1) for cell in row[1:])] for row in rows]
    machine = this_machine()
    return {
        "title": "What watching costs",
        "about": "monitor_node drawing, overlay, status screen, and the dashboard with one page open, "
        f"beside the stack. It takes {'no more' if share <= ENOUGH else '**more**'} than the "
        f"{100 * ENOUGH:.0f} % of the stack's CPU that it may. What shows the page is not part of the stack.",
        "command": "python benchmarks/monitoring_cost.py --json docs/results/50-monitoring-cost.json",
        "machine": f"{machine.cpu}, {machine.cores} cores",
        "load": f"{min(loads):.1f} to {max(loads):.1f}",
        "columns": ["", *ways],
        "rows": rows,
    }


def watch_share(spent: Counter[str]) -> float:
    """Return the watchers' part of all the stack's CPU."""
    return sum(spent[name] for name in WATCHERS) / whole(spent)


def whole(spent: Counter[str]) -> float:
    """Return the CPU seconds of everything but the page."""
    return sum(seconds for name, seconds in spent.items() if name != PAGE)


def percentile(values: list[float], q: int) -> float | None:
    """Return a percentile; None without values."""
    return float(np.percentile(values, q)) if values else None


def main() -> int:
    """Measure and print; 1 when watching takes more than it may."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="of each turn (default 20)")
    parser.add_argument("--turns", type=int, default=2, help="of each way (default 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(SCREEN, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.show_status:
        show_status()
    try:
        figures = run(options.seconds, options.turns)
    except UserError as error:
        print(f"vip: {error}", file=sys.stderr)
        return 2
    print(f"{'':36}" + "".join(f"{way:>26}" for way in figures["columns"][1:]))
    for name, *cells in figures["rows"]:
        print(f"{name:36}" + "".join(f"{'-' if cell is None else cell:>26}" for cell in cells))
    print(f"load {figures['load']}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    share = next(row[2] for row in figures["rows"] if row[0].startswith("watching"))
    return int(share > 100 * ENOUGH)


if __name__ == "__main__":
    sys.exit(main())
