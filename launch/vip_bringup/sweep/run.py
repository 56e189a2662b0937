"""A whole sweep: its cells in order, each kept as soon as it is done."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from franka_node.sim.tasks import table_tasks, task_name
from vip_bringup.demo.progress import CONSOLE, step
from vip_bringup.sweep.cells import Bench, Cell, Judge
from vip_bringup.sweep.data import Episodes
from vip_bringup.sweep.eyes import Eyes, named_eyes
from vip_bringup.sweep.methods import Method
from vip_bringup.sweep.plots import write_plots
from vip_bringup.sweep.tables import write_tables
from vip_bringup.training_options import read_settings
from vip_ros.errors import UserError
from vip_ros.process_lock import HeldError, ProcessLock

_WITH_TAU = ("rwr", "awr", "iql")


@dataclass(frozen=True)
class Plan:
    """What a sweep compares, see `vip sweep --help`."""

    out: Path
    tasks: list[str]
    methods: dict[str, Method]
    encoders: list[str]
    demonstrations: list[int]
    failures: int
    taus: list[float]
    train_seeds: list[int]
    episodes: int
    seed: int
    timeout: float
    data: Path
    settings: list[str]

    def cells(self) -> dict[Cell, Eyes]:
        """Return the cells and what each sees with; cells of the same data lie side by side."""
        if any(text.partition("=")[0].strip() == "seed" for text in self.settings):
            raise UserError("--set seed=... is the same for no cell", "give --train-seed")
        tasks = [task_name(task) for task in self.tasks] or table_tasks()
        rows = [
            (name, method, encoder, eyes)
            for name, method in self.methods.items()
            if not method.lacks
            for encoder, eyes in named_eyes(self.encoders, method.eyes).items()
        ]
        found = {}
        for task, count, (name, method, encoder, eyes) in itertools.product(tasks, self.demonstrations, rows):
            taus = self.taus if method.algorithm in _WITH_TAU and self.taus else [None]
            for tau, seed in itertools.product(taus, self.train_seeds):
                found[Cell(task, name, encoder, count, self.failures, tau, seed)] = eyes
        return found


def run_plan(plan: Plan) -> int:
    """Run what is missing, say what came of each cell, write tables and pictures, and return the exit status.

    Raises:
        UserError: an unknown task, encoder or option, another sweep in the same folder, nothing to run.
    """
    cells = plan.cells()
    skipped = {name: method.lacks for name, method in plan.methods.items() if method.lacks}
    for name, why in skipped.items():
        CONSOLE.print(f"{name} is left out: {why}", style="yellow")
    if not cells:
        raise UserError("there is nothing to compare", "choose other methods", str(plan.out))
    _make_folder(plan.out)
    lock = _lock(plan.out)
    try:
        results = _run(plan, cells)
        paths = [*write_tables(plan.out, results, skipped), *write_plots(plan.out, results)]
    finally:
        lock.release()
    CONSOLE.print((plan.out / "table.md").read_text(encoding="utf-8"), markup=False)
    CONSOLE.print(*paths, sep="\n")
    return 0


def _run(plan: Plan, cells: dict[Cell, Eyes]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    with step(f"{len(cells)} cells of {plan.episodes} scenes") as bar:
        bench = Bench(
            plan.out,
            Episodes(plan.data, bar.update),
            Judge(plan.episodes, plan.seed, plan.timeout),
            read_settings(plan.settings),
            bar.update,
        )
        for index, (cell, eyes) in enumerate(cells.items()):
            bar.update("cells", index, len(cells))
            method = plan.methods[cell.method]
            result = bench.finished(cell, method, eyes)
            if result is None:
                result = bench.run(cell, method, eyes)
                CONSOLE.print(f"  {cell.name}: {_line(result)}")
            results.append(result)
        bar.update("cells", len(cells), len(cells))
    return results


def _line(result: dict[str, Any]) -> str:
    low, high = result["wilson95"]
    return (
        f"{result['successes']} of {result['episodes']} ({low:.0%} to {high:.0%}), "
        f"{result['train_seconds']:.0f} s to learn, {result['judge_seconds']:.0f} s to judge"
    )


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError("cannot make the folder", error.strerror or str(error), str(out)) from None


def _lock(out: Path) -> ProcessLock:
    digest = hashlib.sha256(str(out.resolve()).encode()).hexdigest()[:16]
    try:
        return ProcessLock(f"sweep-{digest}")
    except HeldError as error:
        raise UserError(
            f"process {error.holder} sweeps into this folder", "wait for it or choose another --out", str(out)
        ) from None
