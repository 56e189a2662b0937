"""The supervisor with real child processes: restart, stop, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vip_bringup.lock import DomainLock
from vip_bringup.restarts import RestartLimits, RestartPolicy
from vip_bringup.supervisor import Program, StopTimes, Supervisor
from vip_ros.errors import UserError

LIMIT = 20.0  # s; far more than any of this takes, even on a busy machine
QUICK = RestartLimits(first_delay=0.05, longest_delay=0.1, attempts=3)
# Short sleeps for ever: a signal that comes just before one is seen after it, and not after ten minutes.
SLEEPER = "print('ready', flush=True); import time; any(time.sleep(0.1) for _ in iter(int, 1))"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER


def _python(name: str, code: str, on_exit: str = "restart") -> Program:
    return Program(name, [sys.executable, "-I", "-S", "-c", code], on_exit)


def _until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.01)


def _gone(pid: int) -> bool:
    """True when the process is gone, or dead and only waiting to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


class _Script:
    """Collects the supervisor's lines and sends this process a signal once a line has come."""

    def __init__(self, stop_after: str = "", count: int = 1) -> None:
        self.lines: list[str] = []
        self._wanted, self._left = stop_after, count

    def say(self, name: str, text: str) -> None:
        self.lines.append(f"{name}: {text}")
        if self._wanted and self._wanted in self.lines[-1]:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), UnicodeEncodeError("l", "é", 0, 1, "")]
)
def test_a_line_that_cannot_be_written_ends_nobody_by_force(tmp_path: Path, error: Exception) -> None:
    script, done = _Script("ready"), tmp_path / "done"

    def say(name: str, text: str) -> None:
        script.say(name, text)
        raise error

    touch = f"pathlib.Path({str(done)!r}).touch()"
    code = f"import pathlib, signal, sys; signal.signal(15, lambda *_: ({touch}, sys.exit()));"
    Supervisor([_python("a", code + SLEEPER)], say, dict(os.environ)).run()
    assert done.exists(), script.lines


def test_output_is_labelled_and_ctrl_c_ends_all() -> None:
    script = _Script("ready", count=2)
    Supervisor([_python("a", SLEEPER), _python("b", SLEEPER)], script.say, dict(os.environ)).run()
    assert {"a: ready", "b: ready", ": stopping"} <= set(script.lines)


def test_last_words_without_a_line_end_are_shown() -> None:
    script = _Script()
    program = _python("a", "import sys; sys.stdout.write('half a line'); sys.exit(2)")
    with pytest.raises(UserError, match="half a line"):
        Supervisor([program], script.say, dict(os.environ)).run()
    assert "a: half a line" in script.lines


def test_killed_program_is_started_again() -> None:
    script = _Script("a: ready", count=2)
    code = "print('ready', flush=True); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    Supervisor([_python("a", code)], script.say, dict(os.environ), limits=QUICK).run()
    assert ": a was killed by SIGKILL; starting it again in 0.05 s" in script.lines


def test_program_that_dies_again_and_again_is_given_up_with_its_last_words() -> None:
    script = _Script()
    program = _python("a", "print('[ERROR] the reason'); raise SystemExit(1)")
    with pytest.raises(UserError, match=r"a exited with status 1, 4 times in a row: the reason"):
        Supervisor([program, _python("b", SLEEPER)], script.say, dict(os.environ), limits=QUICK).run()


def test_program_with_policy_stop_ends_the_rest() -> None:
    script = _Script()
    programs = [_python("b", SLEEPER), _python("guard", "raise SystemExit(7)", on_exit="stop")]
    with pytest.raises(UserError, match="guard exited with status 7; everything was stopped"):
        Supervisor(programs, script.say, dict(os.environ)).run()


def test_users_mistake_is_not_tried_again() -> None:
    script = _Script()
    program = _python("a", "print('[ERROR] no such goal: mend it'); raise SystemExit(2)")
    with pytest.raises(UserError, match="^no such goal: mend it$"):
        Supervisor([program], script.say, dict(os.environ), limits=QUICK).run()


def test_program_that_ignores_the_signal_is_killed() -> None:
    script = _Script("ready")
    Supervisor([_python("a", STUBBORN)], script.say, dict(os.environ), times=StopTimes(kill=0.3)).run()
    assert ": killing what does not stop: a" in script.lines


def test_what_a_program_started_ends_with_it() -> None:
    script = _Script("ready")
    code = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c',"
        " 'import time; time.sleep(600)']); print('child', child.pid, flush=True); " + SLEEPER
    )
    Supervisor([_python("a", code)], script.say, dict(os.environ)).run()
    (pid,) = (int(line.split()[-1]) for line in script.lines if "child" in line)
    _until(lambda: _gone(pid))


@pytest.mark.parametrize("code", [SLEEPER, STUBBORN], ids=["obeying", "stubborn"])
def test_nothing_is_left_when_the_supervisor_is_killed(code: str, tmp_path: Path) -> None:
    runner = tmp_path / "runner.py"
    runner.write_text(
        "import os, sys\n"
        "from vip_bringup.supervisor import Program, Supervisor\n"
        "code = 'import os; print(os.getpid(), flush=True);' + sys.argv[1]\n"
        "programs = [Program('a', [sys.executable, '-I', '-S', '-c', code])]\n"
        "Supervisor(programs, lambda name, text: print(text, flush=True), dict(os.environ)).run()\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(runner), code], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    assert process.stdout.readline().strip() == "ready"
    process.kill()
    process.wait()
    _until(lambda: _gone(pid))


def test_broken_output_pipe_stops_all() -> None:
    def say(name: str, text: str) -> None:
        raise BrokenPipeError

    Supervisor([_python("a", SLEEPER)], say, dict(os.environ)).run()


def test_signal_handlers_are_given_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    Supervisor([_python("a", SLEEPER)], _Script("ready").say, dict(os.environ)).run()
    assert signal.getsignal(signal.SIGINT) is before


def test_restart_delay_grows_and_is_forgotten_after_health() -> None:
    policy = RestartPolicy(RestartLimits(first_delay=1, longest_delay=3, healthy_after=30, attempts=4))
    assert [policy.died(0.1) for _ in range(4)] == [1, 2, 3, 3]
    assert policy.died(31.0) == 1
    assert [policy.died(0.1) for _ in range(4)] == [2, 3, 3, None]


def test_second_stack_on_a_domain_is_refused(ros_domain: int, tmp_path: Path) -> None:
    lock = DomainLock(tmp_path)
    with pytest.raises(
        UserError, match=rf"already running on ROS domain {ros_domain} \(process {os.getpid()}\)"
    ):
        DomainLock(tmp_path)
    lock.release()
    DomainLock(tmp_path).release()


def test_domain_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "seven")
    with pytest.raises(UserError, match="ROS_DOMAIN_ID is 'seven'"):
        DomainLock(tmp_path)
