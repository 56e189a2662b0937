"""A single-threaded executor that keeps its wait set from one wait to the next.

rclpy's own gathers every entity of the node and builds a wait set anew for each wait, and each callback wakes
it a second time for nothing. At a robot's rates that was most of the CPU that a node took. rclpy's events
executor would be cheaper still, but that of Jazzy's wheels (rclpy 7.1.6) fails on some of these nodes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from threading import Lock
from typing import Any

from rclpy._rclpy_pybind11 import RCLError
from rclpy.context import Context
from rclpy.exceptions import InvalidHandle
from rclpy.executors import (
    Executor,
    ExternalShutdownException,
    SingleThreadedExecutor,
    TimeoutObject,
)
from rclpy.guard_condition import GuardCondition
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.task import Task
from rclpy.utilities import timeout_sec_to_nsec
from rclpy.waitable import NumberOfEntities

# Kinds of entities in the order in which rclpy runs what is ready: name in the wait set, the
# node's own of it, and how one is taken.
_KINDS = (
    ("timer", "timers", "_take_timer"),
    ("subscription", "subscriptions", "_take_subscription"),
    ("guard_condition", "guards", "_take_guard_condition"),
    ("client", "clients", "_take_client"),
    ("service", "services", "_take_service"),
)
# The order in which a wait set and rclpy's NumberOfEntities count.
_COUNTED = ("subscription", "guard_condition", "timer", "client", "service")
_TAKE_WAITABLE = "_take_waitable"
# What this executor knows of rclpy's inside; one that has changed is used as it is.
_NEEDED = (
    *(take for _, _, take in _KINDS), _TAKE_WAITABLE, "_spin_once_impl",
    # rclpy 7.1.9 keeps its tasks otherwise.
    "_tasks", "_tasks_lock", "_guard", "_sigint_gc", "_is_shutdown", "_context",
)  # fmt: skip


def make_executor(context: Context | None = None) -> Executor:
    """Return the executor that every process of the stack spins its nodes with."""
    plain = SingleThreadedExecutor(context=context)
    if not all(hasattr(plain, name) for name in _NEEDED):
        return plain
    plain.shutdown()
    return LeanExecutor(context=context)


class _Entities:
    """What is waited for; each of it is kept from being destroyed until the next time this is made.

    Args:
        nodes: whose entities are waited for.
        own: guard conditions that only wake.
        context: of ROS.
    """

    def __init__(self, nodes: list[Node], own: tuple[GuardCondition, ...], context: Context) -> None:
        self._held = ExitStack()
        self._hold(context.handle)
        self._handles: dict[str, list[Any]] = {}
        self._by_pointer: dict[str, dict[int, Any]] = {}
        for kind, attribute, _ in _KINDS:
            entities = [entity for node in nodes for entity in getattr(node, attribute) if _is_called(entity)]
            held = [entity for entity in entities if self._hold(entity.handle)]
            self._handles[kind] = [entity.handle for entity in held]
            self._by_pointer[kind] = {entity.handle.pointer: entity for entity in held}
        self._handles["guard_condition"] += [guard.handle for guard in own if self._hold(guard.handle)]
        waitables = [waitable for node in nodes for waitable in node.waitables if _is_called(waitable)]
        self._waitables = [waitable for waitable in waitables if self._hold(waitable)]
        self._wait_set = self._made(context)

    def _hold(self, handle: Any) -> bool:
        try:
            self._held.enter_context(handle)
        except InvalidHandle:  # destroyed meanwhile
            return False
        return True

    def _made(self, context: Context) -> Any:
        total = NumberOfEntities(*(len(self._handles[kind]) for kind in _COUNTED))
        for waitable in self._waitables:
            total += waitable.get_num_entities()
        numbers = (*(getattr(total, f"num_{kind}s") for kind in _COUNTED), total.num_events)
        return rclpy_implementation.WaitSet(*numbers, context.handle)

    def wait(self, timeout: int) -> list[tuple[str, Any]]:
        """Wait for at most timeout ns (-1: for ever); returns what is ready, and how each is taken."""
        waited = self._wait_set
        waited.clear_entities()
        for kind, handles in self._handles.items():
            add = getattr(waited, f"add_{kind}")
            for handle in handles:
                add(handle)
        for waitable in self._waitables:
            waitable.add_to_wait_set(waited)
        waited.wait(timeout)
        ready = [(_TAKE_WAITABLE, waitable) for waitable in self._waitables if waitable.is_ready(waited)]
        for kind, _, take in _KINDS:
            of_kind = self._by_pointer[kind]
            pointers = waited.get_ready_entities(kind)
            ready += [(take, of_kind[pointer]) for pointer in pointers if pointer in of_kind]
        return ready

    def close(self) -> None:
        """Let all of it be destroyed."""
        self._held.close()


def _is_called(entity: Any) -> bool:
    """Tell whether its callback group ever lets it be called."""
    return bool(entity.callback_group.can_execute(entity))


class LeanExecutor(SingleThreadedExecutor):
    """Runs callbacks in the thread that spins, in rclpy's order, for less CPU.

    Entities can be made and destroyed in every thread. One callback runs at a time, unless it awaits; a
    callback group can only refuse its entities for ever.

    Args:
        context: of ROS; None: the default one.
    """

    def __init__(self, *, context: Context | None = None) -> None:
        self._changed = True
        self._entities: _Entities | None = None
        self._queue: deque[Callable[[], Task | None]] = deque()
        self._waiting = Lock()
        super().__init__(context=context)

    def wake(self) -> None:
        """Look again at which entities there are, before the next wait."""
        self._changed = True
        super().wake()

    def add_node(self, node: Node) -> bool:
        """Add a node; returns whether it is a new one."""
        self._changed = True
        return bool(super().add_node(node))

    def remove_node(self, node: Node) -> None:
        """Leave a node to others."""
        super().remove_node(node)
        self.wake()

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """End a wait in whatever thread and let go of all entities; nobody can spin afterwards."""
        self._is_shutdown = True
        self.wake()
        with self._waiting:
            self._let_go()
        return bool(super().shutdown(timeout_sec))

    def _spin_once_impl(
        self,
        timeout_sec: float | TimeoutObject | None = None,
        wait_condition: Callable[[], bool] = lambda: False,
    ) -> None:
        if wait_condition():
            return
        if not self._queue:
            self._wait(timeout_sec.timeout if isinstance(timeout_sec, TimeoutObject) else timeout_sec)
        while self._queue and not self._is_shutdown:
            task = self._queue.popleft()()
            if task is not None:
                self._run(task)
                return

    def _run(self, task: Task) -> None:
        task()
        self._forget_tasks()
        if task.done():
            task.result()  # raises what the callback raised

    def _wait(self, timeout: float | None) -> None:
        """Wait for work and queue what is ready; raises ExternalShutdownException without a context."""
        with self._waiting:
            if self._is_shutdown:
                return
            try:
                ready = self._gathered().wait(timeout_sec_to_nsec(timeout))
            except RCLError:
                if self._context.ok():
                    raise
                raise ExternalShutdownException() from None
        if not (self._is_shutdown or self._context.ok()):
            raise ExternalShutdownException()
        self._queue.extend(partial(_same, task) for task, _, _ in tuple(self._tasks))
        self._queue.extend(partial(self._take, name, entity) for name, entity in ready)

    def _gathered(self) -> _Entities:
        if self._changed or self._entities is None:
            self._changed = False
            self._let_go()
            self._entities = _Entities(self.get_nodes(), (self._guard, self._sigint_gc), self._context)
        return self._entities

    def _let_go(self) -> None:
        if self._entities is not None:
            self._entities.close()
            self._entities = None

    def _forget_tasks(self) -> None:
        with self._tasks_lock:
            self._tasks = [row for row in self._tasks if not (row[0].done() or row[0].cancelled())]

    def _take_timer(self, timer: Any) -> Any:
        """A timer that was cancelled is told ready all the same, or a callback since has cancelled it."""
        return super()._take_timer(timer) if timer.handle.is_timer_ready() else None

    def _take(self, name: str, entity: Any) -> Task | None:
        try:
            coroutine = getattr(self, name)(entity)
        except InvalidHandle:  # destroyed by a callback before it
            return None
        if coroutine is None:
            return None
        task = Task(coroutine, executor=self)
        with self._tasks_lock:
            if self._tasks:
                # One of them may await what this callback does.
                super().wake()
            self._tasks.append((task, entity, None))
        return task


def _same(task: Task) -> Task:
    return task
