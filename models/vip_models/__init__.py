"""Encoders: frozen networks that turn camera frames into embeddings, by card name."""

from __future__ import annotations

from vip_models.card import EncoderCard, card_names, load_card
from vip_models.encoder import Encoder, load_encoder

__all__ = ["Encoder", "EncoderCard", "card_names", "load_card", "load_encoder"]
