"""Every fault of the table on a running graph has the outcome that the table names.

`benchmarks/fault_table.py` runs the same table and writes docs/faults.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from faults.live_stack import LiveStack
from faults.rigs import live_stack, split_stack
from faults.scenes import SCENES, Scene
from faults.table import FAULTS, Fault, network_faults
from faults.two_hosts import NotHere

pytestmark = [pytest.mark.graph, pytest.mark.timeout(400)]

# How much longer than the timeouts allow it may take on a busy machine; the table has the times themselves.
PATIENCE = 5.0


@pytest.fixture(scope="module")
def stack(module_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    with live_stack(tmp_path_factory.mktemp("faults")) as stack:
        yield stack


@pytest.mark.parametrize(
    "fault",
    [pytest.param(f, id=f.name, marks=() if f.quick else pytest.mark.slow) for f in FAULTS],
)
def test_fault_has_its_named_outcome(stack: LiveStack, fault: Fault) -> None:
    outcome = fault.run(stack)
    assert outcome.right, f"must be '{fault.must.text}', was '{outcome.what}'"
    assert not outcome.seconds > fault.limit + PATIENCE


@pytest.mark.slow
def test_cable_between_camera_and_robot_has_its_named_outcomes(module_domain: int, tmp_path: Path) -> None:
    with ExitStack() as cleanup:
        try:
            stack, hosts = cleanup.enter_context(split_stack(tmp_path))
        except NotHere as reason:
            pytest.skip(f"no network namespaces here: {reason}")
        outcomes = {fault.name: (fault.must.text, fault.run(stack)) for fault in network_faults(hosts)}
    wrong = {name: (must, outcome.what) for name, (must, outcome) in outcomes.items() if not outcome.right}
    assert not wrong


@pytest.mark.parametrize(
    "scene",
    [pytest.param(s, id=s.name, marks=() if s.quick else pytest.mark.slow) for s in SCENES],
)
def test_scene_has_its_named_outcome(ros_domain: int, tmp_path: Path, scene: Scene) -> None:
    outcome = scene.run(tmp_path)
    assert outcome.right, f"must be '{scene.must}', was '{outcome.what}'"
    assert not outcome.seconds > scene.limit + PATIENCE
