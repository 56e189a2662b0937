"""Every fault of the table on the live graph, and what came of it, as a page.

    .venv/bin/python benchmarks/fault_table.py --out docs/faults.md

The table itself is tests/faults/table.py and tests/faults/scenes.py; --only WORD runs the faults whose name
holds the word and writes nothing but their rows to the screen.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from faults.outcomes import Outcome  # noqa: E402
from faults.rigs import live_stack, split_stack  # noqa: E402
from faults.scenes import SCENES  # noqa: E402
from faults.table import FAULTS, Fault, network_faults  # noqa: E402
from faults.two_hosts import NotHere  # noqa: E402

from vip_models.machine import load_average, this_machine  # noqa: E402
from vip_reward_node.files import write_atomically  # noqa: E402

HEAD = Path(__file__).with_name("fault_table_head.md")


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the page."""

    name: str
    must: str
    outcome: Outcome
    limit: float

    def cells(self) -> str:
        """Return the line as a row of a Markdown table."""
        seconds = self.outcome.seconds
        took = "" if seconds != seconds else f"{seconds:.2f}"
        limit = f"{self.limit:g}" if self.limit and took else ""
        verdict = "yes" if self.outcome.right else "**no**"
        return f"| {self.name} | {self.must} | {self.outcome.what} | {verdict} | {took} | {limit} |"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="page to write")
    parser.add_argument("--only", default="", metavar="WORD", help="run the faults whose name holds it")
    args = parser.parse_args(arguments)
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    before = load_average()
    rows = []
    for row in _rows(args.only):
        print(row.cells(), flush=True)
        rows.append(row)
    if args.out is not None and not args.only:
        load = f"load average {before:.1f} at the start, {load_average():.1f} at the end"
        machine = f"Measured on {this_machine().key.strip()}; {load}; one run."
        table = "\n".join(row.cells() for row in rows)
        page = HEAD.read_text(encoding="utf-8").replace("@MACHINE@", machine).replace("@TABLE@", table)
        write_atomically(args.out, lambda path: path.write_text(page, encoding="utf-8"))
    return 0 if all(row.outcome.right for row in rows) else 1


def _rows(only: str) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="vip-faults-") as name, ExitStack() as cleanup:
        folder = Path(name)
        chosen = [fault for fault in FAULTS if only in fault.name]
        if chosen:
            (folder / "live").mkdir()
            stack = cleanup.enter_context(live_stack(folder / "live"))
            yield from (_row(fault, lambda f=fault: f.run(stack)) for fault in chosen)
            cleanup.close()
        yield from _network_rows(folder, only)
        for scene in SCENES:
            if only in scene.name:
                outcome = _tried(lambda s=scene: s.run(folder))
                yield Row(scene.name, scene.must, outcome, scene.limit)


def _network_rows(folder: Path, only: str) -> Iterator[Row]:
    if only and "network" not in only:
        return
    (folder / "split").mkdir()
    with ExitStack() as cleanup:
        try:
            stack, hosts = cleanup.enter_context(split_stack(folder / "split"))
        except NotHere as reason:
            yield Row("network between two hosts", "", Outcome(f"not run: {reason}", False), 0.0)
            return
        for fault in network_faults(hosts):
            if only in fault.name:
                yield _row(fault, lambda f=fault: f.run(stack))


def _row(fault: Fault, run: Callable[[], Outcome]) -> Row:
    return Row(fault.name, fault.must.text, _tried(run), fault.limit)


def _tried(run: Callable[[], Outcome]) -> Outcome:
    """Return what came of it, also where the fault could not be made or nothing was heard."""
    try:
        return run()
    except Exception as error:  # one fault that fails leaves the others to be tried
        traceback.print_exc()
        return Outcome(f"{type(error).__name__}: {' '.join(str(error).split())[:120]}", False)


if __name__ == "__main__":
    sys.exit(main())
