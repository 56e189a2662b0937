"""docs/reference.md says what the code is."""

from __future__ import annotations

import difflib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference.md"

pytestmark = [pytest.mark.graph, pytest.mark.timeout(300)]


def test_the_page_is_what_the_nodes_say_of_themselves(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx, which exports the shipped encoder, is not installed")
    command = [sys.executable, "-m", "vip_bringup.reference"]
    made = subprocess.run(command, capture_output=True, text=True, timeout=280, check=True).stdout
    change = difflib.unified_diff(
        PAGE.read_text(encoding="utf-8").splitlines(), made.splitlines(), "docs/reference.md", "code", n=0
    )
    assert not (lines := list(change)), "make it anew:\n" + "\n".join(lines)


def test_the_readmes_table_of_topics_agrees_with_it() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in lines if line.count("|") == 6]
    known = {cells[1].strip(" `"): cells[2].strip() for cells in rows}
    said = re.findall(r"^\| (`[a-z_/`, ]+`) \| ([\w/, ]+?) \|", (ROOT / "README.md").read_text(), re.M)
    assert len(said) >= 12
    for names, types in said:
        package = types.partition("/")[0]
        kinds = [kind if "/" in kind else f"{package}/{kind}" for kind in types.split(", ")]
        for index, name in enumerate(re.findall(r"`([\w/]+)`", names)):
            assert known[name] == kinds[min(index, len(kinds) - 1)], name
