"""The curves of a run: a JSON line per entry, and TensorBoard where it is installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
        self._broken = False
        self._forget_after(step)

    def write(self, step: int, kind: str, values: Mapping[str, float]) -> None:
        """Add scalars of one step under a heading such as "train"."""
        line = json.dumps(
            {"step": step, "kind": kind, **{name: float(value) for name, value in values.items()}}
        )
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(f"{line}\n")
            if self._board is not None:
                for name, value in values.items():
                    self._board.add_scalar(f"{kind}/{name}", float(value), step)
        except OSError as error:
            if not self._broken:
                self._warn(f"the log cannot be written ({error.strerror or error}); the training goes on")
            self._broken = True

    def _forget_after(self, step: int) -> None:
        if not self._path.is_file():
            return
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        if kept != lines:
            write_atomically(self._path, "".join(kept).encode())

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
    return SummaryWriter(str(folder), purge_step=step + 1)


def read_curves(out: Path) -> list[dict[str, Any]]:
    """Return the entries of a run's log; raises UserError when there is none."""
    try:
        lines = (out / CURVES).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UserError(f"no log of a training in {out}", str(error.strerror)) from None
    return [json.loads(line) for line in lines]
