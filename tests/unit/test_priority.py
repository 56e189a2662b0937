"""What shows gives way to what acts: alone in its session the whole session, in a terminal itself only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vip_ros.priority import ALL, LITTLE, give_way

_SAY = (
    "import os, pathlib; from vip_ros.priority import give_way; give_way(); "
    "print(os.getpriority(os.PRIO_PROCESS, 0), pathlib.Path('/proc/self/autogroup').read_text())"
)
needs_groups = pytest.mark.skipif(
    not os.access("/proc/self/autogroup", os.W_OK),
    reason="this system does not let processes be weighed by session",
)


def _said(**options: bool) -> list[str]:
    done = subprocess.run([sys.executable, "-c", _SAY], capture_output=True, text=True, check=True, **options)
    return done.stdout.split()


@needs_groups
def test_a_process_with_a_session_of_its_own_lowers_it() -> None:
    nice, _, _, session = _said(start_new_session=True)
    assert (int(nice), int(session)) == (max(LITTLE, os.getpriority(os.PRIO_PROCESS, 0)), LITTLE)


@needs_groups
def test_the_session_of_a_terminal_is_left_as_it_is() -> None:
    before = Path("/proc/self/autogroup").read_text(encoding="ascii").split()[-1]
    nice, _, _, session = _said()
    assert int(nice) >= LITTLE and session == before


def test_another_process_can_be_lowered_and_one_that_is_gone_is_no_error() -> None:
    sleeper = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        give_way(ALL, sleeper.pid)
        assert os.getpriority(os.PRIO_PROCESS, sleeper.pid) == ALL
    finally:
        sleeper.kill()
        sleeper.wait()
    give_way(ALL, sleeper.pid)


def test_nobody_is_raised() -> None:
    sleeper = subprocess.Popen(["nice", "-n", "10", "sleep", "60"])
    try:
        while Path(f"/proc/{sleeper.pid}/comm").read_text(encoding="ascii").strip() != "sleep":
            assert sleeper.poll() is None
        give_way(LITTLE, sleeper.pid)
        assert os.getpriority(os.PRIO_PROCESS, sleeper.pid) >= 10
    finally:
        sleeper.kill()
        sleeper.wait()
