"""teleop_node in the foreground of a terminal, with a screen for the person who drives."""

from __future__ import annotations

import signal
import sys
from typing import Any

from vip_interfaces.msg import RecorderState

from franka_node.arm_geometry import TIP, part_positions
from vip_ros.node import run_node
from vip_teleop.device_base import SwitchedDevice
from vip_teleop.devices import Device
from vip_teleop.intent import QUIT
from vip_teleop.keys import PRESSES, split_keys
from vip_teleop.screen import Picture, Screen
from vip_teleop.teleop_node import TeleopNode
from vip_teleop.terminal import KeyTerminal

_PICTURES, _LOOKS = 5.0, 20.0  # Hz
ENGAGE, RELEASE = "e", " "
_ENGAGE_HELP = "e engage   space release"
_HELP = (
    "keys: 1 start/stop episode   2 success   3 failure   4 keep   5 discard   x reset   b hand back   Q quit"
)


class ForegroundTeleop(TeleopNode):
    """Draws what it does while it does it; the keys that do not drive work beside every device."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._screen = Screen()
        self._keys: KeyTerminal | None = None
        self.create_timer(1.0 / _PICTURES, self._draw)
        self.create_timer(1.0 / _LOOKS, self._look)

    def setup(self) -> None:
        """Open the device; take the terminal's keys where the device leaves them."""
        super().setup()
        if self.config.device != "keyboard" and sys.stdin.isatty():
            self._keys = KeyTerminal()
            self._keys.open()

    def teardown(self) -> None:
        """Let go of device and terminal."""
        super().teardown()
        if self._keys is not None:
            self._keys.close()
            self._keys = None

    def start(self) -> None:
        """Begin to drive; keys that were typed before are answered as those of an inactive node."""
        self._look()
        super().start()

    def _look(self) -> None:
        if self._keys is None or self.device is None:
            return
        for key in split_keys(self._keys.read()):
            if key in (ENGAGE, RELEASE):
                if refusal := self.switch(key == ENGAGE):
                    self.say(refusal)
            elif key in PRESSES and self.driving is not None:
                self.presses.append(PRESSES[key])
            elif PRESSES.get(key) == QUIT:
                signal.raise_signal(signal.SIGINT)  # no step takes it while the node is inactive
            elif key in PRESSES:
                self.say(self.inactive)

    def _help(self, device: Device) -> list[str]:
        if self.config.device == "keyboard":
            return list(device.help)
        engage = [_ENGAGE_HELP] if isinstance(device, SwitchedDevice) else []
        return [*device.help, *engage, *([_HELP] if self._keys is not None else [])]

    def _draw(self) -> None:
        if self.ear is None or self.device is None:
            return
        view, driving = self.view(), self.driving
        settings = driving.settings if driving is not None else None
        recorder = self.errands.recorder if self.errands is not None else None
        frame = settings.frame if settings is not None else self.config.frame
        speeds = (self.config.linear_speed, self.config.angular_speed)
        if settings is not None:
            speeds = (settings.linear, settings.angular)
        scene = view.scene
        self._screen.draw(
            Picture(
                device=self.config.device,
                engaged=driving is not None and driving.engaged,
                frame="joint" if self.device.joints else frame,
                speeds=speeds,
                guard=view.mode,
                driver=view.driver,
                fault=view.fault,
                fault_detail=view.fault_detail,
                tip=None if view.q is None else part_positions(view.q)[TIP],
                width=(view.width, None if settings is None else settings.width),
                task="" if scene is None else f"{scene.task}, {'done' if scene.success else 'not done yet'}",
                episode="" if recorder is None else episode_line(recorder),
                warnings=[] if recorder is None else list(recorder.warnings)[-3:],
                message=self.message,
                help=self._help(self.device),
            )
        )


def episode_line(state: RecorderState) -> str:
    """Return what the recorder does, on one line."""
    wanted = f" of {state.wanted}" if state.wanted else ""
    counts = f"kept {state.kept}{wanted}, discarded {state.discarded}"
    if not state.episode:
        return f"{state.state_name}   {counts}"
    mark = f"   {state.outcome}" if state.outcome else "   not marked"
    return f"{state.state_name} {state.episode}   {state.duration:.1f} s{mark}   {counts}"


def run_foreground(arguments: list[str]) -> int:
    """Run the node until Ctrl-C; returns the exit status.

    Args:
        arguments: what follows --ros-args on a node's command line.
    """
    quiet = ["--disable-stdout-logs"]
    return run_node(ForegroundTeleop, ["--ros-args", *arguments, "-p", "autostart:=true", *quiet])  # type: ignore[arg-type]
