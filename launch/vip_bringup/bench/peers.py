"""Other implementations of VIP beside this one, as far as the person has installed them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec

import numpy as np

from vip_bringup.bench.figures import Figure
from vip_bringup.bench.footage import camera_size
from vip_bringup.bench.subject import Subject
from vip_models.timing import in_turns, ratio, timed
from vip_models.torch_tools import available_cores, import_torch, import_torchvision_models
from vip_ros.registry import Registry

Encode = Callable[[np.ndarray], object]
"""Encodes frames uint8 [T,H,W,3] RGB."""

PEERS: Registry[Callable[[], Encode | None]] = Registry("peer")
"""By name: what returns a peer's encode, or None where it is not installed."""

_FRAMES = 8
_PEER_OF = "vip-resnet50"


@PEERS.register("torchrl")
def torchrl() -> Encode | None:
    """TorchRL's VIPTransform, with random weights: its speed only."""
    if find_spec("torchrl") is None:
        return None
    import_torchvision_models()
    from tensordict import TensorDict
    from torchrl.envs.transforms import VIPTransform

    torch = import_torch("TorchRL's VIPTransform")
    transform = VIPTransform("resnet50", in_keys=["pixels"], out_keys=["embedding"], size=224).eval()

    def encode(frames: np.ndarray) -> object:
        with torch.no_grad():
            return transform(TensorDict({"pixels": torch.from_numpy(frames)}, [len(frames)]))["embedding"]

    return encode


@PEERS.register("official")
def official() -> Encode | None:
    """The published package `vip`, which loads its own weights."""
    if find_spec("vip") is None or find_spec("vip.models") is None:
        return None
    import_torchvision_models()
    from torchvision import transforms
    from vip import load_vip

    torch = import_torch("the published package")
    model = load_vip().eval()
    device = next(model.parameters()).device
    prepare = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])

    def encode(frames: np.ndarray) -> object:
        from PIL import Image

        batch = torch.stack([prepare(Image.fromarray(frame)) for frame in frames]).to(device)
        with torch.no_grad():
            return model(batch * 255.0).cpu()

    return encode


def peer_figures(
    subject: Subject, frames: np.ndarray, seconds: float, status: Callable[[str], None]
) -> list[Figure]:
    """Time each installed peer and this project in turns; nothing for other encoders than VIP's ResNet-50."""
    if subject.encoder.name != _PEER_OF:
        return []
    clip = np.stack([camera_size(frame) for frame in np.resize(frames, (_FRAMES, *frames.shape[1:]))])
    figures: list[Figure] = []
    for name in PEERS.names():
        status(f"beside {name}")
        encode = PEERS.get(name)()
        if encode is not None:
            figures += _beside(name, encode, subject, clip, seconds)
    return figures


def _beside(
    name: str, encode: Encode, subject: Subject, clip: np.ndarray, seconds: float
) -> Sequence[Figure]:
    import_torch("comparing with a peer").set_num_threads(available_cores())
    theirs, ours = in_turns(
        [timed(lambda: encode(clip)), timed(lambda: subject.encoder.encode(clip, len(clip)))],
        seconds,
        least=3,
    )
    rate = len(clip) / float(np.median(theirs))
    return [
        Figure(f"peer_{name}_fps", rate, "frames/s", f"{name}: frames from memory"),
        Figure(f"peer_{name}_ratio", ratio(theirs, ours), "x", f"  this project, times {name}"),
    ]
