"""Receives a page of the dashboard as a browser does, and draws nothing: who looks from another machine.

python benchmarks/page_reader.py http://127.0.0.1:8080

It takes every update and fetches the pictures as the page does; "reading" is printed once the camera's first
came, and at the end, by SIGTERM, how many came.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import sys
import uuid
from typing import Any

import aiohttp
import socketio

from vip_bringup.dashboard.page import NEXT_PICTURE

_CLIENT = re.compile(r"'client_id': '([0-9a-f-]+)'")
_PICTURE = re.compile(r'"(/pictures/\w+\.jpg\?n=\d+)"')


class PageReader:
    """One page that is open.

    Attributes:
        pictures: how many came of the camera.

    Args:
        url: where the dashboard is served.
        session: what fetches from there.
    """

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url, self._session = url, session
        # Not over the session: uvicorn would close a connection that had served a page before, 5 s later.
        self._socket = socketio.AsyncClient(reconnection=False)
        self._page = ""
        self.pictures = 0

    async def read(self) -> None:
        """Open the page and receive it.

        Raises:
            SystemExit: what is served is not a page of NiceGUI, or the dashboard has closed it.
        """
        async with self._session.get(self._url) as answer:
            found = _CLIENT.search(await answer.text())
        if found is None:
            raise SystemExit(f"{self._url} serves no dashboard")
        self._page = found[1]
        self._socket.on("*", self._on_update)
        query = (
            f"client_id={self._page}&next_message_id=0&implicit_handshake=true"
            f"&tab_id={uuid.uuid4()}&document_id={uuid.uuid4()}"
        )
        await self._socket.connect(
            f"{self._url}?{query}", transports=["websocket"], socketio_path="/_nicegui_ws/socket.io"
        )
        try:
            while self._socket.connected:
                came = await self._fetch(f"/pictures/camera.jpg?n={self.pictures}")
                if came and not self.pictures:
                    print("reading", flush=True)
                self.pictures += came
                await asyncio.sleep(NEXT_PICTURE)
            raise SystemExit("the dashboard has closed the page")
        finally:
            await self._socket.disconnect()

    async def _fetch(self, path: str) -> bool:
        async with self._session.get(self._url + path) as answer:
            return answer.status == 200 and bool(await answer.read())

    async def _on_update(self, event: str, message: Any) -> None:
        for path in _PICTURE.findall(json.dumps(message)):
            await self._fetch(path)
        if isinstance(message, dict) and "_id" in message:
            received = {"client_id": self._page, "next_message_id": message["_id"] + 1}
            await self._socket.emit("ack", received)


async def main(url: str) -> None:
    """Read the page at an address."""
    async with aiohttp.ClientSession() as session:
        reader = PageReader(url, session)
        reading = asyncio.create_task(reader.read())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, reading.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        print(reader.pictures, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
