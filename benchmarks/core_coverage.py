"""How much of the cores the unit tests run: line by line, and the files below the limit.

    .venv/bin/python benchmarks/core_coverage.py

The cores are what computes without ROS nodes of its own: everything in the packages but nodes, commands and
drivers of real hardware. Needs the package coverage (.venv/bin/python -m pip install coverage).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "vip_reward_node/vip_reward_node", "policy_node/policy_node", "models/vip_models",
    "ros2_ws/src/vip_ros/vip_ros", "ros2_ws/src/franka_node/franka_node", "ros2_ws/src/vip_teleop/vip_teleop",
)  # fmt: skip
# Nodes and what moves messages for them, which the graph tests run in other processes; hardware; benchmarks.
LEFT_OUT = (
    "*/*_node.py", "*/node.py", "*/runner.py", "*/executor.py", "*/spinning_node.py",
    "*/goal_services.py", "*/outputs.py",
    "*/drivers/franky.py", "*/drivers/panda_py.py", "*/drivers/ros2_control.py", "*/ros2_control/*",
    "*/devices/spacemouse.py", "*/devices/joy.py", "*/opencv_device.py", "*/pretraining/bench.py",
    "*/pretraining/published_loop.py", "*/onnx_device.py", "*/device_buffers.py", "*/setup.py",
)  # fmt: skip
LIMIT = 90.0
# Test files per process.
AT_ONCE = 8


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tests", nargs="+", default=["tests/unit"], metavar="PATH", help="default: tests/unit"
    )
    parser.add_argument("--all", action="store_true", help="print every file, not only those below the limit")
    args = parser.parse_args(arguments)
    if importlib.util.find_spec("coverage") is None:
        print("coverage is not installed: .venv/bin/python -m pip install coverage", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="vip-coverage-") as folder:
        ended = _run(Path(folder), args.tests)
        files, total = _measured(Path(folder))
    for name, percent in sorted(files.items(), key=lambda item: item[1]):
        if args.all or percent < LIMIT:
            print(f"{percent:6.1f} %  {name}")
    print(f"{total:6.1f} %  of {len(files)} files; at least {LIMIT:g} % wanted", flush=True)
    return ended or int(total < LIMIT)


def _run(folder: Path, tests: Sequence[str]) -> int:
    """Run the tests, some files at a time: what one process does not live to tell, the others do."""
    settings = folder / "coveragerc"
    sources = "\n    ".join(str(ROOT / package) for package in PACKAGES)
    settings.write_text(
        f"[run]\nparallel = true\ndata_file = {folder}/data\nsource =\n    {sources}\n"
        f"omit =\n    {chr(10).join(f'    {pattern}' for pattern in LEFT_OUT).strip()}\n"
        "[report]\nexclude_also =\n    if TYPE_CHECKING:\n    class .*\\(Protocol\\)\n",
        encoding="utf-8",
    )
    files = [str(file) for test in tests for file in _files(ROOT / test)]
    ended = 0
    for first in range(0, len(files), AT_ONCE):
        some = files[first : first + AT_ONCE]
        pytest = ["pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", *some]
        # 5: every test of these is a slow one.
        if (status := _coverage(settings, "run", "-m", *pytest)) not in (0, 5):
            print(f"status {status}: {' '.join(some)}", flush=True)
            ended = 1
    _coverage(settings, "combine")
    _coverage(settings, "json", "-o", str(folder / "json"))
    return ended


def _files(test: Path) -> list[Path]:
    return [test] if test.is_file() else sorted(test.glob("test_*.py"))


def _coverage(settings: Path, command: str, *more: str) -> int:
    line = [sys.executable, "-m", "coverage", command, f"--rcfile={settings}", *more]
    return subprocess.run(line, cwd=ROOT, check=False).returncode


def _measured(folder: Path) -> tuple[dict[str, float], float]:
    report = json.loads((folder / "json").read_text(encoding="utf-8"))
    files = {name: float(found["summary"]["percent_covered"]) for name, found in report["files"].items()}
    return files, float(report["totals"]["percent_covered"])


if __name__ == "__main__":
    sys.exit(main())
