"""`vip monitor` in a real headless browser, beside the real stack on the simulated arm."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vip_bringup.browser import Browser, find_browser
from vip_bringup.dashboard.process import RunningDashboard
from vip_bringup.demo.stack import RunningStack
from vip_teleop.episode import list_episodes

pytestmark = [
    pytest.mark.graph,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        find_browser() is None,
        reason="no Chromium or Chrome: sudo apt-get install chromium, or VIP_BROWSER=/path/to/chrome",
    ),
]


# Notices go after some seconds; this keeps what they said.
KEEP_NOTICES = """
var told = [];
new MutationObserver(changes => changes.flatMap(change => [...change.addedNodes]).forEach(node => {
  const notice = node.matches?.('.q-notification') ? node : node.querySelector?.('.q-notification');
  if (notice) told.push(notice);
})).observe(document, {childList: true, subtree: true});
"""


class Eyes:
    """What a person does with the page: looks at a named part, presses a button, reads the answer."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    def text(self, name: str) -> str:
        return str(self.browser.evaluate(f"document.querySelector('[data-name=\"{name}\"]').innerText"))

    def sees(self, name: str, text: str) -> None:
        part = f"document.querySelector('[data-name=\"{name}\"]')"
        self.browser.wait_for(f"{part} && {part}.innerText.includes('{text}')", f"'{text}' at {name}")

    def sees_picture(self, name: str) -> None:
        picture = f"document.querySelector('[data-name=\"{name}\"] img')"
        self.browser.wait_for(f"{picture} && {picture}.naturalWidth > 1", f"the picture {name}")

    def press(self, service: str, answer: str, tries: int = 1) -> None:
        """Press a button, again where it was refused, and wait for the notice with the answer."""
        for _ in range(tries):
            self.browser.evaluate("told = []")
            self.browser.click(f'[data-name="{service}"]')
            said = "told.map(e => e.textContent).join('') || null"
            notice = str(self.browser.wait_for(said, f"a notice after {service}"))
            if answer in notice:
                return
        raise AssertionError(f"{service} answered: {notice}")


@pytest.fixture
def episodes(tmp_path: Path) -> Path:
    return tmp_path / "episodes"


@pytest.fixture
def eyes(ros_domain: int, tmp_path: Path, episodes: Path) -> Iterator[Eyes]:
    pytest.importorskip("onnx", reason="onnx, which exports the shipped encoder, is not installed")
    settings = [f"recorder_node.directory={episodes}", "franka_node.action_timeout=1.0"]
    with (
        RunningStack(settings, tmp_path / "stack.log"),
        RunningDashboard() as dashboard,
        Browser(900, 700) as browser,
    ):
        browser.always(KEEP_NOTICES)
        browser.open(dashboard.url)
        yield Eyes(browser)


def test_a_person_captures_a_goal_records_stops_and_resets(eyes: Eyes, episodes: Path) -> None:
    eyes.sees("guard", "hold")
    eyes.sees_picture("camera")
    eyes.sees("reward", "no goal is set")
    eyes.sees("joints", "panda_joint7")
    eyes.sees("health", "camera_node")

    eyes.press("reward_node/capture_goal_now", "capture:")
    eyes.sees_picture("goal")
    eyes.sees("reward", "distance")

    eyes.sees("recorder", "idle, 0 kept")
    # While a stream pauses, as on a busy machine, the recorder refuses; a person presses again.
    eyes.press("recorder_node/start_now", "start:", tries=20)
    eyes.sees("recorder", "recording 1")
    eyes.press("recorder_node/stop", "stop:")
    eyes.sees("recorder", "review 1")
    eyes.press("recorder_node/discard", "discard:")
    eyes.sees("recorder", "idle, 0 kept")
    assert list_episodes(episodes) == []

    eyes.press("franka_node/stop", "STOP: stopping")
    eyes.sees("guard", "FAULT")
    eyes.press("franka_node/reset", "reset: holding")
    eyes.sees("guard", "hold")

    # Nobody offers a policy here: its buttons cannot be pressed.
    assert eyes.browser.evaluate("document.querySelector('[data-name=\"policy_node/start\"]').disabled")
    assert eyes.browser.complaints == []
    pixels = np.asarray(Image.open(io.BytesIO(eyes.browser.screenshot())).convert("RGB"))
    assert pixels.shape == (700, 900, 3) and pixels.std() > 10
