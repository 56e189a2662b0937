"""Runs the processes of the graph: labels their output, restarts the dead, stops them all and leaves none.

One thread, one selector. Every child is told by the kernel when this process dies (exec_child.py), and a
keeper process kills what does not obey (keeper.py): nothing is left behind even when this process is killed.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vip_bringup.child import Child, describe_exit
from vip_bringup.restarts import RestartLimits, RestartPolicy
from vip_ros.errors import UserError

KEEPER = Path(__file__).with_name("keeper.py")
USER_ERROR_STATUS = 2
"""Exit status of a process that met what only the user can mend: starting it again is of no use."""


@dataclass(frozen=True)
class Program:
    """A process to keep running.

    Attributes:
        name: label of its output.
        command: program (absolute path) and arguments.
        on_exit: "restart" or "stop".
    """

    name: str
    command: Sequence[str]
    on_exit: str = "restart"


@dataclass(frozen=True)
class StopTimes:
    """How long programs may take to stop.

    Attributes:
        kill: s after the request, a SIGTERM, at which what still runs is killed.
    """

    kill: float = 12.0


@dataclass
class _Slot:
    program: Program
    policy: RestartPolicy
    child: Child | None = None
    start_at: float = field(default=0.0)


class Supervisor:
    """Keeps programs running until a signal or a program's end stops them all.

    Args:
        programs: what to run, in the order of starting; stopped in the opposite order.
        say: receives every line to show: (program's name, text).
        environment: environment of the programs.
        limits: patience with programs that die.
        times: patience with programs that do not stop.
        keep_open: file descriptors that the keeper holds until the last program is gone.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        say: Callable[[str, str], None],
        environment: Mapping[str, str],
        limits: RestartLimits | None = None,
        times: StopTimes | None = None,
        keep_open: Sequence[int] = (),
    ) -> None:
        limits = limits or RestartLimits()
        self._slots = [_Slot(program, RestartPolicy(limits)) for program in programs]
        self._say, self._environment = say, environment
        self._times = times or StopTimes()
        self._keep_open = tuple(keep_open)
        self._selector = selectors.DefaultSelector()
        self._stop_asked: float | None = None
        self._requests = 0
        self._killed = False
        self._failure: UserError | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Run until asked to stop by SIGINT, SIGTERM or SIGHUP; returns when no process is left.

        Raises:
            UserError: a program's end stopped the rest; says which and why.
        """
        with self._signals(), self._watched():
            while not self._finished():
                self._step(time.monotonic())
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ask all programs to stop; asking a third time kills them at once."""
        self._requests += 1
        if self._stop_asked is None:
            self._stop_asked = time.monotonic()
            self._show("", "stopping")
            # SIGTERM, not SIGINT: a Python that is still starting up ends by it without a traceback.
            self._signal_all(signal.SIGTERM)
        elif self._requests == 3:
            self._kill()

    def _show(self, name: str, text: str) -> None:
        try:
            self._say(name, text)
        except BrokenPipeError:
            # Nobody reads on: the person who started this is gone.
            self._say = lambda *_: None
            self.stop()
        except (OSError, UnicodeError):
            # A full disk or a terminal of other letters is no reason to end a robot's programs.
            return

    def _finished(self) -> bool:
        return self._stop_asked is not None and all(slot.child is None for slot in self._slots)

    def _step(self, now: float) -> None:
        if self._stop_asked is None:
            for slot in self._slots:
                if slot.child is None and now >= slot.start_at:
                    self._start(slot, now)
        else:
            if now - self._stop_asked >= self._times.kill:
                self._kill()
        for key, _ in self._selector.select(self._patience(now)):
            if isinstance(key.data, _Slot):
                self._show_output(key.data)
            else:
                self._read_signals(key.data)
        for slot in self._slots:
            if slot.child is not None and slot.child.process.poll() is not None:
                self._ended(slot, slot.child, time.monotonic())

    def _patience(self, now: float) -> float:
        due = [slot.start_at for slot in self._slots if slot.child is None]
        if self._stop_asked is not None:
            return 0.1
        return max(0.0, min([0.5, *(at - now for at in due)]))

    def _start(self, slot: _Slot, now: float) -> None:
        child = Child(slot.program.name, slot.program.command, self._environment, now)
        slot.child = child
        self._tell_keeper(f"+{child.group}")
        self._selector.register(child.output, selectors.EVENT_READ, slot)

    def _show_output(self, slot: _Slot, at_end: bool = False) -> None:
        child = slot.child
        if child is None:
            return
        for line in child.read_lines(at_end):
            self._show(slot.program.name, line)
        if child.output_closed:
            with contextlib.suppress(KeyError):
                self._selector.unregister(child.output)

    def _ended(self, slot: _Slot, child: Child, now: float) -> None:
        self._show_output(slot, at_end=True)
        with contextlib.suppress(KeyError):
            self._selector.unregister(child.output)
        child.close()
        self._tell_keeper(f"-{child.group}")
        slot.child = None
        if self._stop_asked is None:
            self._answer_death(slot, child, now)

    def _answer_death(self, slot: _Slot, child: Child, now: float) -> None:
        status = child.process.returncode
        ending = f"{slot.program.name} {describe_exit(status)}"
        if status == USER_ERROR_STATUS:
            self._fail(_message_of(child.last_line) or ending)
            return
        if slot.program.on_exit == "stop":
            self._fail(f"{ending}; everything was stopped", "on_exit of this node is 'stop'")
            return
        delay = slot.policy.died(now - child.started)
        if delay is None:
            self._fail(f"{ending}, {slot.policy.deaths} times in a row", _message_of(child.last_line))
            return
        slot.start_at = now + delay
        self._show("", f"{ending}; starting it again in {delay:g} s")

    def _fail(self, what: str, mend: str = "") -> None:
        self._failure = UserError(what, mend)
        self.stop()

    def _kill(self) -> None:
        if self._killed:
            return
        self._killed = True
        late = [slot.program.name for slot in self._slots if slot.child is not None]
        self._show("", f"killing what does not stop: {', '.join(late)}")
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: int) -> None:
        for slot in reversed(self._slots):
            if slot.child is not None:
                slot.child.signal(number)

    def _tell_keeper(self, line: str) -> None:
        if self._keeper is None or self._keeper.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError):
            self._keeper.stdin.write(f"{line}\n".encode())
            self._keeper.stdin.flush()

    def _read_signals(self, receiver: socket.socket) -> None:
        for number in receiver.recv(64):
            if number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                self.stop()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn signals into bytes on a socket that the selector waits on."""
        receiver, sender = socket.socketpair()
        for end in (receiver, sender):
            end.setblocking(False)
        self._selector.register(receiver, selectors.EVENT_READ, receiver)
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        before = {number: signal.signal(number, lambda *_: None) for number in numbers}
        wakeup = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._selector.close()
            receiver.close()
            sender.close()

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Run the keeper beside; whatever happens here, no child outlives this block."""
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(KEEPER)],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=self._keep_open,
        )
        try:
            yield
        finally:
            for slot in self._slots:
                if slot.child is not None:
                    slot.child.close()
                    slot.child.process.wait()
            assert self._keeper.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                self._keeper.stdin.close()
            self._keeper.wait()


def child_environment() -> dict[str, str]:
    """Return the environment for nodes: unbuffered, one short line per log message, a log folder."""
    environment = dict(os.environ)
    environment["PYTHONUNBUFFERED"] = "1"
    environment.setdefault("RCUTILS_LOGGING_BUFFERED_STREAM", "1")
    environment.setdefault("RCUTILS_CONSOLE_OUTPUT_FORMAT", "[{severity}] {message}")
    if "HOME" not in environment:
        environment.setdefault("ROS_LOG_DIR", f"/tmp/ros-log-{os.getuid()}")
    return environment


def _message_of(line: str) -> str:
    """Strip the log severity and the program's name from a line of output."""
    return re.sub(r"^\[(?:DEBUG|INFO|WARN|ERROR|FATAL)\] ", "", line.strip())
