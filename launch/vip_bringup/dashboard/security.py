"""Keeps other web sites out of the dashboard of the browser's own machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class SameOriginOnly:
    """ASGI middleware that refuses what a page of another origin asks for.

    A server on the loopback interface is reached by every page that the browser shows: one from elsewhere
    could open its web socket, or reach it under a name of its own that resolves to 127.0.0.1. So the Host
    must be a name that the server was told, and an Origin must be that host.

    Args:
        app: what is guarded.
        hosts: host names, without port, under which the dashboard is reached.
    """

    def __init__(self, app: App, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] not in ("http", "websocket") or self._allowed(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            body = (
                b"vip monitor: opened under a name, or from a page, that is not its own: --allow-host NAME\n"
            )
            await send({"type": "http.response.body", "body": body})

    def _allowed(self, scope: Scope) -> bool:
        headers = {key.lower(): value.decode("latin-1") for key, value in scope.get("headers", ())}
        host = headers.get(b"host", "")
        if _name(f"//{host}") not in self._hosts:
            return False
        origin = headers.get(b"origin")
        return origin is None or urlsplit(origin).netloc.lower() == host.lower()


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
