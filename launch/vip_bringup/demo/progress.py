"""Progress for people: bars in a terminal, one calm line per step elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

# No markup: brackets in a path are brackets.
CONSOLE = Console(highlight=False, markup=False)


class Step:
    """One step of the job; `update` takes what is being done, how much is done and how much there is."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._tasks: dict[str, int] = {}

    def update(self, what: str, done: int, total: int) -> None:
        """Show the state of one part of the step."""
        if self._progress is None:
            return
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)  # type: ignore[arg-type]


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Announce a step and show its progress until it ends."""
    CONSOLE.print(title, style="bold")
    if not CONSOLE.is_terminal:
        yield Step(None)
        return
    columns = (
        TextColumn("  {task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=CONSOLE) as progress:
        yield Step(progress)
