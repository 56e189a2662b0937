"""The one calm screen of `vip up` on a terminal: guard, recording, reward, all nodes, the newest messages."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from types import TracebackType
from typing import IO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from vip_bringup.dashboard import readings
from vip_bringup.dashboard.ears import Ears
from vip_bringup.dashboard.state import OLD, DashboardState
from vip_ros.resources import cache_dir

# Redraws per second, Hz.
_RATE = 2.0
_MESSAGES = 8
_STYLES = {
    readings.GOOD: "bold green",
    readings.BUSY: "bold blue",
    readings.BAD: "bold white on red",
    readings.IDLE: "dim",
}
_LEVELS = {"ok": "green", "warning": "yellow", "error": "bold red", "silent": "dim"}
# A node's log line: the severity is shown as a colour.
_SEVERITY = re.compile(r"^\[(DEBUG|INFO|WARN|ERROR|FATAL)\] ")


class StatusScreen:
    """A screen that is redrawn in place; every line of the nodes also goes to a log file.

    Args:
        namespace: ROS namespace of the stack.
        console: where to draw; the terminal by default.
    """

    def __init__(self, namespace: str = "", console: Console | None = None) -> None:
        self._console = console or Console()
        self._state = DashboardState(time.monotonic)
        self._namespace = namespace
        self._ears: Ears | None = None
        self._lines: deque[tuple[str, str]] = deque(maxlen=_MESSAGES)
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self.log_path = cache_dir() / "logs" / f"up-{time.strftime('%Y%m%d-%H%M%S')}.log"
        self._log: IO[str] | None = None
        self._live = Live(
            console=self._console, get_renderable=self.render, refresh_per_second=_RATE, screen=True
        )

    def __enter__(self) -> StatusScreen:
        """Begin to draw."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._log = self.log_path.open("w", encoding="utf-8", buffering=1)
        self._ears = Ears(self._state, self._namespace, orders=(), period=1.0 / _RATE)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back and say where the log is."""
        self._live.stop()
        if self._ears is not None:
            self._ears.close()
        if self._log is not None:
            self._log.close()
        self._console.print(f"log of all nodes: {self.log_path}", highlight=False, soft_wrap=True)

    def say(self, name: str, text: str) -> None:
        """Show a line of a node, and write it to the log."""
        with self._lock:
            self._lines.append((name or "vip up", text))
            if self._log is not None:
                self._log.write(f"{time.strftime('%H:%M:%S')} {name or 'vip up'} | {text}\n")

    def render(self) -> Group:
        """Return the screen as it is now."""
        latency = Text(f"image to command: {readings.latency_line(self._state)}", style="dim")
        return Group(self._head(), latency, self._reward(), Text(), self._nodes(), Text(), self._messages())

    def _head(self) -> Table:
        grid = Table.grid(expand=True, padding=(0, 2))
        for _ in range(3):
            grid.add_column()
        grid.add_column(justify="right")
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        grid.add_row(
            Text("VIP robot stack", style="bold"),
            _chip("guard", readings.guard_chip(self._state)),
            _chip("recording", readings.recorder_chip(self._state)),
            Text(f"up {minutes}:{seconds:02d}, Ctrl-C stops", style="dim"),
        )
        return grid

    def _reward(self) -> Table:
        reward = self._state.newest("vip/reward", OLD)
        progress = 0.0 if reward is None else min(max(reward.progress, 0.0), 1.0)
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=40)
        grid.add_column()
        grid.add_row(ProgressBar(total=1.0, completed=progress, width=40), readings.reward_line(self._state))
        return grid

    def _nodes(self) -> Table:
        table = Table(box=None, pad_edge=False, expand=True)
        for heading, width in (("node", 14), ("what", 18), ("says", 0), ("age ms", 7)):
            ratio = None if width else 1
            table.add_column(heading, min_width=width, ratio=ratio, no_wrap=True, header_style="dim")
        for row in readings.health_rows(self._state):
            if row["stream"] == "lifecycle" and row["level"] == "ok":
                continue  # an active node is what its other lines speak of
            style = _LEVELS[row["level"]]
            table.add_row(row["node"], row["stream"], Text(row["message"], style=style), row["age"])
        return table

    def _messages(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(min_width=14, no_wrap=True, style="dim")
        grid.add_column(no_wrap=True)
        with self._lock:
            lines = list(self._lines)
        for name, text in lines:
            grid.add_row(name, _message(text))
        return grid


def _chip(name: str, chip: readings.Chip) -> Text:
    return Text.assemble((f"{name} ", "dim"), (chip.text, _STYLES[chip.colour]))


def _message(text: str) -> Text:
    found = _SEVERITY.match(text)
    style = {"WARN": "yellow", "ERROR": "red", "FATAL": "bold red"}.get(found[1] if found else "", "")
    return Text(text[found.end() :] if found else text, style=style)
