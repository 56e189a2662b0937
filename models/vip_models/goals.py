"""Goals: an embedding (and the image behind it) that progress is measured against, and a folder of them."""

from __future__ import annotations

import math
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vip_models.card import METRICS
from vip_ros.arrays import load_arrays
from vip_ros.errors import UserError, unknown_name
from vip_ros.files import replacing

GOAL_FILE = "goal.npz"
# Pictures of some dozen subgoals fit many times over.
_MOST_BYTES = 500_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Subgoals:
    """The stages of a demonstration, in order; the last one is the goal itself.

    Attributes:
        embeddings: float32 [K,D].
        budgets: frames that the demonstration took from one stage to the next [K].
        rate: frames per second of the demonstration, Hz.
        images: uint8 [K,H,W,3] RGB for display, or None.
    """

    embeddings: np.ndarray
    budgets: np.ndarray
    rate: float
    images: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Refuse stages that cannot be followed."""
        embeddings = np.asarray(self.embeddings, np.float32)
        budgets = np.asarray(self.budgets, np.float64)
        fits = embeddings.ndim == 2 and embeddings.size and np.isfinite(embeddings).all()
        if (
            not fits
            or budgets.shape != embeddings.shape[:1]
            or not (np.isfinite(budgets) & (budgets > 0.0)).all()
            or not (math.isfinite(self.rate) and self.rate > 0)
        ):
            raise UserError("the subgoals have no usable embeddings, budgets or rate", "make the goal anew")
        images = self.images
        if images is not None and not (_are_pictures(images, 4) and len(images) == len(embeddings)):
            raise UserError("the subgoals have no picture of each stage", "make the goal anew")
        object.__setattr__(self, "embeddings", embeddings)
        object.__setattr__(self, "budgets", budgets)

    def __len__(self) -> int:
        return len(self.embeddings)


@dataclass(frozen=True)
class Goal:
    """What is to be reached.

    Attributes:
        name: for people and for the goal library.
        encoder: id of the encoder that made the embedding; only that one may compare with it.
        embedding: float32 [D].
        image: uint8 [H,W,3] RGB for display, or None.
        threshold: distance at which the goal counts as reached, in embedding units, or None.
        metric: how distances to it are measured: "l2", or "cosine" (1 - cosine similarity).
        subgoals: the stages on the way, or None.
    """

    name: str
    encoder: str
    embedding: np.ndarray
    image: np.ndarray | None = None
    threshold: float | None = None
    metric: str = "l2"
    subgoals: Subgoals | None = None

    def __post_init__(self) -> None:
        """Refuse an embedding that nothing can be compared with."""
        embedding = np.asarray(self.embedding, np.float32)
        if embedding.ndim != 1 or not embedding.size or not np.isfinite(embedding).all():
            raise UserError(f"goal '{self.name}' has no usable embedding", "make the goal anew")
        object.__setattr__(self, "embedding", embedding)
        if self.image is not None and not _are_pictures(self.image, 3):
            raise UserError(f"goal '{self.name}' has no usable image", "make the goal anew")
        if self.metric not in METRICS:
            raise unknown_name("metric", self.metric, METRICS, f"goal '{self.name}'")
        if self.subgoals is not None and self.subgoals.embeddings.shape[1:] != embedding.shape:
            raise UserError(f"goal '{self.name}' has subgoals of another size", "make the goal anew")

    def check_encoder(self, encoder: str) -> None:
        """Raise UserError unless the goal was made with the encoder of this id."""
        if self.encoder != encoder:
            raise UserError(
                f"goal '{self.name}' was made with encoder {self.encoder}, running is {encoder}",
                "make the goal anew with the running encoder, or load the encoder it was made with",
            )


def _are_pictures(array: np.ndarray, dimensions: int) -> bool:
    """Tell whether an array is RGB that can be shown: uint8 [...,H,W,3] with something in it."""
    return array.dtype == np.uint8 and array.ndim == dimensions and array.shape[-1] == 3 and bool(array.size)


def mean_goal(
    name: str, encoder: str, embeddings: np.ndarray, image: np.ndarray | None = None, metric: str = "l2"
) -> Goal:
    """Return the goal in the middle of several goal images' embeddings [K,D]."""
    return Goal(name, encoder, np.asarray(embeddings, np.float32).mean(axis=0), image, metric=metric)


