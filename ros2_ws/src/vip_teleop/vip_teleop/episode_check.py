"""Whether an episode on disk is what was recorded: checksum, every message, every picture."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vip_ros.errors import UserError
from vip_teleop.episode import BAG_FILE
from vip_teleop.episode_reader import EpisodeReader


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verify(episode: Path) -> list[str]:
    """Read an episode through and return what is wrong with it, one line each; empty when it is sound."""
    problems: list[str] = []
    try:
        reader = EpisodeReader(episode)
        if reader.info.sha256 and checksum(episode / BAG_FILE) != reader.info.sha256:
            problems.append("the bag has changed since it was recorded (checksum)")
        counts: dict[str, int] = {}
        for topic, _, _ in reader.messages():
            counts[topic] = counts.get(topic, 0) + 1
        if counts != reader.info.counts:
            problems.append("the bag does not hold the messages that its description counts")
        for _ in reader.images():
            pass
    except UserError as error:
        # Whoever asked knows which episode it is: the place is left out.
        problems.append(": ".join(filter(None, (error.what, error.mend))))
    return problems
