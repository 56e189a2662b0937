"""`vip record` through the live graph: brings the stack up, runs the session, says what was kept."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vip_bringup.child import tied_launcher
from vip_bringup.demo.progress import CONSOLE
from vip_bringup.demo.stack import RunningStack
from vip_bringup.graph import build_graph
from vip_bringup.settings import is_setting_of
from vip_ros.errors import UserError
from vip_teleop.devices import DEVICES
from vip_teleop.episode import check_task, list_episodes, load_info
from vip_teleop.image_codec import check_format

if TYPE_CHECKING:
    from vip_teleop.terminal import KeyTerminal

SCRIPTED, KEYBOARD = "scripted", "keyboard"
TELEOP = "teleop_node"
_LOG = "stack.log"


@dataclass(frozen=True)
class LiveOptions:
    """What `vip record` was asked for; device is empty where others drive."""

    task: str
    episodes: int
    device: str
    out: Path
    seed: int = 0
    config: str = "default"
    settings: tuple[str, ...] = ()
    goal: str = ""
    policy: str = ""
    images: str = "raw"

    def overrides(self) -> list[str]:
        """Return the settings of the graph's nodes, the user's own last."""
        chosen = [
            f"recorder_node.directory={self.out.expanduser().resolve()}",
            f"overlay_node.directory={self.out.expanduser().resolve()}",
            f"recorder_node.task={self.task_name()}",
            f"recorder_node.episodes={self.episodes}",
            f"recorder_node.image_format={self.images}",
        ]
        if self.device and self.device != KEYBOARD:
            chosen.append(f"teleop_node.device={self.device}")
        if self.policy:
            chosen.append(f"policy_node.bundle={Path(self.policy).expanduser().resolve()}")
        if self.goal or self.policy:
            chosen.append(f"reward_node.goal={self.goal or Path(self.policy).expanduser().resolve()}")
        if self.driver() == "simulated":
            # Nobody can be hurt here, and a busy machine may stall for longer than a real arm should wait.
            chosen.append(f"franka_node.task={self.task}")
            chosen += [f"franka_node.{stream}_timeout=1.0" for stream in ("action", "joint_state", "loop")]
        own_node = self.device == KEYBOARD  # it runs on this terminal and takes its settings there
        return [*chosen, *(text for text in self.settings if not (own_node and is_setting_of(TELEOP, text)))]

    def keyboard(self) -> list[str]:
        """Return the settings of the keyboard's own node, which runs on this terminal beside the stack."""
        own = [text for text in self.settings if is_setting_of(TELEOP, text)]
        return [f"{TELEOP}.device={KEYBOARD}", *own]

    def task_name(self) -> str:
        """Return the task as episodes name it; raises UserError for one that the simulator does not have."""
        if self.driver() != "simulated":
            return self.task
        from franka_node.sim.tasks import task_name

        return task_name(self.task)

    def driver(self) -> str:
        """Return how the robot is reached, as the configuration says."""
        graph = build_graph(self.config, self.settings)
        robot = next((spec for spec in graph.nodes if spec.name == "franka_node"), None)
        return str(robot.parameters.get("driver", "")) if robot is not None else ""


def record_live(options: LiveOptions) -> int:
    """Record as asked and return the exit status.

    Raises:
        UserError: unknown device, task or setting, a stack that does not start, a terminal that is missing.
    """
    _check(options)
    before = set(list_episodes(options.out)) if options.out.is_dir() else set()
    _make_folder(options.out)
    CONSOLE.print(f"bringing the stack up (its log: {options.out / _LOG})")
    with RunningStack(options.overrides(), options.out / _LOG, config=options.config):
        _run_session(options)
    kept = [path for path in list_episodes(options.out) if path not in before]
    outcomes = [load_info(path).outcome for path in kept]
    names = f"{kept[0].name} to {kept[-1].name}, " if kept else ""
    CONSOLE.print(f"{options.out}: {len(kept)} kept, {names}{outcomes.count('success')} marked as success")
    return 0 if len(kept) >= options.episodes else 1


def _check(options: LiveOptions) -> None:
    """Find mistakes before anything is started."""
    check_format(options.images)
    check_task(options.task_name())
    if options.device:
        DEVICES.get(options.device)
    if options.device != SCRIPTED and not sys.stdin.isatty():
        raise UserError("a person's keys need a terminal", "run this in one, or use --teleop scripted")
    build_graph(options.config, options.overrides())
    if options.device == KEYBOARD:
        build_graph(options.config, options.keyboard(), [TELEOP])


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError("cannot make the folder of episodes", str(error), str(out)) from None


def _run_session(options: LiveOptions) -> None:
    import rclpy

    from vip_bringup.graph_client import join_graph
    from vip_bringup.live_recording.client import RecordingClient
    from vip_bringup.live_recording.session import Plan, Session
    from vip_ros.middleware import configure_middleware

    configure_middleware()
    join_graph(build_graph(options.config, options.overrides()).namespace)
    client = RecordingClient()
    try:
        client.wait_ready()
        plan = Plan(options.task_name(), options.episodes, options.seed)
        if options.device == SCRIPTED:
            Session(client, plan).run_script()
        elif options.device == KEYBOARD:
            with _keyboard(options) as device:
                Session(client, plan).run_person(lambda: device.poll() is None)
        else:
            with _terminal() as keys:
                Session(client, plan, keys).run_person()
    except KeyboardInterrupt:
        CONSOLE.print("interrupted: what is not kept is set aside")
    finally:
        client.close()
        rclpy.try_shutdown()


@contextmanager
def _keyboard(options: LiveOptions) -> Iterator[subprocess.Popen[bytes]]:
    """Run the keyboard's node on this terminal: it reads the keys, also those of the recorder."""
    graph = build_graph(options.config, options.keyboard(), [TELEOP])
    (node,) = graph.nodes
    with (
        tempfile.TemporaryDirectory(prefix="vip-keyboard-") as folder,
        (options.out / _LOG).open("ab") as sink,
    ):
        words = [
            *node.arguments(node.write_parameters(Path(folder)), graph.namespace),
            *("-p", "autostart:=true"),
        ]
        process = subprocess.Popen([*tied_launcher(), sys.executable, *words], stdout=sink, stderr=sink)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def _terminal() -> Iterator[KeyTerminal]:
    from vip_teleop.terminal import KeyTerminal

    terminal = KeyTerminal()
    terminal.open()
    try:
        yield terminal
    finally:
        terminal.close()
