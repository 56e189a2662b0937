"""Sentences as goals: the text tower that CLIP and LIV have beside the image tower."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vip_models.architectures.clip import build_text_tower
from vip_models.card import EncoderCard
from vip_models.converters.clip import read_text_tower
from vip_models.torch_tools import import_open_clip, import_torch
from vip_ros.errors import UserError

_MARKERS = 2  # a sentence is put between a start and an end token


class TextTower:
    """A frozen network from sentences to embeddings; it runs in torch, since a goal is set once."""

    def __init__(self, card: EncoderCard, weights: Path) -> None:
        """Load the text tower; raises UserError when the file has none."""
        self._torch = import_torch("a text goal")
        self._tower = build_text_tower(card).eval()
        missing, extra = self._tower.load_state_dict(read_text_tower(weights, card), strict=False)
        if missing or extra:
            raise UserError(
                f"the text tower of '{card.name}' does not fit ('{(missing or extra)[0]}')",
                "give the published weights, which hold both towers",
                str(weights),
            )
        self._tokenizer = import_open_clip().tokenizer.SimpleTokenizer()
        self._length = self._tower.context_length

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        """Return embeddings float32 [N,D] of N sentences.

        Raises:
            UserError: a sentence that is too long for the network.
        """
        if not sentences:
            return np.empty((0, self._tower.text_projection.shape[1]), np.float32)
        for sentence in sentences:
            count = len(self._tokenizer.encode(sentence)) + _MARKERS
            if count > self._length:
                raise UserError(
                    f"a sentence of {count} tokens ('{sentence[:30]}…')", f"use at most {self._length}"
                )
        tokens: Any = self._tokenizer(list(sentences), self._length)
        with self._torch.inference_mode():
            return self._tower(tokens).float().numpy()
