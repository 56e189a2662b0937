"""The executor behind every node: what rclpy's own promises holds for the lean one, too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from std_msgs.msg import Int32
from std_srvs.srv import Trigger

from vip_ros import executor as module
from vip_ros.executor import LeanExecutor, make_executor
from vip_ros.middleware import configure_middleware
from vip_ros.polled import Polled
from vip_ros.qos import RELIABLE_10

pytestmark = pytest.mark.graph
_LIMIT = 20.0


class Rig:
    """A node and its lean executor, spun by the test itself."""

    def __init__(self) -> None:
        configure_middleware()
        self.context = Context()
        rclpy.init(context=self.context)
        self.node: Node = rclpy.create_node("lean", context=self.context)
        self.executor = LeanExecutor(context=self.context)
        self.executor.add_node(self.node)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _LIMIT
        while not condition():
            assert time.monotonic() < end, f"waited {_LIMIT:g} s for {what}"
            self.executor.spin_once(timeout_sec=0.1)

    def ask(self, name: str) -> Future:
        client = self.node.create_client(Trigger, name)
        self.until(client.service_is_ready, name)
        return client.call_async(Trigger.Request())

    def close(self) -> None:
        self.executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)


@pytest.fixture
def rig(ros_domain: int) -> Iterator[Rig]:
    made = Rig()
    yield made
    made.close()


def _succeed(request: Any, response: Any) -> Any:
    response.success = True
    return response


def test_messages_come_in_order_and_a_subscription_made_later_is_heard(rig: Rig) -> None:
    rig.executor.spin_once(timeout_sec=0.0)
    heard: list[int] = []
    publisher = rig.node.create_publisher(Int32, "numbers", RELIABLE_10)
    rig.node.create_subscription(Int32, "numbers", lambda message: heard.append(message.data), RELIABLE_10)
    rig.until(lambda: publisher.get_subscription_count() > 0, "the subscription")
    for number in range(8):
        publisher.publish(Int32(data=number))
    rig.until(lambda: len(heard) == 8, "eight messages")
    assert heard == list(range(8))


def test_a_callback_that_awaits_lets_the_others_run_and_is_resumed(rig: Rig) -> None:
    wanted: Future = Future(executor=rig.executor)

    async def answer(request: Any, response: Any) -> Any:
        response.message = await wanted
        return response

    rig.node.create_service(Trigger, "waits", answer, callback_group=ReentrantCallbackGroup())
    rig.node.create_service(Trigger, "quick", _succeed)
    slow, quick = rig.ask("waits"), rig.ask("quick")
    rig.until(quick.done, "the quick answer")
    assert not slow.done()
    rig.node.create_timer(0.05, lambda: wanted.done() or wanted.set_result("at last"))
    rig.until(slow.done, "the slow answer")
    assert slow.result().message == "at last"


def test_what_a_callback_raises_reaches_who_spins_and_the_next_one_runs(rig: Rig) -> None:
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 1:
            raise ValueError("broken")

    rig.node.create_timer(0.02, tick)
    with pytest.raises(ValueError, match="broken"):
        rig.until(lambda: False, "the error")
    rig.until(lambda: len(ticks) > 2, "more ticks")


def test_a_timer_that_is_cancelled_or_destroyed_is_not_called_again(rig: Rig) -> None:
    calls: list[str] = []
    first = rig.node.create_timer(0.01, lambda: (calls.append("first"), first.cancel()))
    second = rig.node.create_timer(0.01, lambda: (calls.append("second"), rig.node.destroy_timer(second)))
    third = rig.node.create_timer(0.05, lambda: calls.append("third"))
    rig.until(lambda: calls.count("third") >= 3, "the third timer")
    assert calls.count("first") == calls.count("second") == 1
    third.cancel()


def test_of_two_timers_that_are_due_and_cancel_each_other_one_is_called(rig: Rig) -> None:
    calls: list[str] = []
    first = rig.node.create_timer(0.01, lambda: (calls.append("first"), second.cancel()))
    second = rig.node.create_timer(0.01, lambda: (calls.append("second"), first.cancel()))
    threading.Event().wait(0.05)  # both are due before the first look
    rig.executor.spin_once(timeout_sec=1.0)
    rig.executor.spin_once(timeout_sec=0.0)
    assert len(set(calls)) == 1


def test_what_was_ready_and_is_destroyed_by_the_callback_before_it_is_left_out(rig: Rig) -> None:
    heard: list[str] = []
    subscriptions: list[Any] = []

    def hear(message: Int32) -> None:
        heard.append("one")
        while subscriptions:
            rig.node.destroy_subscription(subscriptions.pop())

    publisher = rig.node.create_publisher(Int32, "both", RELIABLE_10)
    subscriptions += [rig.node.create_subscription(Int32, "both", hear, RELIABLE_10) for _ in range(2)]
    rig.until(lambda: publisher.get_subscription_count() == 2, "both subscriptions")
    publisher.publish(Int32())
    rig.until(lambda: bool(heard), "the message")
    rig.executor.spin_once(timeout_sec=0.2)
    assert heard == ["one"]


def test_a_polled_subscription_does_not_wake_the_executor(rig: Rig) -> None:
    polled = Polled(rig.node, Int32, "polled", RELIABLE_10)
    publisher = rig.node.create_publisher(Int32, "polled", RELIABLE_10)
    rig.until(lambda: publisher.get_subscription_count() > 0, "the subscription")
    publisher.publish(Int32(data=7))
    taken: list[Int32] = []
    end = time.monotonic() + _LIMIT
    while not taken and time.monotonic() < end:
        taken += [message for message, _ in polled.all()]
    publisher.publish(Int32(data=8))
    rig.executor.spin_once(timeout_sec=0.0)
    ran: list[Any] = []
    rig.executor._run = ran.append  # type: ignore[method-assign]
    rig.executor.spin_once(timeout_sec=0.3)
    assert [message.data for message in taken] == [7] and not ran


def test_a_shutdown_from_another_thread_ends_a_wait_without_end(rig: Rig) -> None:
    entered = threading.Event()
    rig.node.create_timer(0.01, entered.set).reset()

    def spin() -> None:
        while not rig.executor._is_shutdown:
            rig.executor.spin_once(timeout_sec=None)

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    assert entered.wait(_LIMIT)
    rig.executor.shutdown(timeout_sec=1.0)
    thread.join(_LIMIT)
    assert not thread.is_alive()


def test_the_end_of_the_context_is_told(rig: Rig) -> None:
    rclpy.shutdown(context=rig.context)
    with pytest.raises(ExternalShutdownException):
        rig.executor.spin_once(timeout_sec=0.1)


def test_entities_come_and_go_in_another_thread_while_it_spins(rig: Rig) -> None:
    done = threading.Event()

    def churn() -> None:
        for _ in range(200):
            one = rig.node.create_subscription(Int32, "churn", lambda _: None, RELIABLE_10)
            two = rig.node.create_timer(0.001, lambda: None)
            rig.node.destroy_subscription(one)
            rig.node.destroy_timer(two)
        done.set()

    thread = threading.Thread(target=churn)
    thread.start()
    rig.until(done.is_set, "the other thread")
    thread.join(_LIMIT)
    ticks: list[int] = []
    rig.node.create_timer(0.01, lambda: ticks.append(1))
    rig.until(lambda: len(ticks) > 1, "a timer made afterwards")


def test_an_rclpy_whose_inside_has_changed_is_used_as_it_is(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    lean = make_executor(rig.context)
    assert isinstance(lean, LeanExecutor)
    lean.shutdown()
    monkeypatch.setattr(module, "_NEEDED", ("_take_something_new",))
    made = make_executor(rig.context)
    assert type(made) is SingleThreadedExecutor
    made.shutdown()
