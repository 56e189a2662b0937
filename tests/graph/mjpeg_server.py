"""A network camera for tests: motion JPEG over HTTP, which can go away and come back."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np


class MjpegServer:
    """Serves grey frames, never black, at a rate until stopped; start() on the same port brings it back."""

    def __init__(self, rate: float = 30.0, size: tuple[int, int] = (64, 48)) -> None:
        self._period = 1.0 / rate
        self._size = size
        self._port = 0
        self._stopped = threading.Event()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/stream.mjpg"

    def start(self) -> None:
        """Begin to listen."""
        self._stopped.clear()
        server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        server.daemon_threads = True
        self._port = server.server_port
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Go away: cut the streams and stop listening."""
        self._stopped.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stopped, period, size = self._stopped, self._period, self._size

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                grey = 0
                try:
                    while not stopped.wait(period):
                        grey = (grey + 1) % 200
                        picture = np.full((size[1], size[0], 3), 40 + grey, np.uint8)
                        jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                    self.connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # the viewer left

            def log_message(self, *args: object) -> None:
                pass

        return Handler
