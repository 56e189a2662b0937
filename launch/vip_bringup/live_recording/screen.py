"""The state of a recording session on the terminal: counter, state, streams, warnings, keys."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vip_bringup.demo.progress import CONSOLE

_STYLES = {"IDLE": "bold white", "RECORDING": "bold white on red", "REVIEW": "bold yellow", "SAVING": "cyan"}
_SHOWN_TOPICS = 12


def headline(recorder: Any) -> str:
    """Return the one line that must always be seen: state, counter, task, mark."""
    wanted = f" of {recorder.wanted}" if recorder.wanted else ""
    parts = [recorder.state_name or "waiting for the recorder", f"{recorder.kept}{wanted} kept"]
    if recorder.discarded:
        parts.append(f"{recorder.discarded} discarded")
    if recorder.episode:
        parts.append(f"{recorder.episode}, {recorder.duration:.1f} s")
        parts.append(recorder.outcome or "not marked")
    return "  |  ".join(parts)


def render(recorder: Any, teleop: Any, guard: Any, hint: str, keys: str) -> RenderableType:
    """Return the whole screen from the newest states of recorder, device and guard."""
    state = Text(f" {headline(recorder)} ", style=_STYLES.get(recorder.state_name, "bold"))
    lines: list[RenderableType] = [state, _figures(recorder), Text(_driver(teleop, guard))]
    lines += [Text(f"! {warning}", style="yellow") for warning in recorder.warnings[-6:]]
    lines.append(_streams(recorder))
    if hint:
        lines.append(Text(hint, style="bold cyan"))
    lines.append(Text(keys, style="dim"))
    return Panel(Group(*lines), title="vip record", title_align="left")


def _figures(recorder: Any) -> Text:
    free = recorder.bytes_free / 1e9
    figures = f"{recorder.messages} messages, {recorder.bytes / 1e6:.1f} MB, "
    figures += f"{recorder.bytes_per_second / 1e6:.2f} MB/s, {free:.1f} GB free"
    text = Text(figures)
    if recorder.dropped:
        text.append(f", {recorder.dropped} dropped", style="bold red")
    return text


def _driver(teleop: Any, guard: Any) -> str:
    parts = []
    if teleop.device:
        parts.append(f"{teleop.device}: {'ENGAGED' if teleop.engaged else 'released'} {teleop.message}")
    parts.append(f"guard {guard.mode_name or '?'}" + (f" {guard.fault}" if guard.fault else ""))
    if guard.source:
        parts.append(f"driven by {guard.source}")
    return "  |  ".join(parts)


def _streams(recorder: Any) -> Table:
    table = Table.grid(padding=(0, 3))
    cells = [f"{topic} {rate:.0f} Hz" for topic, rate in zip(recorder.topics, recorder.rates, strict=False)]
    for row in range(0, min(len(cells), _SHOWN_TOPICS), 3):
        table.add_row(*(Text(cell, style="dim") for cell in cells[row : row + 3]))
    return table


class Log:
    """The session as calm lines, where there is no terminal to draw on."""

    def __init__(self) -> None:
        self._last: tuple[Any, ...] = ()

    def update(self, recorder: Any) -> None:
        """Print what changed: state, mark, counters, warnings."""
        telling = (recorder.state_name, recorder.outcome, recorder.kept, recorder.discarded)
        if telling != self._last:
            self._last = telling
            warnings = f"  !! {'; '.join(recorder.warnings)}" if recorder.warnings else ""
            CONSOLE.print(headline(recorder) + warnings, markup=False)
