"""The pictures of the running system that the documents show, taken of the simulated arm at work.

    .venv/bin/python -m vip_bringup.screenshots --out docs/images

A scripted demonstrator drives; its first attempt gives the goal and the overlay's reference, and the pictures
are taken of the second one while it is recorded.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import rclpy
from numpy.typing import NDArray
from PIL import Image as Picture
from rich.console import Console
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger
from vip_interfaces.msg import Reward

from vip_bringup.browser import Browser
from vip_bringup.dashboard.process import CAMERA_SHOWN, RunningDashboard
from vip_bringup.demo.progress import CONSOLE
from vip_bringup.demo.stack import RunningStack
from vip_bringup.live_recording.client import RecordingClient, trigger
from vip_bringup.small_png import write_small_png
from vip_bringup.status_screen import StatusScreen
from vip_ros.errors import UserError
from vip_ros.images import to_rgb
from vip_ros.middleware import configure_middleware
from vip_ros.qos import RELIABLE_1, RELIABLE_10

Pixels = NDArray[np.uint8]

_TASK, _SEED = "close_drawer", 4
# The pictures are taken when that share of the way is done.
_MOMENT = 0.45
_DEMONSTRATION = 60.0  # s, longest
_ATTEMPTS = 8
_FORGET = 20.0  # s, the monitor's window
_ON_ITS_WAY = 2.0  # s until every picture of a scene that is gone has been paid for
_STREAMS = 30.0  # s until every stream must have come
# A browser without a graphics card is seconds behind the stack: the page itself must have come to the moment.
_MOMENT_SHOWN = (
    "document.querySelector('[data-name=recorder]')?.innerText.includes('recording') && "
    "parseInt(document.querySelector('[data-name=reward]')?.innerText.match(/(-?\\d+) %/)?.[1])"
    f" >= {100 * _MOMENT:.0f}"
)
# The terminal of the status screen, characters.
_COLUMNS, _ROWS = 118, 30


class Photographer(RecordingClient):
    """Drives the stack and keeps the newest picture of the topics that are pictures."""

    def __init__(self) -> None:
        self.newest: dict[str, Image] = {}
        self.progress = 0.0
        super().__init__()
        for topic in ("vip/monitor/image", "vip/overlay"):
            self.create_subscription(Image, topic, partial(self.newest.__setitem__, topic), RELIABLE_1)
        self.create_subscription(Reward, "vip/reward", self._on_reward, RELIABLE_10)
        self._capture = trigger(self, "reward_node/capture_goal_now")
        self._new_episode = trigger(self, "reward_node/reset_episode")

    def begin_episode(self) -> None:
        """Begin to record, as soon as every stream that an episode needs has come."""
        end = time.monotonic() + _STREAMS
        while True:
            try:
                self.start(_TASK)
                return
            except UserError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.5)

    def demonstrate(self, until: float = np.inf) -> None:
        """Let the script act in the scene, until it is over or that much progress is made."""
        self.engage()
        self.wait_until(lambda: self.teleop.engaged, "the script did not begin", _DEMONSTRATION)
        self.wait_until(
            lambda: not self.teleop.engaged or self.progress >= until,
            "the script did not end",
            _DEMONSTRATION,
        )

    def picture(self, topic: str) -> Pixels:
        """Return the next picture of a topic."""
        self.newest.pop(topic, None)
        self.wait_until(lambda: topic in self.newest, f"no picture on {topic}")
        return to_rgb(self.newest[topic])

    def attempt(self, until: float = np.inf) -> None:
        """Record until the task is solved, or that much progress is made; a busy machine breaks some off."""
        for _ in range(_ATTEMPTS):
            self.prepare_scene(_TASK, _SEED)
            # The last pictures of the scene before are still on their way: not one of them may begin it.
            time.sleep(_ON_ITS_WAY)
            self.demand(self._new_episode, Trigger.Request())
            self.begin_episode()
            self.demonstrate(until)
            if self.solved_for or self.progress >= until:
                return
            said = self.teleop.message or self.guard.fault_detail
            CONSOLE.print(f"broken off ({said}), once more", markup=False)
            self.release()
            self.end_episode("discard")
        raise UserError("the script did not solve its task", "try again on a machine that is less busy")

    def end_episode(self, *wishes: str) -> None:
        """End the recording and do with it what is wished."""
        for name in ("stop", *wishes):
            self.tell_recorder(name)

    def first_attempt(self) -> None:
        """Record an attempt and make its end the goal."""
        self.attempt()
        self.demand(self._capture, Trigger.Request())
        self.end_episode("mark_success", "keep")

    def _on_reward(self, message: Reward) -> None:
        self.progress = message.progress


def take(out: Path) -> None:
    """Bring the stack up and write dashboard.png, status.png, monitor.png and overlay.png."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError("cannot make the folder", error.strerror or str(error), str(out)) from None
    with tempfile.TemporaryDirectory(prefix="vip-screenshots-") as folder, _scene(Path(folder)) as scene:
        client, screen = scene
        CONSOLE.print("a first attempt, for the goal and the overlay")
        client.first_attempt()
        # Another scene, so that the overlay shows both; meanwhile the charts forget the goal's capture.
        client.prepare_scene(_TASK, _SEED + 1)
        time.sleep(_FORGET)
        pictures = {"overlay.png": client.picture("vip/overlay")}
        client.prepare_scene(_TASK, _SEED)
        CONSOLE.print("a second attempt, which is photographed")
        _photograph_attempt(client, screen, pictures, Path(folder))
    for name, pixels in pictures.items():
        size = write_small_png(out / name, pixels)
        CONSOLE.print(f"{out / name}: {pixels.shape[1]} x {pixels.shape[0]}, {size // 1024} KiB")


