"""Which of two managers gives way."""

from __future__ import annotations

import pytest

from vip_bringup.presence import Identity


def test_identity_survives_the_way() -> None:
    identity = Identity.own()
    assert Identity.from_text(identity.to_text()) == identity


def test_the_earlier_one_is_the_smaller() -> None:
    early, late = Identity(1, "z", "process 9 on a"), Identity(2, "a", "process 1 on b")
    assert early < late
    assert not late < early


def test_two_of_the_same_time_do_not_both_give_way() -> None:
    one, other = Identity(5, "a", "x"), Identity(5, "b", "x")
    assert (one < other) != (other < one)


@pytest.mark.parametrize("text", ["", "hello", "x y z", "5 key"])
def test_a_foreign_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=".*"):
        Identity.from_text(text)
