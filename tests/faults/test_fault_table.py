"""Every fault of the table on a running graph has the outcome that the table names.

`benchmarks/fault_table.py` runs the same table and writes docs/faults.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from faults.live_stack import LiveStack
from faults.not_here import NotHere
from faults.rigs import GROUPS, live_stack
from faults.scenes import SCENES, Scene
from faults.table import FAULTS, Fault

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
@pytest.mark.parametrize(("rig", "faults"), GROUPS[1:], ids=["cable", "discovery server"])
def test_what_lies_between_the_nodes_fails_with_its_named_outcomes(
    module_domain: int, tmp_path: Path, rig: Any, faults: list[Fault]
) -> None:
    with ExitStack() as cleanup:
        try:
            stack = cleanup.enter_context(rig(tmp_path))
        except NotHere as reason:
            pytest.skip(str(reason))
        outcomes = {fault.name: (fault.must.text, fault.run(stack)) for fault in faults}
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
