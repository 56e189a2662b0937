"""The frozen encoder φ that every node and command uses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vip_models.card import EncoderCard, card_names, load_card
from vip_models.preprocessing import preprocess_batch
from vip_models.runtimes import RUNTIMES, Network
from vip_models.torch_tools import available_cores
from vip_models.weights import file_sha256, locate_weights
from vip_models.window import FrameWindow
from vip_ros.errors import UserError

if TYPE_CHECKING:
    from vip_models.text import TextTower

ID_DIGITS = 12
# Height and width of a usual camera's picture: resizing is a part of the warm-up.
_USUAL_SIZE = (480, 640)
# The first runs also start threads and settle on memory and algorithms.
_WARM_UPS = 2


class Encoder:
    """A frozen network from RGB frames to embeddings.

    Attributes:
        card: what is known about it.
        id: card name and the first digits of the weights' sha256; embeddings compare only under equal ids.
    """

    def __init__(
        self, card: EncoderCard, weights_sha256: str, network: Network, weights: Path | None = None
    ) -> None:
        self.card = card
        self._weights = weights
        self._text: TextTower | None = None
        self.id = f"{card.name}@{weights_sha256[:ID_DIGITS]}"
        self._network = network

    @property
    def name(self) -> str:
        """The card's name."""
        return self.card.name

    @property
    def dim(self) -> int:
        """Length of an embedding."""
        return self.card.dim

    @property
    def window(self) -> int:
        """Consecutive frames that make one embedding."""
        return self.card.window

    @property
    def device(self) -> str:
        """Where the network really runs: "cpu" or "cuda"."""
        return self._network.device

    @property
    def runtime(self) -> str:
        """What it really runs in, by its name in the registry of runtimes."""
        return self._network.runtime

    def encode(self, frames: np.ndarray, batch_size: int = 8, past: FrameWindow | None = None) -> np.ndarray:
        """Return embeddings float32 [T,D] of consecutive frames uint8 [T,H,W,3] RGB.

        Args:
            frames: of one video; an encoder with a window sees each with those before it.
            batch_size: embeddings per run of the network.
            past: what an encoder with a window saw of the video so far; None: the video begins here.

        Raises:
            UserError: frames of another type or shape, or without pixels.
        """
        return self.embed(self.prepare(frames), batch_size, past)

    def prepare(self, frames: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
        """Do the first half of encode: frames uint8 [T,H,W,3] → what the network takes, uint8 [T,h,w,3].

        Raises:
            UserError: frames of another type or shape, or without pixels.
        """
        if isinstance(frames, np.ndarray) and frames.ndim != 4:
            raise UserError(f"frames of shape {frames.shape}", "give uint8 [T,H,W,3] RGB")
        return np.asarray(frames) if self._network.resizes else preprocess_batch(frames, self.card)

    def embed(self, prepared: np.ndarray, batch_size: int = 8, past: FrameWindow | None = None) -> np.ndarray:
        """Do the second half of encode: what prepare returned → embeddings float32 [T,D]."""
        past = (past or FrameWindow(self.window)) if self.window > 1 else None
        embeddings = np.empty((len(prepared), self.dim), np.float32)
        for start in range(0, len(prepared), batch_size):
            batch = prepared[start : start + batch_size]
            embeddings[start : start + batch_size] = self._network.run(past.push(batch) if past else batch)
        return embeddings

    def encode_text(self, sentences: Sequence[str]) -> np.ndarray:
        """Return embeddings float32 [N,D] of N sentences, comparable with those of images by their cosine.

        Raises:
            UserError: the encoder has no text tower, or a sentence is too long for it.
        """
        if not self.card.text or self._weights is None:
            names = [name for name in card_names() if load_card(name).text]
            raise UserError(f"encoder '{self.name}' does not embed text", f"use one of {', '.join(names)}")
        if isinstance(sentences, str):
            raise UserError("one string instead of a list of sentences", "give a list")
        if self._text is None:
            from vip_models.text import TextTower

            self._text = TextTower(self.card, self._weights)
        return self._text.encode(sentences)

    def warm_up(self, batch_size: int = 1) -> None:
        """Run on blank frames of a usual camera's size, so that the first real one is not the slow one."""
        for _ in range(_WARM_UPS):
            self.encode(np.zeros((batch_size, *_USUAL_SIZE, 3), np.uint8), batch_size)


def load_encoder(
    name: str, weights: str | Path | None = None, runtime: str = "auto", threads: int = 0
) -> Encoder:
    """Load an encoder by card name.

    Args:
        name: a card's name, or the path of a card file.
        weights: a weights file; None takes the shipped or fetched one.
        runtime: a name in the registry of runtimes; "auto" is what `vip models export --tune` chose on this
            machine, else CUDA where it works, else the CPU.
        threads: CPU threads, 0 for all cores this process may use.

    Raises:
        UserError: unknown encoder or runtime, missing or unfit weights.
    """
    card = load_card(name)
    opener = RUNTIMES.get(runtime)
    path = locate_weights(card, weights)
    sha256 = file_sha256(path)
    return Encoder(card, sha256, opener(card, path, sha256, threads or available_cores()), path)
