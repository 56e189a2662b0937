"""Goals made with one encoder: from pictures, from the ends of demonstrations, from words, and in stages."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vip_models.distances import distances
from vip_models.goals import Goal, Subgoals, mean_goal
from vip_reward_node.encoding import Encoding, encode_footage
from vip_reward_node.footage import is_episode, is_success, last_frames, open_footage
from vip_reward_node.protocols import EncoderLike
from vip_reward_node.subgoals import Decomposition, find_subgoals, stage_budgets
from vip_reward_node.text import TextLayer
from vip_reward_node.thumbnails import shrunk
from vip_reward_node.video import (
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    Image,
    image_files,
    natural_order,
    read_image,
)
from vip_ros.errors import UserError


@dataclass(frozen=True)
class GoalMaker:
    """Makes goals.

    Attributes:
        encoder: the encoder.
        metric: how distances to its goals are measured, "l2" or "cosine"; "" becomes what the encoder's card
            says that its authors use.
        decomposition: how demonstrations are taken apart into subgoals.
    """

    encoder: EncoderLike
    metric: str = ""
    decomposition: Decomposition = field(default_factory=Decomposition)

    def __post_init__(self) -> None:
        """Let the encoder's own metric stand where none is given."""
        object.__setattr__(self, "metric", self.metric or self.encoder.card.metric)

    def of_image(self, rgb: Image, name: str = "") -> Goal:
        """Return the goal of an image uint8 [H, W, 3]; without a name it is called after its content."""
        embedding = self.encoder.encode(rgb[None], 1)[0]
        return Goal(name or content_name(rgb), self.encoder.id, embedding, np.array(rgb), metric=self.metric)

    def of_paths(self, paths: Sequence[Path], name: str = "") -> Goal:
        """Return the goal that several pictures and demonstrations show.

        Each image counts as it is, each video and each episode by its last frame; a folder stands for all
        that it holds (failed episodes left out). The goal embedding is the mean of theirs, as in VIP's
        robot experiments (arXiv 2210.00030); the goal counts as reached at the distance of the farthest of
        them, and is shown as the nearest.

        Raises:
            UserError: nothing there, or something that cannot be decoded.
        """
        members = [member for path in paths for member in _members(path)]
        if not members:
            raise UserError("no goal images", "name at least one image, video, episode or folder of them")
        name = name or (paths[0].resolve().stem if len(paths) == 1 else f"mean-of-{len(members)}")
        ends = [self._end(member) for member in members]
        if len(ends) == 1:
            embedding, image = ends[0]
            return Goal(name, self.encoder.id, embedding, image, metric=self.metric)
        embeddings = np.stack([embedding for embedding, _ in ends])
        mean = mean_goal(name, self.encoder.id, embeddings).embedding
        apart = distances(embeddings, mean, self.metric)
        image = ends[int(np.argmin(apart))][1]
        return Goal(name, self.encoder.id, mean, image, float(apart.max()), self.metric)

    def of_last_frame(self, path: Path, name: str = "") -> Goal:
        """Return the goal that a video, a folder of frames or an episode ends in."""
        embedding, image = self._end_of_video(path)
        return Goal(name or path.resolve().stem, self.encoder.id, embedding, image, metric=self.metric)

    def of_text(self, text: str, name: str = "") -> Goal:
        """Return the goal that a sentence describes.

        Raises:
            UserError: no words, or an encoder without a text tower; it names those that have one.
        """
        words = " ".join(text.split())
        if not words:
            raise UserError("a text goal without words", 'write "text:close the drawer"')
        embedding = self.encoder.encode_text([words])[0]
        name = name or re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-").lower()[:64] or "text"
        return Goal(name, self.encoder.id, embedding, picture_of_text(words), metric=self.metric)

    def of_demonstration(self, path: Path, name: str = "") -> Goal:
        """Return the goal that a demonstration ends in, with the subgoals found on the way."""
        footage = open_footage(path)
        encoding = encode_footage(footage, self.encoder)
        return self.of_encoding(encoding, name or path.resolve().stem)

    def of_encoding(self, encoding: Encoding, name: str) -> Goal:
        """Return the goal and subgoals of a demonstration that is encoded already."""
        ends = find_subgoals(encoding.embeddings, self.decomposition, self.metric)
        wanted = set(ends)
        frames = enumerate(open_footage(encoding.source, encoding.rate))
        images = np.stack([shrunk(frame.rgb) for index, frame in frames if index in wanted])
        stages = Subgoals(encoding.embeddings[ends], np.array(stage_budgets(ends)), encoding.rate, images)
        last = encoding.embeddings[-1]
        return Goal(name, self.encoder.id, last, images[-1], metric=self.metric, subgoals=stages)

    def _end(self, path: Path) -> tuple[np.ndarray, Image]:
        """Return embedding [D] and picture of an image, or of the last frame of anything else."""
        if path.suffix.lower() in IMAGE_SUFFIXES:
            # One by one: pictures side by side are no video.
            rgb = read_image(path)
            return self.encoder.encode(rgb[None], 1)[0], rgb
        return self._end_of_video(path)

    def _end_of_video(self, path: Path) -> tuple[np.ndarray, Image]:
        frames = last_frames(path, getattr(self.encoder, "window", 1))
        return self.encoder.encode(frames, len(frames))[-1], frames[-1]


def _members(path: Path) -> list[Path]:
    """Return the images, videos, episodes and folders of frames that a path stands for."""
    if not path.exists():
        raise UserError(f"no goal at {path}", "name images, videos, episodes or folders of them")
    if not path.is_dir() or is_episode(path):
        return [path]
    children = sorted(path.iterdir(), key=lambda child: natural_order(child.name))
    members = image_files(path) + [child for child in children if _is_demonstration(child)]
    if not members:
        raise UserError(f"no goal images in {path}", "give a folder of images, videos or successful episodes")
    return members


def _is_demonstration(path: Path) -> bool:
    """Tell whether a folder's child is a video, an episode that did not fail, or a folder of frames."""
    if path.name.startswith("."):
        return False
    if not path.is_dir():
        return path.suffix.lower() in VIDEO_SUFFIXES
    return is_success(path) if is_episode(path) else bool(image_files(path))


def content_name(rgb: Image) -> str:
    """Return a goal name made from an image's content: the same picture has the same name."""
    return f"image-{hashlib.sha256(np.ascontiguousarray(rgb).tobytes()).hexdigest()[:12]}"


def picture_of_text(text: str, size: tuple[int, int] = (320, 240)) -> Image:
    """Return a picture uint8 [H, W, 3] of a sentence, for viewers that show a goal image."""
    wide, high = size
    canvas = np.full((high, wide, 3), (28, 35, 44), np.uint8)
    layer = TextLayer()
    lines = textwrap.wrap(text, 22)[:6]
    for number, line in enumerate(lines):
        row = high // 2 + round(30 * (number - (len(lines) - 1) / 2))
        layer.add(line, (wide // 2, row), (226, 232, 238), 24, "mm")
    layer.draw_on(canvas)
    return canvas
