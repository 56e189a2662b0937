"""Every fault of the table on a running graph has the outcome that the table names.

`benchmarks/fault_table.py` runs the same table and writes docs/faults.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.live_stack import LiveStack
from faults.rigs import GROUPS, live_stack
from faults.scenes import SCENES, Scene
from faults.table import FAULTS, Fault

pytestmark = [pytest.mark.graph, pytest.mark.alone, pytest.mark.timeout(400)]

# How much longer than the timeouts allow it may take on a busy machine; the table has the times themselves.
PATIENCE = 5.0
TABLE = Path(__file__).parents[2] / "benchmarks" / "fault_table.py"


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
@pytest.mark.parametrize("group", [1, 2], ids=["cable", "discovery server"])
def test_what_lies_between_the_nodes_fails_with_its_named_outcomes(
    module_domain: int, tmp_path: Path, group: int
) -> None:
    rows = tmp_path / "rows.json"
    command = [sys.executable, str(TABLE), "--group", str(group), "--rows", str(rows)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=380, check=False)
    assert rows.exists(), ended.stdout + ended.stderr
    tried = json.loads(rows.read_text(encoding="utf-8"))
    if tried[0]["what"].startswith("not run: "):
        pytest.skip(tried[0]["what"])
    assert not {row["name"]: (row["must"], row["what"]) for row in tried if not row["right"]}
    assert len(tried) == len(GROUPS[group][1])


@pytest.mark.parametrize(
    "scene",
    [pytest.param(s, id=s.name, marks=() if s.quick else pytest.mark.slow) for s in SCENES],
)
def test_scene_has_its_named_outcome(ros_domain: int, tmp_path: Path, scene: Scene) -> None:
    outcome = scene.run(tmp_path)
    assert outcome.right, f"must be '{scene.must}', was '{outcome.what}'"
    assert not outcome.seconds > scene.limit + PATIENCE
