"""One file from a web address: goes on where it was cut off, appears complete or not at all."""

from __future__ import annotations

import fcntl
import http.client
import json
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from vip_ros.errors import UserError

_BLOCK = 1 << 20
_TIMEOUT = 30.0  # s without a byte
_PAUSES = (0.5, 2.0, 5.0, 10.0)  # s, before each further attempt
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Origin:
    """Which bytes a partial file holds: the address, the server's mark of their version, how many in all."""

    url: str
    version: str = ""
    total: int = 0


def download(
    url: str, path: Path, on_progress: Progress | None = None, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Download a file; what an earlier attempt left is kept when the server still has the same file.

    Args:
        url: http or https.
        path: where it shall appear; until then `.NAME.part` beside it holds what has come.
        on_progress: called with the bytes received and the bytes expected (0: unknown).
        sleep: waits between attempts, s.

    Raises:
        UserError: no web address, a full disk, or another process is fetching this file.
        OSError: the server does not answer, or not with a file.
    """
    if not url.startswith(("https://", "http://")):
        raise UserError(f"not a web address: {url}", "mend the urls of the encoder card")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with _locked(part) as file:
        failures = 0
        while not (failure := _attempt(url, file, part, on_progress)).complete:
            failures = 0 if failure.progress else failures + 1
            # An address that never gave a byte is not worth a long wait.
            if failures > (len(_PAUSES) if part.stat().st_size else 1):
                raise OSError(failure.reason)
            sleep(_PAUSES[max(0, failures - 1)])
        part.replace(path)
        _note(part).unlink(missing_ok=True)


@dataclass
class _Outcome:
    """What came of one attempt."""

    complete: bool = False
    progress: bool = False
    reason: str = ""


@contextmanager
def _locked(part: Path) -> Iterator[BinaryIO]:
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(
                "another process is fetching this file", "wait for it to end", str(part)
            ) from None
        try:
            yield file
        finally:
            if part.is_file() and not part.stat().st_size:
                part.unlink()
                _note(part).unlink(missing_ok=True)


def _attempt(url: str, file: BinaryIO, part: Path, on_progress: Progress | None) -> _Outcome:
    """Ask once for what is missing and append it; raises OSError when the server will not have it."""
    before = part.stat().st_size
    try:
        complete, reason = _transfer(url, file, part, on_progress), "the server's file is another one by now"
        if not complete and (size := part.stat().st_size):
            reason = f"cut off after {size} bytes"
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as error:
        complete, reason = False, str(error) or type(error).__name__
    return _Outcome(complete, part.stat().st_size > before, reason)


def _transfer(url: str, file: BinaryIO, part: Path, on_progress: Progress | None) -> bool:
    """Append what the server sends; returns whether the file is complete."""
    origin, held = _read_note(part), part.stat().st_size
    if origin.url != url or not (origin.version or origin.total):
        origin, held = _Origin(url), 0
    with _ask(url, held, origin) as answer:
        start, total = _extent(answer)
        version = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        if start and (start, total, version) != (held, origin.total, origin.version) or answer.status == 416:
            if answer.status == 416 and held == total == origin.total:
                return True
            file.truncate(0)
            return False
        file.truncate(start)
        _need_space(part, total - start)
        _note(part).write_text(json.dumps(asdict(_Origin(url, version, total))))
        held = _append(answer, file, start, lambda held: on_progress and on_progress(held, total))
    return held == total or not total


def _append(answer: Any, file: BinaryIO, held: int, on_progress: Callable[[int], Any]) -> int:
    try:
        while block := answer.read1(_BLOCK):
            file.write(block)
            held += len(block)
            on_progress(held)
    except http.client.IncompleteRead as error:
        file.write(error.partial)
        raise
    finally:
        file.flush()
    return held


@contextmanager
def _ask(url: str, held: int, origin: _Origin) -> Iterator[Any]:
    headers = {"User-Agent": "vip-models", "Accept-Encoding": "identity"}
    if held:
        headers["Range"] = f"bytes={held}-"
        # A weak mark may not be used to ask whether bytes are the same.
        if origin.version and not origin.version.startswith("W/"):
            headers["If-Range"] = origin.version
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # nothing is left to send
            raise
        answer = error
    with answer:
        if answer.status == 200 and answer.headers.get_content_type() == "text/html":
            raise OSError("the address answers with a web page, not with a file")
        yield answer


def _extent(answer: Any) -> tuple[int, int]:
    """Return the first byte that the server sends and the size of the whole file (0: it does not say)."""
    if answer.status in (206, 416):
        if found := _RANGE.fullmatch(answer.headers.get("Content-Range", "")):
            return int(found[1] or 0), int(found[2].replace("*", "0"))
        raise OSError("the server does not say which part of the file it sends")
    return 0, int(answer.headers.get("Content-Length") or 0)


def _need_space(part: Path, more: int) -> None:
    free = _free_bytes(part.parent)
    if more > free:
        raise UserError(
            f"{more / 1e9:.1f} GB to fetch, {free / 1e9:.1f} GB free",
            "make room, or set VIP_CACHE to another disk",
            str(part.parent),
        )


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _read_note(part: Path) -> _Origin:
    try:
        return _Origin(**json.loads(_note(part).read_text()))
    except (OSError, ValueError, TypeError):
        return _Origin("")
