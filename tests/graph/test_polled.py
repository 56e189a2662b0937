"""Subscriptions that are read on demand."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from graph.helpers import Probe
from std_msgs.msg import Float32

from vip_ros.polled import Polled
from vip_ros.qos import RELIABLE_1, RELIABLE_10
from vip_ros.spinning_node import SpinningNode

pytestmark = pytest.mark.graph


@pytest.fixture
def probe(ros_domain: int) -> Iterator[Probe]:
    with Probe() as probe:
        yield probe


def collect(probe: Probe, polled: Polled[Float32], count: int) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []

    def enough() -> bool:
        found.extend((message.data, age) for message, age in polled.all())
        return len(found) >= count

    probe.wait_for(enough, what=f"{count} messages")
    return found


def test_what_came_waits_in_order_with_its_age(probe: Probe) -> None:
    with SpinningNode("reader") as reader:
        polled = Polled(reader.node, Float32, "numbers", RELIABLE_10)
        numbers = probe.publisher(Float32, "numbers", RELIABLE_10)
        probe.wait_matched(numbers)
        assert polled.all() == [] and polled.newest() is None
        start = time.monotonic()
        for number in range(5):
            numbers.publish(Float32(data=float(number)))
        found = collect(probe, polled, 5)
        assert [number for number, _ in found] == [0.0, 1.0, 2.0, 3.0, 4.0]
        assert all(0.0 <= age <= time.monotonic() - start for _, age in found)
        polled.close()
        probe.wait_for(lambda: numbers.get_subscription_count() == 0, what="the reader's end")


def test_only_the_newest_waits_where_the_profile_keeps_one(probe: Probe) -> None:
    with SpinningNode("reader") as reader:
        polled = Polled(reader.node, Float32, "numbers", RELIABLE_1)
        numbers = probe.publisher(Float32, "numbers", RELIABLE_10)
        last = probe.subscribe(Float32, "numbers", RELIABLE_10)
        probe.wait_matched(numbers, count=2)
        for number in range(5):
            numbers.publish(Float32(data=float(number)))
        probe.wait_for(lambda: len(last) == 5, what="all numbers")
        newest: list[float] = []

        def arrived() -> bool:
            message = polled.newest()
            newest.extend([] if message is None else [message.data])
            return bool(newest) and newest[-1] == 4.0

        probe.wait_for(arrived, what="the newest number")
        assert polled.newest() is None
