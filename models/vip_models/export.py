"""From a card and its weights to a network: the torch module, and the ONNX file that runs without torch."""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from pathlib import Path
from typing import Any

from vip_models.architectures import ARCHITECTURES
from vip_models.card import EncoderCard
from vip_models.converters import LayoutError
from vip_models.identify import check_fit, redirect
from vip_models.onnx_files import move_model
from vip_models.torch_tools import import_torch
from vip_models.weights import file_sha256, read_state
from vip_ros.resources import cache_dir

INPUT_NAME, OUTPUT_NAME = "frames", "embedding"
OPSET = 17
_EXPORT_VERSION = 2
# What of a card decides which network its weights become.
_NETWORK_FIELDS = (
    "architecture",
    "dim",
    "output",
    "state_path",
    "prefix",
    "drop",
    "convert",
    "crop",
    "window",
    "mean",
    "std",
)


def build_network(card: EncoderCard) -> Any:
    """Build the card's untrained torch module, float [N,3,crop,crop] normalised → [N,dim].

    With a window it takes float [N,3,window,crop,crop].
    """
    return ARCHITECTURES.get(card.architecture)(card)


def load_network(card: EncoderCard, weights: Path) -> Any:
    """Build the torch module with its weights, in evaluation mode, uint8 [N,crop,crop,3] → float32 [N,dim].

    With a window it takes uint8 [N,window,crop,crop,3].

    Raises:
        UserError: the weights do not fit the card.
    """
    backbone = build_network(card)
    try:
        state = read_state(weights, card)
        check_fit(backbone.state_dict(), state, card, weights)
    except LayoutError as error:
        raise redirect(error, weights) from None
    backbone.load_state_dict(state, strict=False)  # what may be missing is not used
    return with_normalisation(backbone, card)


def with_normalisation(backbone: Any, card: EncoderCard) -> Any:
    """Wrap a network so that it takes uint8 frames as `input_shape` says; returned in evaluation mode."""
    torch = import_torch("building an encoder")
    channels_first = (0, 3, 1, 2) if card.window == 1 else (0, 4, 1, 2, 3)
    per_channel = [1, 3] + [1] * (len(channels_first) - 2)
    std = torch.tensor(card.std).view(per_channel)
    mean = torch.tensor(card.mean).view(per_channel)

    class Normalised(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.backbone = backbone
            self.register_buffer("scale", 1.0 / (255.0 * std))
            self.register_buffer("offset", -mean / std)

        def forward(self, frames: Any) -> Any:
            return self.backbone(frames.permute(channels_first).float() * self.scale + self.offset)

    return Normalised().eval()


def input_shape(card: EncoderCard) -> tuple[int, ...]:
    """Return the shape of one input: (crop,crop,3), or (window,crop,crop,3)."""
    return (card.window,) * (card.window > 1) + (card.crop, card.crop, 3)


def onnx_path(card: EncoderCard, weights_sha256: str) -> Path:
    """Return where the ONNX file of these weights is cached, whether or not it exists yet."""
    parts = (_EXPORT_VERSION, OPSET, *(getattr(card, field) for field in _NETWORK_FIELDS))
    key = hashlib.sha256(f"{weights_sha256}{parts}".encode()).hexdigest()
    return cache_dir() / "onnx" / f"{key}.onnx"


def cached_onnx(card: EncoderCard, weights: Path, weights_sha256: str = "") -> Path:
    """Return the ONNX file of these weights, exported on first use.

    Raises:
        UserError: it is not cached yet and torch is not installed, or the weights do not fit.
    """
    path = onnx_path(card, weights_sha256 or file_sha256(weights))
    if not path.is_file():
        import_torch(f"converting encoder '{card.name}' for the first time")
        export_onnx(load_network(card, weights), card, path)
    return path


def export_onnx(network: Any, card: EncoderCard, path: Path) -> None:
    """Write the network as ONNX with a dynamic batch; the file appears complete or not at all.

    A network of more than 2 GB takes a second file, NAME.data beside it.
    """
    torch = import_torch("exporting an encoder")
    path.parent.mkdir(parents=True, exist_ok=True)
    example = torch.zeros((1, *input_shape(card)), dtype=torch.uint8)
    # torch's fused attention has no ONNX counterpart; its parts have.
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with (
            tempfile.TemporaryDirectory(dir=path.parent, prefix=".part-") as folder,
            warnings.catch_warnings(),
            torch.no_grad(),
        ):
            # The tracing exporter is announced as deprecated; the newer one needs another package.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                (example,),
                str(model := Path(folder) / "model.onnx"),
                input_names=[INPUT_NAME],
                output_names=[OUTPUT_NAME],
                dynamic_axes={INPUT_NAME: {0: "batch"}, OUTPUT_NAME: {0: "batch"}},
                opset_version=OPSET,
                dynamo=False,
            )
            move_model(model, path)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
