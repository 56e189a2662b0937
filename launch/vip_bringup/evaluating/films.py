"""Films of the episodes that failed: what the policy saw, and how far from the goal it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vip_bringup.demo.film import Film, compose
from vip_ros.errors import UserError
from vip_ros.files import replacing

_SIZE = (960, 480)


class FailureFilms:
    """Keeps the pictures of the episode in progress and films it if it fails.

    Args:
        folder: where SEED.mp4 are written; None: nothing is kept.
        task: for the headline.
        rate: pictures per second, Hz.

    Raises:
        UserError: the folder cannot be made.
    """

    def __init__(self, folder: Path | None, task: str, rate: float) -> None:
        self._folder, self._task, self._rate = folder, task, max(1, round(rate))
        self._seen: list[tuple[NDArray[np.uint8], float]] = []
        self.written: list[Path] = []
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UserError("cannot make the folder", error.strerror or str(error), str(folder)) from None

    def see(self, picture: NDArray[np.uint8], distance: float) -> None:
        """Take in a picture of the running episode, uint8 [H, W, 3], and its distance to the goal."""
        if self._folder is not None:
            self._seen.append((picture, distance))

    def end(self, seed: int, success: bool, outcome: str) -> None:
        """End the episode: film it if it failed, and forget it."""
        seen, self._seen = self._seen, []
        if self._folder is None or success or not seen:
            return
        path = self._folder / f"{seed}.mp4"
        distances = [distance for _, distance in seen]
        with replacing(path) as draft, Film(draft, self._rate, _SIZE) as film:
            for index, (picture, _) in enumerate(seen):
                last = index + 1 == len(seen)
                status = f"{index / self._rate:4.1f} s" + (f"   {outcome}" if last else "")
                shown = compose(
                    picture, distances[: index + 1], f"{self._task}   scene {seed}", status, _SIZE
                )
                for _ in range(self._rate if last else 1):
                    film.add(shown)
        self.written.append(path)
