"""`vip test`: the linter, the type checker and the tests."""

from __future__ import annotations

import argparse
from pathlib import Path

NAME = "test"
HELP = "run ruff, mypy and pytest on the source tree; further arguments go to pytest"
EXAMPLE = "vip test --all -x tests/unit"
TAKES_REST = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--all", action="store_true", help="with the tests marked slow")
    parser.add_argument("--only-tests", action="store_true", help="without ruff and mypy")


def run(args: argparse.Namespace) -> int:
    """Run the checks one after the other; the status of the first that fails, after all have run."""
    import subprocess
    import sys
    from importlib.util import find_spec

    from vip_bringup.child import describe_exit
    from vip_ros.errors import UserError
    from vip_ros.resources import source_root

    root = source_root()
    if root is None:
        raise UserError("the tests are not part of an installation", "run ./vip test in the source tree")
    tools = {"pytest": "pytest", "xdist": "pytest-xdist", "ruff": "ruff", "mypy": "mypy"}
    missing = [name for module, name in tools.items() if find_spec(module) is None]
    if missing:
        mend = "run: VIP_EXTRAS=train,encoders,cpu,dev ./vip test"
        raise UserError(f"{', '.join(missing)} not installed", mend)
    steps = _pytest(args.all, args.rest)
    if not args.only_tests:
        steps = [
            ["ruff", "check", "."],
            ["ruff", "format", "--check", "."],
            ["mypy", *packages(root)],
            *steps,
        ]
    failed = []
    for step in steps:
        print(f"== {' '.join(step)}", flush=True)
        status = subprocess.run([sys.executable, "-m", *step], cwd=root, check=False).returncode
        if status < 0:
            print(f"{step[0]} {describe_exit(status)}", flush=True)
        if status != 0:
            failed.append(step[0])
    if failed:
        raise UserError(f"failed: {', '.join(dict.fromkeys(failed))}", "see above")
    return 0


def _pytest(slow: bool, rest: list[str]) -> list[list[str]]:
    """Return the runs of pytest: units side by side, graphs two at a time, what watches the clock alone.

    Whoever chooses tests gets one plain run of them.
    """
    if rest:
        return [["pytest", *_chosen(slow), *rest]]
    beside = ["--dist", "loadfile", "-n", "auto", "--maxprocesses"]
    return [
        ["pytest", *_chosen(slow), *beside, "4", "tests/unit"],
        ["pytest", *_chosen(slow, "not alone"), *beside, "2", "--ignore=tests/unit"],
        ["pytest", *_chosen(slow, "alone"), "--ignore=tests/unit"],
    ]


def _chosen(slow: bool, *further: str) -> list[str]:
    """Return the option that chooses tests by their markers."""
    terms = [*([] if slow else ["not slow"]), *further]
    return ["-m", " and ".join(terms)] if terms else []


def packages(root: Path) -> list[str]:
    """Return the folders of the project's Python packages, relative to the root."""
    found = [*root.glob("*/*/__init__.py"), *root.glob("ros2_ws/src/*/*/__init__.py")]
    folders = {path.parent.relative_to(root) for path in found if not path.parent.parent.is_symlink()}
    return sorted(str(folder) for folder in folders if folder.parts[0] not in ("tests", "build"))
