"""The one calm screen of `vip up` on a terminal: guard, recording, reward, all nodes, the newest messages."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Sequence
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

# Redraws per second, Hz: as often as the nodes report.
_RATE = 1.0
_MESSAGES = 8
_AGE = 7  # width of the ages, characters
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
        self._ears = Ears(self._state, self._namespace, orders=(), period=1.0 / _RATE, joints=False)
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

    def _nodes(self) -> Group:
        # An active node is what its other lines speak of.
        rows = [
            row
            for row in readings.health_rows(self._state)
            if (row["stream"], row["level"]) != ("lifecycle", "ok")
        ]
        wide = [max([14, *(len(row[key]) for row in rows)]) for key in ("node", "stream")]
        says = max(self._console.width - sum(wide) - 4 - _AGE, 10)
        lines = [_line(wide, says, ("node", "what", "says", "age ms"), "dim", "dim")]
        for row in rows:
            cells = (row["node"], row["stream"], row["message"], row["age"])
            lines.append(_line(wide, says, cells, _LEVELS[row["level"]]))
        return Group(*lines)

    def _messages(self) -> Group:
        with self._lock:
            lines = list(self._lines)
        wide = max([14, *(len(name) for name, _ in lines)])
        return Group(
            *(
                Text.assemble((f"{name:{wide}} ", "dim"), _message(text), no_wrap=True, overflow="ellipsis")
                for name, text in lines
            )
        )


def _line(
    wide: Sequence[int], says: int, cells: tuple[str, str, str, str], style: str, rest: str = ""
) -> Text:
    """Return node, stream, message and age in their columns: a Table would take ten times as long to draw."""
    node, stream, message, age = cells
    message = message if len(message) <= says else message[: says - 1] + "…"
    return Text.assemble(
        (f"{node:{wide[0]}}  {stream:{wide[1]}}  ", rest),
        (f"{message:{says}}", style),
        (f"{age:>{_AGE}}", rest),
        no_wrap=True,
        overflow="crop",
    )


def _chip(name: str, chip: readings.Chip) -> Text:
    return Text.assemble((f"{name} ", "dim"), (chip.text, _STYLES[chip.colour]))


def _message(text: str) -> Text:
    found = _SEVERITY.match(text)
    style = {"WARN": "yellow", "ERROR": "red", "FATAL": "bold red"}.get(found[1] if found else "", "")
    return Text(text[found.end() :] if found else text, style=style)
