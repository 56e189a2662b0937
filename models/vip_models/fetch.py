"""Fetching published weights; they are checked before they take their place."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from vip_models.card import EncoderCard
from vip_models.weights import default_weights, file_sha256
from vip_ros.errors import UserError

_BLOCK = 1 << 20
_TIMEOUT = 30.0  # s without a byte
Progress = Callable[[int, int], None]


def fetch_weights(card: EncoderCard, on_progress: Progress | None = None) -> Path:
    """Download the card's weights, or return them when they are there already.

    Args:
        card: whose weights.
        on_progress: called with the bytes received and the bytes expected (0: unknown).

    Raises:
        UserError: none are published, no address answers, or the file is not the published one.
    """
    path = default_weights(card)
    if path.is_file():
        return path
    if not card.urls:
        raise UserError(
            f"no weights are published for encoder '{card.name}'", "give a file with --weights FILE"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _first_answer(card.urls, temporary, on_progress)
        if card.sha256 and file_sha256(temporary) != card.sha256:
            raise UserError(
                f"the fetched weights of '{card.name}' are not the published ones",
                "try again later",
                card.urls[0],
            )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _first_answer(urls: tuple[str, ...], path: Path, on_progress: Progress | None) -> None:
    failures = []
    for url in urls:
        if not url.startswith(("https://", "http://")):
            raise UserError(f"not a web address: {url}", "mend the urls of the encoder card")
        try:
            _download(url, path, on_progress)
        except (urllib.error.URLError, OSError) as error:
            failures.append(f"{url} ({error})")
        else:
            return
    raise UserError(
        "no address of the weights answers",
        f"check the network, or give --weights FILE; tried {'; '.join(failures)}",
    )


def _download(url: str, path: Path, on_progress: Progress | None) -> None:
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, path.open("wb") as file:
        expected, received = int(answer.headers.get("Content-Length") or 0), 0
        while block := answer.read(_BLOCK):
            file.write(block)
            received += len(block)
            if on_progress is not None:
                on_progress(received, expected)
        if expected and received != expected:
            raise OSError(f"cut off after {received} of {expected} bytes")
