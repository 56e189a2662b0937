"""Every fault of the table on the live graph, and what came of it, as a page.

    .venv/bin/python benchmarks/fault_table.py --rows rows.json --out docs/faults.md

The table itself is tests/faults/table.py and tests/faults/scenes.py. Rows that --rows FILE holds already are
not run again, so that the whole can be done in pieces: --only WORD runs the faults whose name holds the word,
--minutes N begins none after so long. A line that was not tried says so on the page.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from faults.live_stack import LiveStack  # noqa: E402
from faults.not_here import NotHere  # noqa: E402
from faults.outcomes import Outcome  # noqa: E402
from faults.rigs import GROUPS  # noqa: E402
from faults.scenes import SCENES  # noqa: E402
from faults.table import Fault  # noqa: E402

from vip_models.machine import load_average, this_machine  # noqa: E402
from vip_reward_node.files import write_atomically  # noqa: E402

HEAD = Path(__file__).with_name("fault_table_head.md")


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the page; load is the machine's load average when it was tried."""

    name: str
    must: str
    what: str
    right: bool
    seconds: float | None
    limit: float
    load: float

    @property
    def late(self) -> bool:
        """Whether the safe state came later than the timeouts allow."""
        return bool(self.limit and self.seconds is not None and self.seconds > self.limit)

    def cells(self) -> str:
        """Return the line as a row of a Markdown table."""
        took = "" if self.seconds is None else f"{self.seconds:.2f}"
        limit = f"{self.limit:g}" if self.limit and took else ""
        verdict = ("**late**" if self.late else "yes") if self.right else "**no**"
        return f"| {self.name} | {self.must} | {self.what} | {verdict} | {took} | {limit} |"


class Rows:
    """The rows that were tried, kept in a file where there is one."""

    def __init__(self, path: Path | None, only: str, minutes: float) -> None:
        self._path, self._only = path, only
        self._end = time.monotonic() + 60 * minutes
        known = path is not None and path.exists()
        self.tried = [Row(**row) for row in json.loads(path.read_text(encoding="utf-8"))] if known else []

    def wants(self, name: str) -> bool:
        """Return whether a row is still to be tried, and now."""
        tried = any(row.name == name for row in self.tried)
        return not tried and self._only in name and time.monotonic() < self._end

    def add(self, name: str, must: str, limit: float, run: Callable[[], Outcome]) -> None:
        """Try a row, print it and keep it."""
        load = load_average()
        outcome = _tried(run)
        seconds = None if outcome.seconds != outcome.seconds else outcome.seconds
        row = Row(name, must, outcome.what, outcome.right, seconds, limit, load)
        print(row.cells(), flush=True)
        self.tried.append(row)
        if self._path is not None:
            text = json.dumps([dataclasses.asdict(row) for row in self.tried], indent=1)
            write_atomically(self._path, lambda path: path.write_text(text, encoding="utf-8"))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="page to write")
    parser.add_argument("--rows", type=Path, metavar="FILE", help="where the rows are kept (JSON)")
    parser.add_argument("--only", default="", metavar="WORD", help="run the faults whose name holds it")
    parser.add_argument("--note", default="", metavar="TEXT", help="what the page says of the conditions")
    parser.add_argument("--minutes", type=float, default=1e9, metavar="N", help="begin none after so long")
    parser.add_argument(
        "--group", type=int, choices=range(len(GROUPS) + 1), help="run that group alone, here"
    )
    args = parser.parse_args(arguments)
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    os.environ.setdefault("ROS_DOMAIN_ID", "0")
    with tempfile.TemporaryDirectory(prefix="vip-faults-") as folder:
        path = args.rows or Path(folder) / "rows.json"
        if args.group is not None:
            rows = Rows(path, args.only, args.minutes)
            _try_group(rows, args.group, Path(folder))
            return int(not all(row.right for row in rows.tried))
        rows = _try_all(path, args.only, args.minutes)
    wanted = [(fault.name, fault.must.text) for _, faults in GROUPS for fault in faults]
    wanted += [(scene.name, scene.must) for scene in SCENES]
    if args.out is not None:
        _write_page(args.out, args.note, wanted, {row.name: row for row in rows.tried})
    return int(len(rows.tried) < len(wanted) or any(row.late or not row.right for row in rows.tried))


def _try_all(path: Path, only: str, minutes: float) -> Rows:
    """Try each group in a process of its own: DDS keeps the interfaces of the first host that it saw."""
    end = time.monotonic() + 60 * minutes
    for group in range(len(GROUPS) + 1):
        left = max(0.0, end - time.monotonic()) / 60
        command = [sys.executable, __file__, "--rows", str(path), "--only", only, "--minutes", str(left)]
        subprocess.run([*command, "--group", str(group)], check=False)
    return Rows(path, only, 0.0)


def _try_group(rows: Rows, group: int, folder: Path) -> None:
    """Try the faults of a stack, or the scenes as the last group."""
    if group < len(GROUPS):
        _try_faults(rows, *GROUPS[group], folder)
        return
    for scene in SCENES:
        if rows.wants(scene.name):
            rows.add(scene.name, scene.must, scene.limit, lambda s=scene: s.run(folder))


def _try_faults(
    rows: Rows, rig: Callable[[Path], AbstractContextManager[LiveStack]], faults: list[Fault], folder: Path
) -> None:
    if not any(rows.wants(fault.name) for fault in faults):
        return
    with ExitStack() as cleanup:
        try:
            stack: LiveStack | NotHere = cleanup.enter_context(rig(folder))
        except NotHere as reason:
            stack = reason
        for fault in faults:
            if rows.wants(fault.name):
                rows.add(fault.name, fault.must.text, fault.limit, lambda f=fault: _run(f, stack))


def _run(fault: Fault, stack: LiveStack | NotHere) -> Outcome:
    if isinstance(stack, NotHere):
        return Outcome(f"not run: {stack}", False)
    return fault.run(stack)


def _write_page(path: Path, note: str, wanted: Sequence[tuple[str, str]], tried: Mapping[str, Row]) -> None:
    """Write the page; a line that was not tried says so."""
    loads = [row.load for row in tried.values()]
    well = sum(row.right and not row.late for row in tried.values())
    conditions = (
        f"Measured on {this_machine().key.strip()}; load average {min(loads):.1f} to {max(loads):.1f}; "
        f"one run of each line. Of {len(wanted)} lines {len(tried)} were tried, "
        f"{well} are as they must be, in time. {note}"
    )
    table = "\n".join(
        tried[name].cells() if name in tried else f"| {name} | {must} | not tried | | | |"
        for name, must in wanted
    )
    page = HEAD.read_text(encoding="utf-8").replace("@MACHINE@", conditions).replace("@TABLE@", table)
    write_atomically(path, lambda new: new.write_text(page, encoding="utf-8"))


def _tried(run: Callable[[], Outcome]) -> Outcome:
    """Return what came of it, also where the fault could not be made or nothing was heard."""
    try:
        return run()
    except Exception as error:  # one fault that fails leaves the others to be tried
        traceback.print_exc()
        return Outcome(f"{type(error).__name__}: {' '.join(str(error).split())[:120]}", False)


if __name__ == "__main__":
    sys.exit(main())
