"""Episodes made from episodes: the bag is written anew, so that a copy is as safe as a recording."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from vip_ros.errors import UserError
from vip_teleop.bag_reader import read_bag
from vip_teleop.episode import BAG_FILE, EpisodeInfo, load_info
from vip_teleop.episode_writer import EpisodeWriter
from vip_teleop.salvage import RawMessage
from vip_teleop.static_transforms import TRANSFORMS, join_transforms

# Facts that a copy takes over from its original; the others follow from what is written.
_INHERITED = (
    "teleop",
    "seed",
    "encoder",
    "goal",
    "configuration",
    "config_hash",
    "warnings",
    "missed",
    "takeovers",
    "complete",
)


def raw_messages(episode: Path) -> Iterator[RawMessage]:
    """Yield the serialized messages of an episode in the order of recording.

    Raises:
        UserError: the bag is damaged.
    """
    for schema, channel, message in read_bag(episode / BAG_FILE):
        yield channel.topic, schema.name, message.data, message.log_time, message.publish_time


def write_copy(
    episode: Path, directory: Path, messages: Iterable[RawMessage], remark: str, **facts: Any
) -> Path:
    """Write messages as a new episode with the facts of an old one; returns its folder.

    Args:
        episode: whose facts it takes.
        directory: folder of the new episode; created.
        messages: in the order of recording.
        remark: what was done, added to the operator's.
        facts: fields of EpisodeInfo that differ.

    Raises:
        UserError: no message is left, or the folder cannot be written.
    """
    info = load_info(episode)
    inherited = {name: getattr(info, name) for name in _INHERITED}
    outcome = str(facts.pop("outcome", info.outcome))
    with EpisodeWriter(directory, info.task, **{**inherited, **facts}) as writer:
        for topic, type_name, data, stamp_ns, publish_ns in messages:
            writer.write_cdr(topic, type_name, data, stamp_ns, publish_ns)
        return writer.finish(outcome, "; ".join(text for text in (info.mark, remark) if text))


def copy(episode: Path, directory: Path) -> Path:
    """Copy an episode into a folder under the next free name there; returns its folder."""
    return write_copy(episode, directory, raw_messages(episode), "")


def trim(episode: Path, directory: Path, begin: float, end: float) -> Path:
    """Write the part of an episode between two times as a new episode.

    Args:
        episode: the original, which stays as it is.
        directory: folder of the new one.
        begin: s from the episode's start; latched messages from before move to this moment.
        end: s from the episode's start; 0 or less: counted back from its end.

    Raises:
        UserError: nothing lies between the two times.
    """
    info = load_info(episode)
    first, last = _bounds(info, begin, end, episode)
    remark = f"cut from {episode.name}, {begin:g} s to {(last - info.start_ns) * 1e-9:g} s"
    return write_copy(episode, directory, _between(episode, first, last), remark)


def merge(
    sources: Iterable[Path], directory: Path, told: Callable[[Path], None] = lambda _: None
) -> list[Path]:
    """Copy episodes into one folder, numbered on; returns their folders."""
    made = []
    for episode in sources:
        made.append(copy(episode, directory))
        told(made[-1])
    return made


def label(episode: Path, directory: Path, outcome: str) -> Path:
    """Copy an episode with another outcome; returns its folder."""
    return write_copy(episode, directory, raw_messages(episode), f"marked {outcome} later", outcome=outcome)


def _bounds(info: EpisodeInfo, begin: float, end: float, episode: Path) -> tuple[int, int]:
    until = end if end > 0 else info.duration + end
    if not 0 <= begin < until <= info.duration + 1e-6:
        raise UserError(
            f"nothing lies between {begin:g} s and {until:g} s",
            f"the episode lasts {info.duration:g} s",
            str(episode),
        )
    return info.start_ns + round(begin * 1e9), info.start_ns + round(until * 1e9)


def _between(episode: Path, first: int, last: int) -> Iterator[RawMessage]:
    latched: dict[str, RawMessage] = {}
    opened = False
    for message in raw_messages(episode):
        topic, type_name, data, stamp_ns, publish_ns = message
        if stamp_ns < first:
            if topic in _LATCHED:
                known = latched.get(topic)
                if known is not None and type_name == known[1] == TRANSFORMS:
                    data = join_transforms(known[2], data)
                latched[topic] = (topic, type_name, data, stamp_ns, publish_ns)
            continue
        if not opened:
            opened = True
            for known in latched.values():
                yield known[0], known[1], known[2], first, known[4]
        if stamp_ns <= last:
            yield topic, type_name, data, stamp_ns, publish_ns


# Topics whose newest message holds until the next one.
_LATCHED = frozenset(
    ("/franka/guard_state", "/vip/goal_image", "/vip/teleop_state", "/tf_static", "/robot_description")
)


def description(info: EpisodeInfo) -> dict[str, Any]:
    """Return the description of an episode as a plain mapping, for showing."""
    return dataclasses.asdict(info)
