"""A web server for tests of downloads: it can cut transfers off, ignore ranges and change its files."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server offers and how it behaves.

    Args:
        files: content by path.
        cuts: bytes after which each next answer breaks off; None: not at all.
        ranges: whether parts of a file can be asked for.
        etag: mark of the files' version; "" sends none.
        sized: whether answers say their length.
        kind: content type of every answer.
    """

    files: dict[str, bytes]
    cuts: list[int | None] = field(default_factory=list)
    ranges: bool = True
    etag: str = '"1"'
    sized: bool = True
    kind: str = "application/octet-stream"
    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)  # path and Range of each request


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    """Serve a site on this host until the block ends; `site.address` is its root."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            wanted = self.headers.get("Range", "")
            site.asked.append((self.path, wanted))
            content = site.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            same = self.headers.get("If-Range", site.etag) == site.etag
            start = int(match[1]) if (match := re.fullmatch(r"bytes=(\d+)-", wanted)) else 0
            start = start if site.ranges and same else 0
            if start >= len(content) > 0:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("ETag", site.etag)
                self.end_headers()
                return
            self._answer(content, start)

        def _answer(self, content: bytes, start: int) -> None:
            self.send_response(206 if start else 200)
            self.send_header("Content-Type", site.kind)
            if site.etag:
                self.send_header("ETag", site.etag)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            if site.sized:
                self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            cut = site.cuts.pop(0) if site.cuts else None
            self.wfile.write(content[start:] if cut is None else content[start : start + cut])

        def log_message(self, *_: object) -> None:
            pass

    return Handler
