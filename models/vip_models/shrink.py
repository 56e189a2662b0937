"""From a training checkpoint to a small weights file that can be shipped."""

from __future__ import annotations

from pathlib import Path

from vip_models.architectures.colour_points import point_tensors
from vip_models.card import EncoderCard
from vip_models.export import build_network
from vip_models.weights import file_sha256, read_state
from vip_ros.files import replacing


def shrink(checkpoint: Path, card: EncoderCard, out: Path) -> str:
    """Write a checkpoint's tensors as half-precision safetensors under the published names.

    Batch-norm statistics stay in single precision: their range exceeds that of half precision. Colour points
    that the card's network has and the checkpoint's had not are added.

    Returns:
        SHA-256 of the written file.

    Raises:
        OSError: no room, no right, no folder.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors = {}
    for name, tensor in {**point_tensors(build_network(card)), **read_state(checkpoint, card)}.items():
        keep = "running_" in name or not tensor.is_floating_point()
        tensors[f"{card.prefix}{name}"] = (tensor if keep else tensor.half()).contiguous()
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as draft:
        try:
            save_file(tensors, draft, {"encoder": card.name})
        except SafetensorError as error:  # the library's word for a full disk, too
            raise OSError(f"the weights cannot be written: {error}") from None
        draft.chmod(0o644)  # the library makes it readable to its owner only
    return file_sha256(out)
