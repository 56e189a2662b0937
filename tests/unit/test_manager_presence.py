"""Which of two managers gives way."""

from __future__ import annotations

import pytest

from vip_bringup.presence import Identity


def test_identity_survives_the_way() -> None:
    identity = Identity.own(["franka_node", "camera_node"])
    assert identity.nodes == ("camera_node", "franka_node")
    assert Identity.from_text(identity.to_text()) == identity


def test_the_later_of_two_with_a_node_in_common_gives_way() -> None:
    early = Identity(1, "z", ("camera_node", "franka_node"), "process 9 on a")
    late = Identity(2, "a", ("franka_node",), "process 1 on b")
    assert late.gives_way_to(early)
    assert not early.gives_way_to(late)


def test_parts_of_one_stack_on_two_machines_do_not_mind_each_other() -> None:
    robot = Identity(1, "z", ("camera_node", "franka_node"), "process 9 on a")
    encoder = Identity(2, "a", ("policy_node", "reward_node"), "process 1 on b")
    assert not encoder.gives_way_to(robot) and not robot.gives_way_to(encoder)


def test_two_of_the_same_time_do_not_both_give_way() -> None:
    one, other = Identity(5, "a", ("n",), "x"), Identity(5, "b", ("n",), "x")
    assert one.gives_way_to(other) != other.gives_way_to(one)


@pytest.mark.parametrize("text", ["", "hello", "x y z", "5 key", "x y z w"])
def test_a_foreign_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=".*"):
        Identity.from_text(text)
