"""`vip up`: the graph's processes and their manager under one supervisor, one stack per ROS domain."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from vip_bringup.graph import Graph
from vip_bringup.lock import DomainLock
from vip_bringup.restarts import RestartLimits
from vip_bringup.supervisor import Program, StopTimes, Supervisor, child_environment
from vip_ros.middleware import configure_middleware

MANAGER = "manager"
_COLOURS = (36, 35, 33, 32, 34, 96, 95)


def run_stack(
    graph: Graph,
    limits: RestartLimits | None = None,
    times: StopTimes | None = None,
    screen: bool = False,
) -> None:
    """Run a graph until Ctrl-C; returns when every process has ended.

    Args:
        graph: what to run.
        limits: patience with nodes that die.
        times: patience with nodes that do not stop.
        screen: draw the status on one screen of the terminal, instead of printing every line.

    Raises:
        UserError: another stack runs on this domain, a node cannot be brought up, or one died for good.
    """
    configure_middleware()
    lock = DomainLock()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="vip-up-") as folder,
            _output(graph, screen) as say,
        ):
            supervisor = Supervisor(
                programs(graph, Path(folder)),
                say,
                child_environment(),
                limits=limits,
                times=times,
                keep_open=[lock.descriptor],
            )
            supervisor.run()
    finally:
        lock.release()


@contextlib.contextmanager
def _output(graph: Graph, screen: bool) -> Iterator[Callable[[str, str], None]]:
    if not screen:
        yield printer([*graph.names(), MANAGER])
        return
    from vip_bringup.status_screen import StatusScreen

    with StatusScreen(graph.namespace) as shown:
        yield shown.say


def programs(graph: Graph, folder: Path) -> list[Program]:
    """Return the processes of a graph, the manager last: it is stopped first."""
    nodes = [
        Program(
            spec.name,
            [sys.executable, *spec.arguments(spec.write_parameters(folder), graph.namespace)],
            spec.on_exit,
        )
        for spec in graph.nodes
    ]
    return [*nodes, Program(MANAGER, [sys.executable, *manager_arguments(graph, lock=False)])]


def manager_arguments(graph: Graph, lock: bool) -> list[str]:
    """Return what follows the Python interpreter on the manager's command line."""
    namespace = ["-r", f"__ns:={graph.namespace}"] if graph.namespace else []
    parameters = [f"nodes:=[{', '.join(graph.names())}]", f"lock:={str(lock).lower()}"]
    settings = [word for parameter in parameters for word in ("-p", parameter)]
    return ["-m", "vip_bringup.manager", "--ros-args", *namespace, *settings]


def printer(names: list[str]) -> Callable[[str, str], None]:
    """Return a function that prints a line under its program's name, coloured on a terminal."""
    width = max(len(name) for name in names)
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)}
    coloured = sys.stdout.isatty()

    def say(name: str, text: str) -> None:
        label = f"{name or 'vip up':<{width}} |"
        if coloured and name:
            label = f"\x1b[{colours[name]}m{label}\x1b[0m"
        print(f"{label} {text}", flush=True)

    return say