def _photograph_attempt(
    client: Photographer, screen: StatusScreen, pictures: dict[str, Pixels], folder: Path
) -> None:
    with RunningDashboard() as dashboard, Browser(1280, 820) as browser:
        browser.open(dashboard.url)
        browser.wait_for(CAMERA_SHOWN, "the camera's picture")
        client.attempt(until=_MOMENT)
        pictures["monitor.png"] = client.picture("vip/monitor/image")
        drawing = _drawing(screen)
        browser.wait_for(_MOMENT_SHOWN, "the recording")
        pictures["dashboard.png"] = _pixels(browser.screenshot())
        client.release()
        client.end_episode("discard")
        pictures["status.png"] = _photograph(browser, folder / "status.svg", drawing)
        for complaint in browser.complaints:
            CONSOLE.print(f"the page complained: {complaint}", markup=False)


@contextmanager
def _scene(folder: Path) -> Iterator[tuple[Photographer, StatusScreen]]:
    episodes = folder / "episodes"
    settings = [
        f"recorder_node.directory={episodes}",
        f"overlay_node.directory={episodes}",
        "recorder_node.episodes=20",
        "teleop_node.device=scripted",
        f"franka_node.task={_TASK}",
        # Fewer pictures leave the browser its time.
        "camera_node.rate=8",
        # Nobody can be hurt here, and a browser that draws may keep the stack from its time.
        *(
            f"franka_node.{name}_timeout=3.0"
            for name in ("image", "embedding", "action", "joint_state", "loop")
        ),
        "franka_node.max_action_age=2.0",
    ]
    configure_middleware()
    CONSOLE.print("bringing the stack up")
    with RunningStack(settings, folder / "stack.log", limit=180.0):
        console = Console(file=io.StringIO(), width=_COLUMNS, height=_ROWS, force_terminal=True)
        rclpy.init()
        client = Photographer()
        try:
            client.wait_ready()
            with StatusScreen(console=console) as screen:
                _follow(folder / "stack.log", screen)
                yield client, screen
        finally:
            client.close()
            rclpy.try_shutdown()


def _follow(log: Path, screen: StatusScreen) -> None:
    """Show what the stack has said so far, as `vip up` itself would."""
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        name, found, text = line.partition(" | ")
        if found:
            screen.say(name.strip(), text)


def _drawing(screen: StatusScreen) -> str:
    console = Console(file=io.StringIO(), width=_COLUMNS, record=True, force_terminal=True)
    console.print(screen.render())
    return console.export_svg(title="vip up")


def _photograph(browser: Browser, file: Path, drawing: str) -> Pixels:
    """Return a drawing (SVG) as a browser shows it: as large as the page allows, cut to its own shape."""
    # Its fonts would be asked for in the internet; the browser has others.
    file.write_text(re.sub(r"@font-face {.*?}", "", drawing, flags=re.S), encoding="utf-8")
    browser.open(file.as_uri())
    browser.wait_for("document.documentElement.tagName == 'svg'", "the drawing")
    wide, high = browser.evaluate("(b => [b.width, b.height])(document.documentElement.viewBox.baseVal)")
    pixels = _pixels(browser.screenshot())
    scale = min(pixels.shape[1] / wide, pixels.shape[0] / high)
    top, left = round((pixels.shape[0] - high * scale) / 2), round((pixels.shape[1] - wide * scale) / 2)
    return pixels[top : pixels.shape[0] - top, left : pixels.shape[1] - left]


def _pixels(png: bytes) -> Pixels:
    return np.asarray(Picture.open(io.BytesIO(png)).convert("RGB"))


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m vip_bringup.screenshots", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images"), metavar="DIR", help="where they go")
    try:
        take(parser.parse_args().out)
    except UserError as error:
        print(f"vip: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
