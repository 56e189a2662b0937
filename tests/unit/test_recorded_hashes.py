"""Only files whose hash is recorded are installed where that is asked for."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "requirements"
GOOD, OTHER = "a" * 64, "b" * 64


@pytest.fixture(scope="module")
def hashes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recorded_hashes", FOLDER / "hashes.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _report(folder: Path, *installed: tuple[str, str, str]) -> Path:
    items: list[dict[str, Any]] = [
        {
            "metadata": {"name": name, "version": version},
            "download_info": {
                "url": f"https://index/{name}-{version}.whl",
                "archive_info": {"hashes": {"sha256": digest} if digest else {}},
            },
        }
        for name, version, digest in installed
    ]
    path = folder / "report.json"
    path.write_text(json.dumps({"install": items}), encoding="utf-8")
    return path


def test_recorded_file_is_passed_on_with_its_hash(hashes: ModuleType, tmp_path: Path) -> None:
    report = _report(tmp_path, ("Some_Package", "1.2", GOOD))
    lines, own, unknown = hashes.requirements(report, {"some-package==1.2": {GOOD, OTHER}})
    assert (lines, own, unknown) == ([f"some-package==1.2 --hash=sha256:{GOOD}"], [], [])


@pytest.mark.parametrize(
    ("name", "version", "digest"),
    [("some", "1.2", OTHER), ("some", "1.3", GOOD), ("another", "1.2", GOOD), ("some", "1.2", "")],
    ids=["exchanged", "another version", "never heard of", "no hash"],
)
def test_file_that_is_not_recorded_is_refused(
    hashes: ModuleType, tmp_path: Path, name: str, version: str, digest: str
) -> None:
    lines, _, unknown = hashes.requirements(_report(tmp_path, (name, version, digest)), {"some==1.2": {GOOD}})
    assert not lines
    assert unknown == [f"{name}=={version} ({name}-{version}.whl)"]


def test_build_of_an_own_index_is_taken_for_torch_only(hashes: ModuleType, tmp_path: Path) -> None:
    report = _report(tmp_path, ("torch", "2.13.0+cpu", OTHER), ("numpy", "2.0+cpu", OTHER))
    lines, own, unknown = hashes.requirements(report, {})
    assert lines == [f"torch==2.13.0+cpu --hash=sha256:{OTHER}"]
    assert own == ["torch==2.13.0+cpu"]
    assert unknown == ["numpy==2.0+cpu (numpy-2.0+cpu.whl)"]


def test_record_keeps_every_file_of_a_version(hashes: ModuleType, tmp_path: Path) -> None:
    report = _report(tmp_path, ("some", "1.2", GOOD), ("torch", "2.13.0+cpu", OTHER))
    assert hashes.record([report], {"some==1.2": {OTHER}}) == {"some==1.2": {GOOD, OTHER}}


def test_program_ends_with_one_and_a_line_for_an_unknown_file(tmp_path: Path) -> None:
    report = _report(tmp_path, ("some", "1.2", GOOD))
    ended = subprocess.run(
        [sys.executable, "-I", "-S", str(FOLDER / "hashes.py"), str(report)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "vip: not the files that are recorded in hashes.txt: some==1.2 (some-1.2.whl)"
    ]


def test_recorded_versions_are_those_of_the_lock(hashes: ModuleType) -> None:
    locked = set(re.findall(r"^(\S+==[^\s;]+)", (FOLDER / "lock.txt").read_text(encoding="utf-8"), re.M))
    strange = [pin for pin in hashes.read(hashes.RECORD) if pin not in locked and not pin.startswith("pip==")]
    assert not strange
