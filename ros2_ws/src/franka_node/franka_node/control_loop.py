"""The loop that reads the robot, asks the guard and writes the command, at a fixed rate in its own thread."""

from __future__ import annotations

import gc
import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from franka_node.clock_watch import ClockWatch
from franka_node.drivers.base import Driver, RobotState
from franka_node.guard import CLOCK_STEP, Guard
from franka_node.guard_output import GuardOutput, Mode
from franka_node.limits import Array
from vip_ros.errors import UserError

# Two commands are never closer than this share of the period, also when the one before came late; after one
# that was later the beat begins anew.
LEAST_SPACING = 0.5

OnCycle = Callable[[int, RobotState, GuardOutput], None]


class ControlLoop:
    """Runs a guard between a driver and everyone else.

    Only what the guard gave out reaches Driver.write, and nothing does while the guard is inactive. An
    exception of the driver latches driver_lost, any other one latches internal; the loop itself goes on,
    so that the arm is still brought to rest.

    Args:
        driver: connected.
        guard: built for 1 / rate.
        rate: Hz.
        on_cycle: called after each cycle with the time (ns since the epoch), the state and the output.
    """

    def __init__(self, driver: Driver, guard: Guard, rate: float, on_cycle: OnCycle) -> None:
        self._driver, self._guard, self._on_cycle = driver, guard, on_cycle
        self._period = 1.0 / rate
        self._lock = threading.Lock()
        self._finished = threading.Event()
        self._thread: threading.Thread | None = None
        self._driver_lost = False
        self.state: RobotState | None = None
        self.error = ""
        self.cycles = self.late_cycles = 0
        self.costs: deque[float] = deque(maxlen=1000)
        self._last_cycle = time.monotonic()
        self._clock = ClockWatch()

    def start(self) -> None:
        """Begin to run; the guard may be inactive, then the robot is only read."""
        self._finished.clear()
        # What there is by now will stay: no need to look through it for garbage between two commands.
        gc.collect()
        gc.freeze()
        self._thread = threading.Thread(target=self._run, name="control loop", daemon=True)
        self._thread.start()

    def activate(self, q: Array) -> None:
        """Let the guard command from the posture q [N] (rad) on; raises UserError when it may not."""
        with self._lock:
            self._guard.activate(q)
            # Heard again, and nothing is latched: what was lost while nobody commanded is no loss any more.
            self._driver_lost = self._driver_lost and bool(self._guard.fault)

    def settle(self, limit: float = 5.0) -> bool:
        """Bring the arm to rest and the guard to inactive, and give the robot its control back.

        Returns:
            Whether the guard was inactive within limit s; otherwise the robot keeps its control.
        """
        self._guard.deactivate()
        end = time.monotonic() + limit
        while self._guard.mode != Mode.INACTIVE and time.monotonic() < end and self._alive():
            self._finished.wait(self._period)
        if self._guard.mode != Mode.INACTIVE:
            return False
        self._give_back()
        return True

    def stop(self) -> None:
        """Come to rest, end the thread and let the robot hold; may be called twice."""
        if self._thread is None:
            return
        settled = self.settle()
        self._finished.set()
        self._thread.join()
        self._thread = None
        gc.unfreeze()
        if not settled:
            self._give_back()

    def reset(self) -> str:
        """Make a robot ready again that was lost or did not follow, then clear the guard's fault.

        Both without a cycle in between, which could write a command from before the loss: the arm may be
        elsewhere by now. While the command still moves nothing is done: the stop comes first.

        Returns:
            Why the fault stays, or an empty string.

        Raises:
            UserError: the robot cannot be made ready.
        """
        with self._lock:
            if self._guard.mode not in (Mode.FAULT, Mode.INACTIVE):
                return self._guard.reset()
            lost = self._driver_lost or self._guard.fault in ("driver_lost", "tracking_error")
            refusal = self._guard.reset(self._recovered().q if lost else None)
            if not refusal:
                self._driver_lost, self.error = False, ""
            return refusal

    def replace(self, change: Callable[[], None]) -> None:
        """Let a change put the robot elsewhere (a new simulated scene), and hold there."""
        with self._lock:
            change()
            self.state = self._driver.read()
            self._guard.restart(self.state.q)

    def standstill(self) -> float:
        """Return the seconds since the last cycle: a driver that does not come back stops them all."""
        return time.monotonic() - self._last_cycle

    def cost_percentile(self, percent: float) -> float:
        """Return a percentile of the guard's own time per cycle, s; NaN before the first."""
        return float(np.percentile(list(self.costs), percent)) if self.costs else float("nan")

    def cycle(self) -> None:
        """Read, guard, write, report: once."""
        with self._lock:
            state = self._read()
            self._note_standstill()
            self._note_clock()
            if state is None:
                return
            now_ns = time.time_ns()
            begin = time.perf_counter()
            output = self._guard.update(now_ns, state.q, state.dq)
            self.costs.append(time.perf_counter() - begin)
            self._write(output)
        self._on_cycle(now_ns, state, output)

    def _give_back(self) -> None:
        with self._lock:
            try:
                self._driver.stop()
            except Exception as error:  # the robot had ended the control by itself, which is told here
                self._driver_lost = True
                self.error = f"the robot ended the control: {type(error).__name__}: {error}"

    def _recovered(self) -> RobotState:
        self._driver.recover()
        try:
            self.state = self._driver.read()
        except Exception as error:  # whatever a driver raises: who asked can ask again
            what = f"the robot is not heard after its recovery: {type(error).__name__}: {error}"
            raise UserError(what, "see the driver's messages, then reset again") from error
        return self.state

    def _note_standstill(self) -> None:
        # Monotonic: a wall clock that is set is no standstill.
        last, self._last_cycle = self._last_cycle, time.monotonic()
        self._guard.stalled(self._last_cycle - last)

    def _note_clock(self) -> None:
        # A step back the guard sees by itself; after one forward every stream would only look old.
        jump = self._clock.jump()
        if jump > CLOCK_STEP:
            self._guard.trip("clock_jump", f"the clock was set forward by {jump:.2f} s; reset to go on")

    def _read(self) -> RobotState | None:
        try:
            state = self._driver.read()
        except Exception as error:  # whatever a driver raises, the arm must stop
            self._lose(error)
            return self.state
        if self.state is None or state.stamp_ns > self.state.stamp_ns:
            self._guard.note_input("joint_state", state.stamp_ns, time.time_ns())
        self.state = state
        return state

    def _write(self, output: GuardOutput) -> None:
        if output.q_command is None:
            return
        # A robot that comes back by itself must not jump to a command from before: it waits for the reset.
        if self._driver_lost and output.mode == Mode.FAULT:
            return
        try:
            self._driver.write(output.q_command, output.dq, output.gripper)
        except Exception as error:  # whatever a driver raises, the arm must stop
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        self._driver_lost = True
        self.error = f"the robot's driver failed: {type(error).__name__}: {error}"
        self._guard.trip("driver_lost", f"{self.error}; mend it, then reset")

    def _run(self) -> None:
        due = time.monotonic()
        while not self._finished.is_set():
            begin = time.monotonic()
            try:
                self.cycle()
            except Exception as error:  # fail closed: the loop lives on to bring the arm to rest
                self.error = f"{type(error).__name__}: {error}"
                self._guard.trip("internal", f"{self.error}; report this, then reset")
            self.cycles += 1
            self.late_cycles += time.monotonic() > due + self._period
            # Lost periods are not made up for: two commands at once would double the speed.
            spacing = LEAST_SPACING * self._period
            beat = due if begin - due <= spacing else begin
            due = max(beat + self._period, self._last_cycle + spacing)
            self._finished.wait(max(due - time.monotonic(), 0.0))

    def _alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()
