"""Keys of a terminal that only repeats them: a tap nudges, holding drives, silence lets go."""

from __future__ import annotations

import numpy as np
import pytest

from vip_teleop.keys import HELP, MOTION, PRESSES, TAP, HeldKeys, split_keys


def test_a_tap_moves_briefly_and_the_switch_is_held_until_the_terminal_would_repeat():
    keys = HeldKeys(dead_man=0.8)
    keys.press("w", 0.0)
    assert keys.twist(0.05).tolist() == [1, 0, 0, 0, 0, 0] and keys.engaged(0.05)
    assert not keys.twist(TAP + 0.01).any() and keys.engaged(0.7)
    assert not keys.engaged(0.81)


def test_a_held_key_drives_without_gaps_and_stops_soon_after_the_last_repetition():
    keys = HeldKeys(dead_man=0.8)
    keys.press("a", 0.0)
    times = 0.5 + np.arange(20) / 30
    for now in times:
        keys.press("a", now)
        assert keys.twist(now + 0.06)[1] == 1
    assert not keys.twist(times[-1] + 0.1).any()
    assert keys.engaged(times[-1] + 0.1) and not keys.engaged(times[-1] + 0.9)


def test_another_key_takes_over_at_once_and_space_lets_go_at_once():
    keys = HeldKeys(dead_man=0.8)
    keys.press("w", 0.0)
    keys.press("d", 0.02)
    assert keys.twist(0.03).tolist() == [0, -1, 0, 0, 0, 0]
    keys.press(" ", 0.04)
    assert not keys.twist(0.04).any() and not keys.engaged(0.04)


def test_only_motion_and_gripper_hold_the_switch():
    keys = HeldKeys(dead_man=0.8)
    assert keys.press("+", 0.0) == "faster" and not keys.engaged(0.0)
    assert keys.press("?", 0.0) == "" and not keys.engaged(0.0)
    assert keys.press("g", 0.0) == "gripper" and keys.engaged(0.0) and not keys.twist(0.0).any()


def test_a_key_that_was_held_before_counts_only_after_it_was_let_go():
    keys = HeldKeys(dead_man=0.8)
    keys.press("w", 0.0)
    keys.forget("hww", 0.1)
    assert not keys.engaged(0.1) and not keys.twist(0.1).any()
    for now in 0.1 + np.arange(60) / 30:
        keys.press("w", now)
        assert keys.deaf(now) and not keys.engaged(now) and not keys.twist(now).any()
    keys.press("w", 3.0)
    assert keys.engaged(3.0) and keys.twist(3.0)[0] == 1


def test_without_a_held_key_the_next_press_drives():
    keys = HeldKeys(dead_man=0.8)
    keys.press("w", 0.0)
    keys.forget("h1", 0.1)
    assert not keys.engaged(0.1)
    keys.press("w", 0.2)
    assert keys.engaged(0.2) and keys.twist(0.2)[0] == 1


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("ww\x1b[A", ["w", "w", "w"]),
        ("\x1b[D\x1bOC", ["a", "d"]),
        ("\x1b[1;5Pg", ["g"]),
        ("\x1b[3~t", ["t"]),
        ("\x1b", []),
        ("", []),
    ],
)
def test_arrows_are_directions_and_unknown_sequences_are_no_keys(text, keys):
    assert split_keys(text) == keys


def test_the_help_names_every_key():
    text = " ".join(HELP)
    assert all(key in text for key in [*MOTION, *PRESSES] if key != "=")
    assert not set(MOTION) & set(PRESSES)
