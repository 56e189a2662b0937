"""Checkpoints that appear complete or not at all, and from which a run goes on as if nothing had happened."""

from __future__ import annotations

import fcntl
import io
import os
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from vip_models.card import EncoderCard
from vip_models.pretraining.config import PretrainConfig
from vip_ros.errors import UserError

CHECKPOINT = "checkpoint.pt"
# What a checkpoint that does not name them was trained with.
_BEFORE = {"reconstruct": 0.0, "returns": 0.0, "order": 0.0, "frozen": "", "views": 2}


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Replace a file, or leave it as it was; what a crash leaves behind is removed by the next writer.

    Raises:
        OSError: no room, no right, no folder.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def claim(folder: Path, owner: object) -> Callable[[], object]:
    """Keep other processes from training into a folder until what is returned is called, or owner is gone.

    Raises:
        UserError: another one does.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise UserError(
            "another process trains into this folder", "wait for it, or choose another --out", str(folder)
        ) from None
    except OSError:
        pass  # a file system without locks
    return weakref.finalize(owner, os.close, handle)


def save(
    path: Path, card: EncoderCard, config: PretrainConfig, learner: Any, progress: Mapping[str, Any]
) -> None:
    """Write network, optimiser and progress; `load_encoder` opens the same file.

    Raises:
        OSError: it could not be written; an earlier checkpoint is as it was.
    """
    state = learner.network.backbone.state_dict()
    content = {
        card.state_path or "vip": {f"{card.prefix}{name}": value for name, value in state.items()},
        "optimizer": learner.optimizer.state_dict(),
        "auxiliary": learner.auxiliary.state_dict(),
        "settings": {**config.fixed(), **card.network_values()},
        **progress,
    }
    # Through memory: torch answers a full disk with an internal error, writing bytes with an OSError.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getbuffer())


def resume(path: Path, card: EncoderCard, config: PretrainConfig, learner: Any) -> dict[str, Any]:
    """Load a checkpoint into a learner and return the saved progress; empty where there is no checkpoint.

    Raises:
        UserError: not a checkpoint, or one that was trained otherwise.
    """
    if not path.is_file():
        return {}
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        settings, state, optimizer = (
            saved.pop("settings"),
            saved.pop(card.state_path or "vip"),
            saved.pop("optimizer"),
        )
        # Earlier checkpoints name the architecture alone.
        settings = {**_BEFORE, **card.network_values(), **settings}
    except Exception as error:  # torch raises many kinds on a damaged file
        raise UserError(
            "not a checkpoint that can be resumed",
            f"move it away or use another --out ({type(error).__name__})",
            str(path),
        ) from None
    for key, now in {**config.fixed(), **card.network_values()}.items():
        if settings.get(key) != now:
            raise UserError(
                f"the checkpoint was trained with {key}={settings.get(key)}, not {now}",
                "use the same settings, or another output folder",
                str(path),
            )
    try:
        learner.network.backbone.load_state_dict({k[len(card.prefix) :]: v for k, v in state.items()})
    except RuntimeError:
        raise UserError(
            "the checkpoint is of a network of another size",
            "use the same settings, or another --out",
            str(path),
        ) from None
    learner.auxiliary.load_state_dict(saved.pop("auxiliary", {}))
    learner.optimizer.load_state_dict(optimizer)
    return dict(saved)
