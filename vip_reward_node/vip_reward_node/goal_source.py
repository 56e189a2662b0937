"""What a user may name as a goal: a picture, a video, a goal file or folder, or a goal of the library."""

from __future__ import annotations

from pathlib import Path

from vip_models.goals import GOAL_FILE, Goal, GoalLibrary, load_goal
from vip_reward_node.protocols import EncoderLike
from vip_reward_node.video import read_goal_image
from vip_ros.errors import UserError


def resolve_goal(text: str, encoder: EncoderLike, library: GoalLibrary) -> Goal:
    """Return the goal that a text stands for.

    Args:
        text: path of an image, of a video or folder of frames (its last frame), of a goal file (.npz), of a
            folder that holds goal.npz (a policy bundle), or the name of a goal in the library.
        encoder: the running encoder; a stored goal must have been made with it.
        library: the goals by name.

    Raises:
        UserError: none of these, not readable, or made with another encoder.
    """
    path = Path(text).expanduser()
    if not text or not path.exists():
        if _is_path(text):
            raise UserError(f"no goal at {text}", "name an image, a video, a goal file or a goal's name")
        return library.load(text, encoder.id)
    if path.suffix == ".npz" or (path / GOAL_FILE).is_file():
        return load_goal(path, encoder.id)
    rgb = read_goal_image(path)
    return Goal(path.stem, encoder.id, encoder.encode(rgb[None], 1)[0], rgb)


def _is_path(text: str) -> bool:
    return "/" in text or "\\" in text or Path(text).suffix != ""
