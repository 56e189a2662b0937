"""Goals: an embedding (and the image behind it) that progress is measured against, and a folder of them."""

from __future__ import annotations

import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vip_ros.errors import UserError

GOAL_FILE = "goal.npz"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Goal:
    """What is to be reached.

    Attributes:
        name: for people and for the goal library.
        encoder: id of the encoder that made the embedding; only that one may compare with it.
        embedding: float32 [D].
        image: uint8 [H,W,3] RGB for display, or None.
        threshold: distance at which the goal counts as reached, in embedding units, or None.
    """

    name: str
    encoder: str
    embedding: np.ndarray
    image: np.ndarray | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        """Refuse an embedding that nothing can be compared with."""
        embedding = np.asarray(self.embedding, np.float32)
        if embedding.ndim != 1 or not embedding.size or not np.isfinite(embedding).all():
            raise UserError(f"goal '{self.name}' has no usable embedding", "make the goal anew")
        object.__setattr__(self, "embedding", embedding)

    def check_encoder(self, encoder: str) -> None:
        """Raise UserError unless the goal was made with the encoder of this id."""
        if self.encoder != encoder:
            raise UserError(
                f"goal '{self.name}' was made with encoder {self.encoder}, running is {encoder}",
                "make the goal anew with the running encoder, or load the encoder it was made with",
            )


def mean_goal(name: str, encoder: str, embeddings: np.ndarray, image: np.ndarray | None = None) -> Goal:
    """Return the goal in the middle of several goal images' embeddings [K,D]."""
    return Goal(name, encoder, np.asarray(embeddings, np.float32).mean(axis=0), image)


def save_goal(goal: Goal, path: Path) -> Path:
    """Write a goal to a .npz file, or to goal.npz inside a folder; it appears complete or not at all."""
    path = path if path.suffix == ".npz" else path / GOAL_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    image = goal.image if goal.image is not None else np.empty((0, 0, 3), np.uint8)
    threshold = np.nan if goal.threshold is None else goal.threshold
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    try:
        np.savez_compressed(
            temporary,
            name=np.array(goal.name),
            encoder=np.array(goal.encoder),
            embedding=goal.embedding,
            image=image,
            threshold=np.array(threshold, np.float64),
        )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def load_goal(path: Path, encoder: str = "") -> Goal:
    """Read a goal from a .npz file or a folder that holds goal.npz.

    Args:
        path: the file or folder.
        encoder: id of the running encoder; "" skips the comparison.

    Raises:
        UserError: missing, not a goal file, or made with another encoder.
    """
    path = path / GOAL_FILE if path.is_dir() else path
    if not path.is_file():
        raise UserError(f"no goal file {path}", "check the path")
    try:
        with np.load(path, allow_pickle=False) as data:
            image, threshold = data["image"], float(data["threshold"])
            goal = Goal(
                str(data["name"]),
                str(data["encoder"]),
                data["embedding"],
                image if image.size else None,
                None if np.isnan(threshold) else threshold,
            )
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"not a goal file ({error})", "make the goal anew", str(path)) from None
    if encoder:
        goal.check_encoder(encoder)
    return goal


class GoalLibrary:
    """A folder of goals by name, one .npz each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Return the file of a goal; raises UserError when the name could leave the folder."""
        if not _NAME.fullmatch(name) or ".." in name:
            raise UserError(
                f"'{name}' is not a goal name", "use letters, digits, '_', '-' and '.', at most 64"
            )
        return self.folder / f"{name}.npz"

    def names(self) -> list[str]:
        """Return the names of all goals, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.npz") if not path.name.startswith("."))

    def save(self, goal: Goal) -> Path:
        """Write the goal under its name, replacing an older one of that name."""
        return save_goal(goal, self.path(goal.name))

    def load(self, name: str, encoder: str = "") -> Goal:
        """Read a goal by name; raises UserError naming those that exist."""
        path = self.path(name)
        if not path.is_file():
            listing = ", ".join(self.names()) or "none"
            raise UserError(f"no goal '{name}'", f"available: {listing}", str(self.folder))
        return load_goal(path, encoder)
