"""Serves the dashboard: one page and its pictures; nothing comes from the network."""

from __future__ import annotations

import asyncio
import os
import socket
import time

from vip_bringup.dashboard.ears import Ears
from vip_bringup.dashboard.security import SameOriginOnly
from vip_bringup.dashboard.state import DashboardState
from vip_ros.errors import UserError
from vip_ros.resources import cache_dir

# How long a browser that fell silent finds its page as it was, s: a busy machine is not a lost one.
_RECONNECT = 30.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def serve(host: str, port: int, allowed: tuple[str, ...] = (), namespace: str = "") -> None:
    """Serve the dashboard until Ctrl-C.

    Args:
        host: address to bind to.
        port: TCP port.
        allowed: further host names under which browsers may open it.
        namespace: ROS namespace of the stack.

    Raises:
        UserError: NiceGUI is not installed, or the address cannot be bound.
    """
    # NiceGUI would keep its (unused) storage in the working directory.
    os.environ.setdefault("NICEGUI_STORAGE_PATH", str(cache_dir() / "dashboard"))
    try:
        from nicegui import app, ui
    except ModuleNotFoundError:
        raise UserError(
            "the dashboard needs NiceGUI", "install it with: .venv/bin/pip install nicegui"
        ) from None
    _check_address(host, port)
    from vip_bringup.dashboard.page import Page

    state = DashboardState(time.monotonic)
    app.add_middleware(SameOriginOnly, hosts=frozenset(name.lower() for name in (*LOOPBACK, host, *allowed)))
    with Ears(state, namespace) as ears:
        ui.page("/", title="vip monitor", dark=True)(lambda: _build(Page, state, ears))
        _add_pictures(state, ears)
        print(f"the dashboard is at http://{_shown(host)}:{port} (Ctrl-C ends it)", flush=True)
        ui.run(
            host=host,
            port=port,
            reload=False,
            show=False,
            show_welcome_message=False,
            reconnect_timeout=_RECONNECT,
            ws_per_message_deflate=False,  # time spent where nothing is gained: the browser is near
        )


def _build(page: type, state: DashboardState, ears: Ears) -> None:
    page(state, ears)


def _add_pictures(state: DashboardState, ears: Ears) -> None:
    from fastapi import HTTPException, Response
    from nicegui import app

    @app.get("/pictures/{name}.jpg")
    async def picture(name: str) -> Response:
        if name not in state.pictures:
            raise HTTPException(404, f"no picture named {name}: {', '.join(state.pictures)}")
        if name == "camera":
            ears.look()
        jpeg = await asyncio.to_thread(state.pictures[name].jpeg)
        if jpeg is None:  # nothing was seen yet; with 404 a browser would log an error each time
            return Response(status_code=204)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


def _check_address(host: str, port: int) -> None:
    """Find out before anything starts whether the address can be had."""
    if not host.strip():
        # An empty one would mean every network, and whoever reaches it can move the robot.
        raise UserError("--host is empty", "leave it out for this machine only, or name an address")
    if not 0 < port < 1 << 16:
        raise UserError(f"--port is {port}", "give 1 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            f"cannot serve at {host}:{port}: {reason}", "choose another --port or --host"
        ) from None


def _shown(host: str) -> str:
    return {"0.0.0.0": "localhost", "::": "localhost"}.get(host, host)
