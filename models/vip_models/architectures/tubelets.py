"""Tokens of a clip: blocks of a few frames and a square of pixels, embedded by a 3-D convolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vip_models.torch_tools import import_torch


def tubelet_embedding(frames: int, tubelet: int) -> Callable[..., Any]:
    """Return a patch embedding for timm's VisionTransformer that takes clips instead of images.

    Args:
        frames: frames of a clip.
        tubelet: frames that one token spans.

    Returns:
        A builder of modules float [N,3,frames,S,S] → [N, tokens, width]; tokens run by time, row, column.
    """
    nn = import_torch("building an encoder").nn

    class Tubelets(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(
            self, img_size: int, patch_size: int, in_chans: int, embed_dim: int, bias: bool, **_: Any
        ) -> None:
            super().__init__()
            block = (tubelet, patch_size, patch_size)
            self.num_patches = (frames // tubelet) * (img_size // patch_size) ** 2
            self.proj = nn.Conv3d(in_chans, embed_dim, block, block, bias=bias)

        def forward(self, clips: Any) -> Any:
            return self.proj(clips).flatten(2).transpose(1, 2)

    return Tubelets
