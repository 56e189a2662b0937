"""The Python in README and docs runs, against stand-ins of what it reaches."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from franka_node.drivers.base import DRIVERS, Driver, DriverConfig
from franka_node.limits import LIMITS
from franka_node.sim.tasks.base import TASKS, Task
from vip_ros.errors import UserError
from vip_teleop.devices import DEVICES
from vip_teleop.intent import Intent

ROOT = Path(__file__).resolve().parents[2]


def snippet(page: str, word: str) -> str:
    """Return the Python block of a page in which a word stands."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.S)
    (found,) = [block for block in blocks if word in block]
    return found


@pytest.fixture(autouse=True)
def nothing_stays_registered() -> Iterator[None]:
    registries = (DRIVERS, TASKS, DEVICES)
    names = [(registry, set(registry.names())) for registry in registries]
    yield
    for registry, before in names:
        for name in set(registry.names()) - before:
            del registry._entries[name]


def run(source: str, **given: Any) -> dict[str, Any]:
    names = dict(given)
    exec(compile(source, "snippet", "exec"), names)
    return names


def test_readme_encodes_pictures() -> None:
    frames = np.zeros((3, 48, 64, 3), np.uint8)
    names = run(snippet("README.md", "load_encoder"), frames=frames)
    assert names["embeddings"].shape == (3, names["encoder"].dim)
    assert names["embeddings"].dtype == np.float32


class FakeArm:
    def __init__(self) -> None:
        self.q, self.width = np.zeros(7), 0.08

    def newest_state(self) -> SimpleNamespace:
        return SimpleNamespace(q=list(self.q), dq=[0.0] * 7, width=self.width)

    def follow(self, q: np.ndarray) -> None:
        self.q = q

    def open_hand(self, width: float) -> None:
        self.width = width


def test_driver_of_the_tutorial_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    run(snippet("docs/own-driver.md", "my_arm"), __name__="my_arm")
    kind = DRIVERS.get("my_arm")
    assert LIMITS.get(kind.robot)
    assert not [name for name in Driver.__annotations__ if not hasattr(kind, name)]
    driver: Any = kind(DriverConfig())
    with pytest.raises(UserError, match=r"library of my_arm is missing.*pip install"):
        driver.connect()
    monkeypatch.setitem(sys.modules, "my_arm_library", SimpleNamespace(connect=lambda ip: FakeArm()))
    driver.attach(object())
    driver.connect()
    driver.write(np.full(7, 0.1), np.zeros(7), 0.02)
    state = driver.read()
    assert state.q == pytest.approx(np.full(7, 0.1)) and state.gripper == 0.02 and state.stamp_ns > 0
    for step in (driver.stop, driver.recover, driver.close, driver.close):
        step()


def test_device_of_the_tutorial_is_one() -> None:
    run(snippet("docs/teleoperation.md", "pedal"))
    kind: Any = DEVICES.get("pedal")
    device = kind()
    device.is_down, device.direction = lambda: True, lambda: (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    device.attach(None)
    device.open()
    intent = device.read(None)
    assert isinstance(intent, Intent) and intent.engaged and intent.twist[0] == 1.0
    device.close()


def test_task_of_the_tutorial_leaves_nothing_out() -> None:
    run(snippet("docs/tasks.md", "@TASKS.register"), TASKS=TASKS, Task=Task, np=np)
    task = TASKS.get("stack_cubes")()
    assert isinstance(task, Task) and len(task.start_q) == 7
