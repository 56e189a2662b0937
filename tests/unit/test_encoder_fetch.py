"""Published weights are fetched whole or not at all."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vip_models.card import EncoderCard
from vip_models.fetch import fetch_weights
from vip_ros.errors import UserError

CONTENT = b"weights" * 1000


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:100] if self.path == "/cut" else CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)


def _card(*urls, sha256=""):
    return EncoderCard(name="mine", urls=urls, sha256=sha256)


def test_weights_are_fetched_from_the_first_address_that_answers(address, vip_cache):
    seen = []
    card = _card(f"{address}/missing", f"{address}/good", sha256=hashlib.sha256(CONTENT).hexdigest())
    path = fetch_weights(card, lambda done, total: seen.append((done, total)))
    assert path == vip_cache / "weights" / "mine.pt"
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.parametrize(
    ("path", "sha256", "message"),
    [
        ("missing", "", "no address of the weights answers"),
        ("cut", "", "no address of the weights answers"),
        ("good", "0" * 64, "not the published ones"),
    ],
)
def test_a_failed_transfer_leaves_nothing(address, vip_cache, path, sha256, message):
    with pytest.raises(UserError, match=message):
        fetch_weights(_card(f"{address}/{path}", sha256=sha256))
    assert list((vip_cache / "weights").iterdir()) == []


def test_only_web_addresses_are_followed(vip_cache):
    with pytest.raises(UserError, match="not a web address"):
        fetch_weights(_card("file:///etc/passwd"))


def test_an_encoder_without_published_weights_says_so(vip_cache):
    with pytest.raises(UserError, match="--weights FILE"):
        fetch_weights(_card())
