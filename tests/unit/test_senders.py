"""Several publishers on one topic are told from one that was started anew."""

from __future__ import annotations

import pytest
from unit.guard_rig import Rig

from vip_ros.senders import MixedSenders


def test_one_publisher_that_loses_messages_and_starts_anew_is_one() -> None:
    senders = MixedSenders()
    numbers = [1, 2, 5, 6, 1, 2, 3, 1, 2]
    assert not any(senders.note(number, 0.1 * k) for k, number in enumerate(numbers))


@pytest.mark.parametrize("ahead", [0, 1, 1000])
def test_two_publishers_are_noticed_within_three_rounds(ahead: int) -> None:
    senders = MixedSenders()
    said = [senders.note(number + shift, 0.1) for number in range(4) for shift in (ahead, 0)]
    assert not said[3] and said[-1]


def test_a_second_publisher_that_left_is_forgotten() -> None:
    senders = MixedSenders(window=1.0)
    for number in (10, 1, 11, 2, 12, 3):
        senders.note(number, 0.1)
    assert senders.note(13, 0.5)
    assert not senders.note(14, 1.2)


def test_a_middleware_without_numbers_says_nothing() -> None:
    senders = MixedSenders()
    assert not any(senders.note(None, 0.0) for _ in range(10))


def test_chunks_of_two_policies_are_refused_until_one_leaves() -> None:
    rig = Rig()
    rig.run(0.1)
    reasons = []
    for number in range(4):
        for ahead in (0, 50):
            rig.cycle()
            reasons.append(rig.submit(number=number + ahead))
    assert reasons[0] == "" and "several programs send chunks as 'policy'" in reasons[-1]


def test_a_person_who_takes_over_is_no_second_policy() -> None:
    rig = Rig()
    rig.run(0.1)
    for number in range(6):
        for source, ahead in (("policy", 0), ("teleop", 50)):
            rig.cycle()
            assert "several" not in rig.submit(number=number + ahead, source=source)
