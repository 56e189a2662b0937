"""The capture loop: pace, end of stream, reconnecting with back-off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from vip_reward_node import capture
from vip_reward_node.cameras import CameraSource, Frame, SourceConfig
from vip_reward_node.capture import CaptureHooks, CaptureLoop
from vip_ros.errors import UserError

LIMIT = 10.0
PICTURE = np.zeros((2, 2, 3), np.uint8)


class Script(CameraSource):
    """Plays a script: a frame, an error to raise, or the end."""

    def __init__(self, steps: list[object], recorded: bool = False, rate: float = 0.0) -> None:
        super().__init__(SourceConfig("script", rate=rate))
        self._steps = list(steps)
        self.recorded = recorded  # type: ignore[misc]
        self.failing_opens = 0
        self.opened: list[float] = []
        self.closed = 0

    @classmethod
    def matches(cls, source: str) -> bool:
        return False

    def open(self) -> None:
        self.opened.append(time.monotonic())
        if self.failing_opens:
            self.failing_opens -= 1
            raise UserError("still gone")

    def read(self) -> Frame | None:
        step = self._steps.pop(0) if self._steps else None
        if isinstance(step, Exception):
            raise step
        return step  # type: ignore[return-value]

    def close(self) -> None:
        self.closed += 1


class Watch:
    """What the loop called."""

    def __init__(self) -> None:
        self.frames: list[float] = []
        self.errors: list[str] = []
        self.mends = 0
        self.listeners = 1
        self.changed = threading.Condition()

    def hooks(self, publish: Callable[[Frame], None] | None = None) -> CaptureHooks:
        return CaptureHooks(publish or self._frame, lambda: self.listeners, self._error, self._mended)

    def wait_for(self, predicate: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(predicate, LIMIT)

    def _frame(self, frame: Frame) -> None:
        with self.changed:
            self.frames.append(time.monotonic())
            self.changed.notify_all()

    def _error(self, error: Exception) -> None:
        with self.changed:
            self.errors.append(str(error))
            self.changed.notify_all()

    def _mended(self) -> None:
        with self.changed:
            self.mends += 1
            self.changed.notify_all()


def wait_until(predicate: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not predicate():
        assert time.monotonic() < end
        threading.Event().wait(0.005)


def test_a_recording_keeps_its_rate_and_ends_by_itself() -> None:
    watch, source = Watch(), Script([Frame(PICTURE)] * 11, recorded=True, rate=50.0)
    loop = CaptureLoop(source, watch.hooks(), settle=0.0)
    loop.start()
    wait_until(lambda: loop.state == "end of stream")
    assert len(watch.frames) == 11
    assert watch.frames[-1] - watch.frames[0] >= 0.195
    loop.stop()
    assert source.closed == 1
    assert loop.state == "end of stream"


class HandsOfTime(threading.Event):
    """A wait that only turns the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        return self.is_set()


def test_time_spent_on_publishing_does_not_slow_a_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    source, clock, times = Script([Frame(PICTURE)] * 6, recorded=True, rate=10.0), HandsOfTime(), []
    source.cancel = clock
    monkeypatch.setattr(capture, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def publish(frame: Frame) -> None:
        times.append(clock.now)
        clock.now += 0.06

    CaptureLoop(source, Watch().hooks(publish))._play()
    assert times == pytest.approx([100.0 + index / 10 for index in range(6)])


def test_after_a_stall_frames_are_not_published_in_a_burst() -> None:
    watch = Watch()
    times: list[float] = []

    def publish(frame: Frame) -> None:
        times.append(time.monotonic())
        if len(times) == 3:
            threading.Event().wait(0.3)  # the machine was busy

    loop = CaptureLoop(Script([Frame(PICTURE)] * 8, True, rate=20.0), watch.hooks(publish), settle=0.0)
    loop.start()
    wait_until(lambda: loop.state == "end of stream")
    loop.stop()
    assert len(times) == 8
    assert min(np.diff(times)) > 0.03


def test_a_recording_waits_for_the_first_listener() -> None:
    watch = Watch()
    watch.listeners = 0
    loop = CaptureLoop(Script([Frame(PICTURE)], recorded=True, rate=100.0), watch.hooks(), settle=0.0)
    loop.start()
    wait_until(lambda: loop.state == "waiting for a subscriber")
    assert not watch.frames
    watch.listeners = 1
    watch.wait_for(lambda: len(watch.frames) == 1)
    loop.stop()


@pytest.mark.parametrize("recorded, wait", [(False, True), (True, False)])
def test_a_live_camera_or_an_impatient_user_does_not_wait(recorded: bool, wait: bool) -> None:
    watch = Watch()
    watch.listeners = 0
    source = Script([Frame(PICTURE)], recorded, rate=100.0)
    loop = CaptureLoop(source, watch.hooks(), wait_for_subscriber=wait)
    loop.start()
    watch.wait_for(lambda: len(watch.frames) == 1)
    loop.stop()


def test_a_camera_that_went_away_is_tried_again_with_growing_pauses() -> None:
    watch = Watch()
    source = Script([Frame(PICTURE), UserError("gone"), Frame(PICTURE), Frame(PICTURE)])
    source.failing_opens = 4
    loop = CaptureLoop(source, watch.hooks(), first_delay=0.02, longest_delay=0.08)
    loop.start()
    watch.wait_for(lambda: len(watch.frames) == 3)
    loop.stop()
    pauses = np.diff(source.opened)
    assert len(pauses) == 4
    assert all(pause >= due for pause, due in zip(pauses, (0.04, 0.08, 0.08, 0.08), strict=True))
    assert watch.errors == ["gone"] + ["still gone"] * 4
    assert (watch.mends, loop.reconnects) == (1, 1)


def test_a_recording_ends_at_a_picture_that_cannot_be_decoded() -> None:
    watch = Watch()
    source = Script([Frame(PICTURE), UserError("damaged"), Frame(PICTURE)], recorded=True, rate=100.0)
    loop = CaptureLoop(source, watch.hooks(), settle=0.0, first_delay=0.01)
    loop.start()
    wait_until(lambda: loop.state == "end of stream")
    loop.stop()
    assert (len(watch.frames), watch.errors, loop.reconnects) == (1, ["damaged"], 0)


def test_stopping_interrupts_the_pause_between_attempts() -> None:
    watch = Watch()
    loop = CaptureLoop(Script([UserError("gone")]), watch.hooks(), first_delay=60.0)
    loop.start()
    wait_until(lambda: loop.state == "reconnecting")
    start = time.monotonic()
    loop.stop()
    assert time.monotonic() - start < 5.0
    assert loop.state == "idle"


def test_a_frame_that_cannot_be_published_is_reported_and_the_next_one_comes() -> None:
    watch = Watch()
    published: list[Frame] = []

    def publish(frame: Frame) -> None:
        if not published:
            published.append(frame)
            raise UserError("the calibration is for another size")
        published.append(frame)

    loop = CaptureLoop(Script([Frame(PICTURE)] * 2), watch.hooks(publish))
    loop.start()
    wait_until(lambda: loop.state == "end of stream")
    loop.stop()
    assert len(published) == 2
    assert watch.errors == ["the calibration is for another size"]


def test_a_bug_is_handed_to_the_owner() -> None:
    watch = Watch()
    loop = CaptureLoop(Script([ZeroDivisionError("a bug")]), watch.hooks())
    loop.start()
    watch.wait_for(lambda: watch.errors == ["a bug"])
    loop.stop()
