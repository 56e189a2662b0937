"""A headless Chromium that is looked into and clicked in, over the DevTools protocol."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from vip_ros.errors import InternalError, UserError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Longest wait for the browser itself and for an answer of it, s; it starts slowly on a busy machine.
_LIMIT = 120.0
_TICK = 0.1


def find_browser() -> str | None:
    """Return the program of an installed Chromium or Chrome, $VIP_BROWSER first; None where there is none."""
    given = os.environ.get("VIP_BROWSER")
    return given or next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page in a browser of its own; use as a context manager.

    Attributes:
        complaints: what the page logged as an error or threw.
        pid: of the browser's first process.

    Args:
        width: of the page, px.
        height: of the page, px.
        aside: give it only what the rest of the machine leaves, as if it ran on another one.

    Raises:
        UserError: no browser is installed, or it does not start.
    """

    def __init__(self, width: int = 1500, height: int = 1000, aside: bool = False) -> None:
        program = find_browser()
        if program is None:
            raise UserError("no Chromium or Chrome here", "sudo apt-get install chromium, or set VIP_BROWSER")
        self.complaints: list[str] = []
        self._profile = tempfile.TemporaryDirectory(prefix="vip-browser-", ignore_cleanup_errors=True)
        command = [
            program,
            "--headless=new",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
            "--disable-background-networking",
            # A page that nobody sees is given what others leave: on a busy machine that is nothing.
            "--disable-renderer-backgrounding",
            "--disable-backgrounding-occluded-windows",
            "--disable-background-timer-throttling",
            f"--window-size={width},{height}",
            f"--user-data-dir={self._profile.name}",
            "--remote-debugging-port=0",
            # Chromium's own sandbox refuses to run as root; only pages of this machine are opened.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "about:blank",
        ]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=aside
        )
        self.pid = self._process.pid
        if aside:
            _put_aside(self.pid)
        self._number = 0
        self._open = contextlib.ExitStack()
        try:
            self._socket = self._connect()
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            self.send("Emulation.setDeviceMetricsOverride", **size)
            for domain in ("Page", "Runtime", "Log"):
                self.send(f"{domain}.enable")
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def open(self, url: str) -> None:
        """Go to an address."""
        answer = self.send("Page.navigate", url=url)
        if "errorText" in answer:
            raise UserError(f"{url}: {answer['errorText']}", "is it being served?")

    def always(self, script: str) -> None:
        """Run a script at the beginning of every page from now on, also of one that loads itself anew."""
        self.send("Page.addScriptToEvaluateOnNewDocument", source=script)

    def evaluate(self, script: str) -> Any:
        """Return the value of a JavaScript expression in the page, as JSON types."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise InternalError(f"{script}: {answer['exceptionDetails'].get('exception', {})}")
        return answer["result"].get("value")

    def wait_for(self, script: str, what: str, limit: float = _LIMIT) -> Any:
        """Return the first true value of an expression.

        Raises:
            UserError: it stayed false for the limit, s.
        """
        end = time.monotonic() + limit
        while not (value := self.evaluate(script)):
            if time.monotonic() > end:
                raise UserError(f"the page did not show {what} within {limit:.0f} s", "look at its server")
            time.sleep(_TICK)
        return value

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of the first element of a CSS selector, once it is enabled."""
        element = f"document.querySelector({json.dumps(selector)})"
        # What lies over the middle would get the press: a notice, or a part that has just moved there.
        x, y = self.wait_for(
            f"(e => {{ if (!e || e.disabled) return null; e.scrollIntoView({{block: 'center'}}); "
            "const b = e.getBoundingClientRect(), x = b.x + b.width / 2, y = b.y + b.height / 2; "
            f"return e.contains(document.elementFromPoint(x, y)) ? [x, y] : null; }})({element})",
            f"an enabled {selector} that nothing covers",
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self) -> bytes:
        """Return the page as it is seen now, PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=_LIMIT))
            if message.get("id") == self._number:
                break
            self._note(message)
        if "error" in message:
            raise InternalError(f"{method}: {message['error']}")
        return dict(message["result"])

    def _note(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.complaints.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")

    def _connect(self) -> Any:
        from websockets.sync.client import connect

        file, end = Path(self._profile.name) / "DevToolsActivePort", time.monotonic() + _LIMIT
        while not (file.exists() and file.read_text().count("\n")):
            if self._process.poll() is not None or time.monotonic() > end:
                raise UserError("the browser does not start", "try it by hand: chromium --headless=new")
            time.sleep(_TICK)
        port = file.read_text().split("\n")[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=_LIMIT) as answer:
            pages = [target for target in json.load(answer) if target["type"] == "page"]
        address = pages[0]["webSocketDebuggerUrl"]
        # No pings: a browser that draws on a busy machine answers them too late.
        way = connect(address, max_size=None, open_timeout=_LIMIT, ping_interval=None)
        return self._open.enter_context(way)

    def _end(self) -> None:
        self._open.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()


def _put_aside(pid: int) -> None:
    """Lower a session's priority against the other sessions, where Linux groups processes by session."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("19", encoding="ascii")
    os.setpriority(os.PRIO_PGRP, pid, 19)
