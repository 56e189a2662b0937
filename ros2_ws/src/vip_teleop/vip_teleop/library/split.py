"""Dividing a folder of episodes into one to learn from and one to judge by."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from vip_ros.errors import UserError
from vip_teleop.episode import load_info


def split(episodes: Sequence[Path], share: float, seed: int = 0) -> tuple[list[Path], list[Path]]:
    """Divide episodes at random, each task and outcome by the same share.

    Args:
        episodes: what to divide.
        share: share of the test part, (0, 1).
        seed: of the random choice; the same seed gives the same parts.

    Returns:
        The episodes to train on and those to test on, in their order; neither part is empty.

    Raises:
        UserError: fewer than two episodes, or a share outside (0, 1).
    """
    if not 0.0 < share < 1.0:
        raise UserError(f"the test share is {share:g}", "give a number between 0 and 1")
    if len(episodes) < 2:
        raise UserError("one episode cannot be divided", "record more")
    groups: dict[tuple[str, str], list[Path]] = {}
    for path in episodes:
        info = load_info(path)
        groups.setdefault((info.task, info.outcome), []).append(path)
    chance = random.Random(seed)
    chosen: list[Path] = []
    owed = 0.0
    for key in sorted(groups):
        # What rounding takes from one group is owed to the next.
        owed += share * len(groups[key])
        count = min(round(owed), len(groups[key]))
        owed -= count
        chosen += chance.sample(groups[key], count)
    if not chosen:
        chosen = [chance.choice(list(episodes))]
    test = [path for path in episodes if path in chosen]
    train = [path for path in episodes if path not in chosen]
    return (train, test) if train else (test[1:], test[:1])
