"""What a user may name as a goal: files and folders, words, a demonstration, a goal of the library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vip_models.goals import GOAL_FILE, Goal, GoalLibrary, load_goal
from vip_reward_node.goal_maker import GoalMaker
from vip_ros.errors import UserError

# How a goal is made from what follows the colon.
_SCHEMES: dict[str, Callable[[GoalMaker, str], Goal]] = {
    "text": lambda maker, rest: maker.of_text(rest),
    "uvd": lambda maker, rest: maker.of_demonstration(_there(rest)),
    "last": lambda maker, rest: maker.of_last_frame(_there(rest)),
}
_KINDS = "an image, a video, a folder of them, a goal file, a goal's name, text:WORDS or uvd:VIDEO"


def resolve_goal(text: str, maker: GoalMaker, library: GoalLibrary) -> Goal:
    """Return the goal that a text stands for.

    Args:
        text: path of an image, of a video or episode (its last frame), of a folder of such (the mean of
            all), several of these with commas between them (their mean); path of a goal file (.npz) or of
            a folder that holds goal.npz (a policy bundle); the name of a goal in the library;
            "text:WORDS", "uvd:VIDEO" (with its subgoals) or "last:FOLDER" (the last of a folder of frames).
        maker: makes goals with the running encoder; a stored goal must have been made with the same.
        library: the goals by name.

    Raises:
        UserError: none of these, not readable, or made with another encoder.
    """
    path = _found(text) if text else None
    if path is not None:
        if path.suffix == ".npz" or (path / GOAL_FILE).is_file():
            return load_goal(path, maker.encoder.id)
        return maker.of_paths([path])
    scheme, colon, rest = text.partition(":")
    if colon and scheme in _SCHEMES:
        return _SCHEMES[scheme](maker, rest)
    if "," in text:
        return maker.of_paths([_there(part.strip()) for part in text.split(",") if part.strip()])
    if "/" in text or "\\" in text or Path(text).suffix:
        raise UserError(f"no goal at {text}", f"name {_KINDS}")
    return library.load(text, maker.encoder.id)


def _found(text: str) -> Path | None:
    """Return the path of something that exists, else None."""
    try:
        path = Path(text).expanduser()
        return path if path.exists() else None
    # Words too long for a file name, a home of nobody, a NUL: what may be meant otherwise is no path.
    except (OSError, RuntimeError, ValueError):
        return None


def _there(text: str) -> Path:
    path = _found(text)
    if path is None:
        raise UserError(f"no such file or folder: {text}", "check the path")
    return path
