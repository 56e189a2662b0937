"""The documentation as a whole: code parses, modules exist, the site builds, pictures are small."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LARGEST = 150 * 1024  # bytes of a picture


def _blocks(page: Path) -> list[str]:
    return re.findall(r"^ *```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S | re.M)


@pytest.mark.parametrize("page", [page for page in PAGES if _blocks(page)], ids=lambda page: page.name)
def test_python_blocks_can_be_parsed(page: Path) -> None:
    for block in _blocks(page):
        ast.parse(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_modules_and_scripts_that_a_page_calls_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    modules = re.findall(r"python -m ((?:vip|policy|franka)_[\w.]+)", text)
    scripts = re.findall(r"python ((?:benchmarks|tests)/[\w/]+\.py)", text)
    assert [name for name in modules if not find_spec(name)] == []
    assert [name for name in scripts if not (ROOT / name).is_file()] == []


@pytest.mark.timeout(300)
def test_the_site_builds_with_every_page_and_link_sound(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="mkdocs (extra docs) is not installed")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    pages = [page.stem for page in PAGES[1:] if page.stem != "index"]
    assert [name for name in pages if not (tmp_path / name / "index.html").is_file()] == []


def test_no_picture_is_large() -> None:
    pictures = (ROOT / "docs" / "images").iterdir()
    assert [path.name for path in pictures if path.stat().st_size > LARGEST] == []
