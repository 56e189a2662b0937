"""Fetching published weights: whole or not at all, and the same ones ever after."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from vip_models.card import EncoderCard
from vip_models.download import Progress, download
from vip_models.weights import default_weights, file_sha256, known_sha256, record_file, record_sha256
from vip_ros.errors import UserError

_INDEX, _VALUES = ".index", ".data-00000-of-00001"
_Sleep = Callable[[float], None]


def fetch_weights(card: EncoderCard, on_progress: Progress | None = None, sleep: _Sleep = time.sleep) -> Path:
    """Download the card's weights, or return them when they are there already.

    What a broken transfer left is kept, and the next call goes on from there. The sha256 of the first
    download is written beside the weights, which are held to it from then on.

    Args:
        card: whose weights.
        on_progress: called with the bytes of the present file received and expected (0: unknown).
        sleep: waits between attempts, s.

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
    staged = path.with_name(f".{path.stem}.fetched{path.suffix}")
    url = _first_answer(card.urls, staged, on_progress, sleep)
    sha256, wanted = file_sha256(staged), known_sha256(card)
    if wanted and sha256 != wanted:
        for _, part in _parts(url, staged):
            part.unlink()
        source = "in the card" if card.sha256 else f"by an earlier download in {record_file(path)}"
        raise UserError(
            f"the fetched weights of '{card.name}' are not the published ones (sha256 {sha256[:12]}…, "
            f"{wanted[:12]}… {source})",
            "try again later",
            url,
        )
    record_sha256(path, sha256)
    # The file that makes the weights count as present comes last.
    for (_, part), (_, target) in reversed(list(zip(_parts(url, staged), _parts(url, path), strict=True))):
        part.replace(target)
    return path


def _first_answer(urls: tuple[str, ...], path: Path, on_progress: Progress | None, sleep: _Sleep) -> str:
    failures = []
    for url in urls:
        try:
            for source, part in _parts(url, path):
                if not part.is_file():
                    download(source, part, on_progress, sleep)
        except OSError as error:
            failures.append(f"{url} ({error})")
        else:
            return url
    raise UserError(
        "no address of the weights answers to the end",
        "check the network and run the same command again, which goes on where this one stopped, "
        f"or give --weights FILE; tried {'; '.join(failures)}",
    )


def _parts(url: str, path: Path) -> list[tuple[str, Path]]:
    """Return the addresses and files of one set of weights: TensorFlow keeps index and values apart."""
    parts = [(url, path)]
    if path.suffix == _INDEX:
        parts.append((url.removesuffix(_INDEX) + _VALUES, path.with_suffix(_VALUES)))
    return parts
