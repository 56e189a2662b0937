"""The curves of a run: a JSON line per entry, and TensorBoard where it is installed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vip_models.pretraining.checkpoint import write_atomically
from vip_ros.errors import UserError
from vip_ros.extras import install_extra

CURVES = "curves.jsonl"


class Logs:
    """Writes scalars of a run into its folder; a resumed run goes on in the same files.

    Args:
        out: folder of the run.
        step: steps done so far; what a killed run wrote of later ones is dropped.
        warn: called with one line when something could not be written; the training goes on.
    """

    def __init__(self, out: Path, step: int, warn: Any) -> None:
        self._path, self._warn = out / CURVES, warn
        self._board = _tensorboard(out / "tensorboard", step, warn)
        self._broken = self._torn = False  # whether it was told; whether the last line may be half a one
        self._forget_after(step)

    def write(self, step: int, kind: str, values: Mapping[str, float]) -> None:
        """Add scalars of one step under a heading such as "train"."""
        line = json.dumps(
            {"step": step, "kind": kind, **{name: float(value) for name, value in values.items()}}
        )
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(f"\n{line}\n" if self._torn else f"{line}\n")
            self._torn = False
            if self._board is not None:
                for name, value in values.items():
                    self._board.add_scalar(f"{kind}/{name}", float(value), step)
        except OSError as error:
            self._torn = True
            if not self._broken:
                self._warn(f"the log cannot be written ({error.strerror or error}); the training goes on")
            self._broken = True

    def _forget_after(self, step: int) -> None:
        if not self._path.is_file():
            return
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [f"{json.dumps(entry)}\n" for entry in _entries(lines) if entry["step"] <= step]
        if kept != lines:
            try:
                write_atomically(self._path, "".join(kept).encode())
            except OSError as error:
                self._warn(f"the log still has entries after step {step} ({error.strerror or error})")

    def close(self) -> None:
        """Write what is left and end the writer's thread."""
        if self._board is not None:
            try:
                self._board.close()
            except OSError as error:
                self._warn(f"the log cannot be written ({error.strerror or error})")


def _tensorboard(folder: Path, step: int, warn: Any) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        warn(f"no TensorBoard logs: the package tensorboard is not installed ({install_extra('train')})")
        return None
    try:
        return SummaryWriter(str(folder), purge_step=step + 1)
    except OSError as error:
        warn(f"no TensorBoard logs: cannot write {folder} ({error.strerror or error})")
        return None


def read_curves(out: Path) -> list[dict[str, Any]]:
    """Return the entries of a run's log; raises UserError when there is none."""
    try:
        lines = (out / CURVES).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UserError(f"no log of a training in {out}", str(error.strerror)) from None
    return list(_entries(lines))


def _entries(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the entries of a log; a line that a kill or a full disk cut short is none."""
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "step" in entry:
            yield entry
