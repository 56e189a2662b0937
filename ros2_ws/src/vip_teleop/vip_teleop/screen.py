"""What a person who drives sees in the terminal: who has the arm, how fast, what is recorded, which keys."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from franka_node.arbiter import PERSON
from vip_teleop.intent import Array

_BOLD, _GREEN, _RED, _OFF = "\x1b[1m", "\x1b[32m", "\x1b[31m", "\x1b[0m"


@dataclass(frozen=True)
class Picture:
    """The figures of one screen.

    Attributes:
        device: name of the device.
        engaged: the person drives.
        frame: base, tool or joint.
        speeds: linear m/s, angular rad/s.
        guard: mode of the guard; empty: not heard.
        driver: whose the arm is; empty: nobody's.
        fault: latched fault, or empty.
        fault_detail: what is wrong and how to mend it.
        tip: fingertips in the base frame, m, [3]; None: unknown.
        width: measured and wanted opening, m; None where unknown.
        task: simulated task and whether it is done, or empty.
        episode: what the recorder does, or empty where there is none.
        warnings: what is wrong with the recording.
        message: one line.
        help: lines on how to drive.
    """

    device: str
    engaged: bool
    frame: str
    speeds: tuple[float, float]
    guard: str
    driver: str
    fault: str
    fault_detail: str
    tip: Array | None
    width: tuple[float | None, float | None]
    task: str
    episode: str
    warnings: Sequence[str]
    message: str
    help: Sequence[str]


def lines(picture: Picture, colour: bool) -> list[str]:
    """Return the screen's lines of text.

    Args:
        picture: what to show.
        colour: mark who drives and what is wrong with terminal colours.
    """
    state = "DRIVING" if picture.engaged else "released"
    rows = [
        _row("drive", f"{_mark(state, _GREEN if picture.engaged else _BOLD, colour)}   {_manner(picture)}"),
        _row("guard", _guard(picture, colour)),
        _row("hand", _hand(picture)),
    ]
    if picture.task:
        rows.append(_row("task", picture.task))
    if picture.episode:
        rows.append(_row("episode", picture.episode))
    rows += [_row("", _mark(text, _RED, colour)) for text in picture.warnings]
    rows.append(_row("", picture.message))
    return [*rows, *(f"  {text}" for text in picture.help)]


class Screen:
    """Draws lines over the ones drawn before; without a terminal it prints a line when it changes.

    Args:
        out: where to.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._live = self._out.isatty()
        self._drawn = 0
        self._told = ""

    def draw(self, picture: Picture) -> None:
        """Show a picture."""
        if not self._live:
            told = " | ".join(lines(picture, colour=False)[:2])
            if told != self._told:
                self._told = told
                print(told, file=self._out, flush=True)
            return
        rows = lines(picture, colour=True)
        rows += [""] * (self._drawn - len(rows))
        columns = shutil.get_terminal_size().columns
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        self._out.write("\r" + up + "".join(f"{_cropped(row, columns)}\x1b[K\r\n" for row in rows))
        self._out.flush()
        self._drawn = len(rows)


def _manner(picture: Picture) -> str:
    linear, angular = picture.speeds
    if picture.frame == "joint":
        return f"{picture.device}, joint by joint"
    return f"{picture.device}, {picture.frame} frame, {linear:.3f} m/s, {angular:.2f} rad/s"


def _guard(picture: Picture, colour: bool) -> str:
    if not picture.guard:
        return "not heard: is franka_node up?"
    whose = f"the arm is with {picture.driver}" if picture.driver else "nobody drives"
    if picture.driver == PERSON and not picture.engaged:
        whose = "the arm is yours until you hand it back"
    if picture.fault:
        return f"{picture.guard}   {_mark(f'fault {picture.fault}', _RED, colour)}: {picture.fault_detail}"
    return f"{picture.guard}   {whose}"


def _hand(picture: Picture) -> str:
    where = "unknown" if picture.tip is None else "x {:+.3f}  y {:+.3f}  z {:+.3f} m".format(*picture.tip)
    measured, wanted = picture.width
    gripper = "" if measured is None else f"   gripper {measured:.3f} m"
    return where + gripper + ("" if wanted is None else f" (wanted {wanted:.3f})")


def _row(name: str, text: str) -> str:
    return f"{name:>8}  {text}"


def _mark(text: str, code: str, colour: bool) -> str:
    return f"{code}{text}{_OFF}" if colour else text


def _cropped(row: str, columns: int) -> str:
    """Return a row that fits the terminal; colour codes take no room."""
    room, kept, i = columns - 1, [], 0
    while i < len(row):
        if row[i] == "\x1b":
            end = row.index("m", i) + 1
            kept.append(row[i:end])
            i = end
            continue
        if room > 0:
            kept.append(row[i])
            room -= 1
        i += 1
    return "".join(kept)