def save_goal(goal: Goal, path: Path) -> Path:
    """Write a goal to a .npz file, or to goal.npz inside a folder; it appears complete or not at all.

    Raises:
        UserError: the folder cannot be written.
    """
    path = path if path.suffix == ".npz" else path / GOAL_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as draft:
            np.savez_compressed(draft, **_to_arrays(goal))  # type: ignore[arg-type]
    except OSError as error:
        raise UserError(f"cannot write the goal {path}", error.strerror or str(error)) from None
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
        goal = _from_arrays(load_arrays(path, _MOST_BYTES))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"not a goal file ({error})", "make the goal anew", str(path)) from None
    if encoder:
        goal.check_encoder(encoder)
    return goal


def _to_arrays(goal: Goal) -> dict[str, np.ndarray]:
    """Return what a goal file holds; what a goal does not have is an empty array or NaN."""
    nothing = np.empty((0, 0, 3), np.uint8)
    arrays = {
        "name": np.array(goal.name),
        "encoder": np.array(goal.encoder),
        "embedding": goal.embedding,
        "image": nothing if goal.image is None else goal.image,
        "threshold": np.array(np.nan if goal.threshold is None else goal.threshold, np.float64),
        "metric": np.array(goal.metric),
    }
    stages = goal.subgoals
    if stages is not None:
        arrays["subgoal_embeddings"] = stages.embeddings
        arrays["subgoal_budgets"] = stages.budgets
        arrays["subgoal_rate"] = np.array(stages.rate, np.float64)
        arrays["subgoal_images"] = nothing if stages.images is None else stages.images
    return arrays


def _from_arrays(data: dict[str, np.ndarray]) -> Goal:
    image, threshold = data["image"], float(data["threshold"])
    stages = None
    if "subgoal_embeddings" in data:
        images = data["subgoal_images"]
        stages = Subgoals(
            data["subgoal_embeddings"],
            data["subgoal_budgets"],
            float(data["subgoal_rate"]),
            images if images.size else None,
        )
    return Goal(
        str(data["name"]),
        str(data["encoder"]),
        data["embedding"],
        image if image.size else None,
        None if np.isnan(threshold) else threshold,
        str(data["metric"]) if "metric" in data else "l2",
        stages,
    )


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and ".." not in name


class GoalLibrary:
    """A folder of goals by name, one .npz each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Return the file of a goal; raises UserError when the name could leave the folder."""
        if not _is_name(name):
            raise UserError(
                f"'{name}' is not a goal name", "use letters, digits, '_', '-' and '.', at most 64"
            )
        return self.folder / f"{name}.npz"

    def names(self) -> list[str]:
        """Return the names of all goals, sorted."""
        # A file that was put there by hand under another name could be listed, but neither read nor removed.
        return sorted(path.stem for path in self.folder.glob("*.npz") if _is_name(path.stem))

    def save(self, goal: Goal) -> Path:
        """Write the goal under its name, replacing an older one of that name."""
        return save_goal(goal, self.path(goal.name))

    def load(self, name: str, encoder: str = "") -> Goal:
        """Read a goal by name; raises UserError naming those that exist."""
        return load_goal(self._existing(name), encoder)

    def delete(self, name: str) -> Path:
        """Remove a goal and return the file that is gone; raises UserError naming those that exist."""
        path = self._existing(name)
        try:
            path.unlink()
        except OSError as error:
            raise UserError(f"cannot remove {path}", error.strerror or str(error)) from None
        return path

    def _existing(self, name: str) -> Path:
        path = self.path(name)
        if not path.is_file():
            listing = ", ".join(self.names()) or "none"
            raise UserError(f"no goal '{name}'", f"available: {listing}", str(self.folder))
        return path


def default_library() -> GoalLibrary:
    """Return the user's own library, ~/.local/share/vip/goals."""
    return GoalLibrary(Path.home() / ".local" / "share" / "vip" / "goals")
