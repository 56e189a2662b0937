"""What a person who drives sees: who has the arm, what is wrong, what is recorded."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
from vip_interfaces.msg import RecorderState

from vip_teleop.foreground import episode_line
from vip_teleop.screen import Picture, Screen, lines

PICTURE = Picture(
    device="keyboard",
    engaged=True,
    frame="tool",
    speeds=(0.1, 0.5),
    guard="TRACKING",
    driver="teleop",
    fault="",
    fault_detail="",
    tip=np.array([0.4, -0.1, 0.3]),
    width=(0.04, 0.08),
    task="close_drawer, not done yet",
    episode="",
    warnings=[],
    message="driving",
    help=["w ahead"],
)


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_screen_says_who_drives_how_fast_and_where():
    text = "\n".join(lines(PICTURE, colour=False))
    for part in ("DRIVING", "tool frame, 0.100 m/s", "the arm is with teleop", "y -0.100", "(wanted 0.080)"):
        assert part in text
    assert "\x1b" not in text and text.endswith("w ahead")


def test_a_fault_is_shown_with_its_mend_and_a_missing_guard_too():
    fault = dataclasses.replace(PICTURE, fault="stopped", fault_detail="reset to go on")
    assert "fault stopped: reset to go on" in "\n".join(lines(fault, colour=False))
    alone = dataclasses.replace(PICTURE, guard="", tip=None, width=(None, None))
    text = "\n".join(lines(alone, colour=False))
    assert "is franka_node up?" in text and "unknown" in text


def test_an_arm_that_was_taken_over_waits_to_be_handed_back():
    kept = dataclasses.replace(PICTURE, engaged=False, guard="HOLD")
    assert "yours until you hand it back" in "\n".join(lines(kept, colour=False))


def test_a_shorter_screen_leaves_nothing_of_a_longer_one_behind():
    out = Tty()
    screen = Screen(out)
    screen.draw(dataclasses.replace(PICTURE, warnings=["the camera is frozen"]))
    first = out.getvalue().count("\r\n")
    out.truncate(0)
    screen.draw(PICTURE)
    assert out.getvalue().count("\r\n") == first and f"\x1b[{first}A" in out.getvalue()


def test_without_a_terminal_only_changes_are_printed():
    out = io.StringIO()
    screen = Screen(out)
    for picture in (PICTURE, PICTURE, dataclasses.replace(PICTURE, engaged=False)):
        screen.draw(picture)
    assert len(out.getvalue().splitlines()) == 2


def test_the_recorders_state_is_one_line():
    state = RecorderState(state_name="RECORDING", episode="close_drawer_0003", duration=4.2, kept=2, wanted=5)
    assert (
        episode_line(state) == "RECORDING close_drawer_0003   4.2 s   not marked   kept 2 of 5, discarded 0"
    )
    assert episode_line(RecorderState(state_name="IDLE", kept=2)) == "IDLE   kept 2, discarded 0"
