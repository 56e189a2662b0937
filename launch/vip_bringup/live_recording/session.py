"""One episode after another: driven by a script, or by a person with keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.live import Live
from vip_interfaces.msg import RecorderState

from vip_bringup.demo.progress import CONSOLE
from vip_bringup.live_recording.client import RecordingClient
from vip_bringup.live_recording.screen import Log, render
from vip_ros.errors import UserError
from vip_teleop.driving import STOPPED

TICK = 0.05  # s
HOLD = 0.3
"""s for which the simulated task must stay solved to count."""
_SETTLE = 2.0  # s in which things may come to rest after a demonstration
_ENGAGE_LIMIT = 30.0  # s from the wish to drive until the device drives: a script plans before
_LOST = 5  # demonstrations in a row that may be lost: the recorder died, or the guard stopped the arm
_START_LIMIT = 20.0  # s for which the recorder may refuse, as while a busy machine's pictures come too slowly
_KEYS = "1 start/stop   2 success   3 failure   4 keep   5 discard   Q quit"
_ACTS = {"2": "mark_success", "3": "mark_failure", "4": "keep", "5": "discard"}


class Keys(Protocol):
    """Where a person's keys come from."""

    def read(self) -> str:
        """Return what was typed since the last time; never waits."""


@dataclass(frozen=True)
class Plan:
    """What is to be recorded.

    Attributes:
        task: task name.
        episodes: how many to keep.
        seed: scene seed of the first, in the simulator.
        limit: longest time that a scripted device may take for one, s.
    """

    task: str
    episodes: int
    seed: int = 0
    limit: float = 60.0


class Session:
    """Runs a plan on a running stack and shows its state all the time.

    Args:
        client: the graph.
        plan: what to record.
        keys: a person's keys; None for a script, or where the device has the terminal.
    """

    def __init__(self, client: RecordingClient, plan: Plan, keys: Keys | None = None) -> None:
        self._client, self._plan, self._keys = client, plan, keys
        self._hint = ""
        self._show: Callable[[], None] = lambda: None
        self._begun = time.monotonic()

    def run_script(self) -> int:
        """Let the device demonstrate until enough episodes are kept; returns how many solved the task."""
        successes = kept = lost = 0
        with self._screen():
            while kept < self._plan.episodes:
                self._hint = "preparing the scene"
                self._client.prepare_scene(self._plan.task, self._plan.seed + kept)
                self._start()
                try:
                    successes += self._demonstrate()
                except UserError as error:
                    lost += 1
                    if lost == _LOST:
                        raise
                    CONSOLE.print(f"a demonstration was lost and is repeated: {error}", markup=False)
                    continue
                kept, lost = kept + 1, 0
        return successes

    def run_person(self, alive: Callable[[], bool] = lambda: True) -> None:
        """Do what the person's keys (or the device's buttons) ask, until enough is kept or they quit.

        Args:
            alive: False when the device's own process has ended: the person has quit there.
        """
        client, plan = self._client, self._plan
        prepared = -1
        with self._screen():
            while client.kept < plan.episodes and alive():
                if client.recorder.state == RecorderState.IDLE and prepared != self._attempts():
                    prepared = self._attempts()
                    self._new_scene(plan.seed + client.kept)
                self._hint = self._advice()
                if not self._obey():
                    return
                self._wait(TICK)

    def _demonstrate(self) -> bool:
        client, plan = self._client, self._plan
        self._hint = "the script demonstrates"
        client.engage()
        self._wait_for(lambda: client.teleop.engaged, _ENGAGE_LIMIT)
        self._wait_for(lambda: not client.teleop.engaged, plan.limit)
        ended = client.teleop.message
        client.release()
        self._wait_for(lambda: client.solved_for >= HOLD, _SETTLE)
        solved = client.solved_for >= HOLD
        if client.recorder.state != RecorderState.REVIEW:  # a full disk ends an episode by itself
            client.tell_recorder("stop")
        if client.guard.fault or ended.startswith(STOPPED):
            client.tell_recorder("discard")  # what was cut off shows neither how to do it nor how not to
            if client.guard.fault:
                raise UserError(f"the guard stopped the arm, {client.guard.fault}", client.guard.fault_detail)
            raise UserError(f"the demonstration was {ended}", "is this machine too busy for the simulator?")
        client.tell_recorder("mark_success" if solved else "mark_failure")
        client.tell_recorder("keep")
        self._show()
        return solved

    def _start(self) -> None:
        """Begin an episode, as soon as every stream that it needs is there."""
        end = time.monotonic() + _START_LIMIT
        while True:
            try:
                self._client.start(self._plan.task)
                return
            except UserError:
                if time.monotonic() > end:
                    raise
            self._wait(0.5)

    def _new_scene(self, seed: int) -> None:
        if self._client.simulated:
            self._hint = "preparing the scene"
            self._client.prepare_scene(self._plan.task, seed)

    def _attempts(self) -> int:
        return int(self._client.kept + self._client.recorder.discarded)

    def _advice(self) -> str:
        recorder = self._client.recorder
        if recorder.state == RecorderState.RECORDING:
            return "drive; 1 ends the episode"
        if recorder.state == RecorderState.REVIEW:
            if recorder.warnings:
                return "this episode has warnings: 5 discards it, 4 keeps it all the same"
            return "4 keeps the episode, 5 discards it" if recorder.outcome else "2 success or 3 failure?"
        return "put the scene as the overlay shows (vip/overlay, overlay.png); 1 starts the episode"

    def _obey(self) -> bool:
        """Do what the keys say; returns False when the person quits."""
        for key in self._keys.read() if self._keys is not None else "":
            if key == "Q":
                return False
            try:
                self._act(key)
            except UserError as error:
                CONSOLE.print(str(error), style="yellow")
        return True

    def _act(self, key: str) -> None:
        if key == "1" and self._client.recorder.state == RecorderState.RECORDING:
            self._client.tell_recorder("stop")
        elif key == "1":
            self._client.start(self._plan.task)
        elif key in _ACTS:
            self._client.tell_recorder(_ACTS[key])

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._show()
            time.sleep(min(TICK, seconds))

    def _wait_for(self, condition: Callable[[], bool], limit: float) -> None:
        """Wait until a condition holds, or as long as the limit, s: then the episode ends as it is."""
        end = time.monotonic() + limit
        while not condition() and time.monotonic() < end:
            self._wait(TICK)

    @contextmanager
    def _screen(self) -> Iterator[None]:
        client = self._client
        if not CONSOLE.is_terminal:
            log = Log()
            self._show = lambda: log.update(client.recorder)
            yield
            self._show()
            return

        def picture() -> object:
            return render(client.recorder, client.teleop, client.guard, self._hint, _KEYS)

        with Live(console=CONSOLE, refresh_per_second=8) as live:
            self._show = lambda: live.update(picture())  # type: ignore[arg-type]
            yield
            self._show()
