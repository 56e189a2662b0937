"""teleop_node in the foreground of a terminal, with a screen for the person who drives."""

from __future__ import annotations

from typing import Any

from vip_interfaces.msg import RecorderState

from franka_node.arm_geometry import TIP, part_positions
from vip_ros.node import run_node
from vip_teleop.screen import Picture, Screen
from vip_teleop.teleop_node import TeleopNode

_PICTURES = 5.0  # Hz


class ForegroundTeleop(TeleopNode):
    """Draws what it does while it does it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._screen = Screen()
        self.create_timer(1.0 / _PICTURES, self._draw)

    def _draw(self) -> None:
        if self.ear is None or self.device is None:
            return
        view, driving = self.view(), self.driving
        settings = driving.settings if driving is not None else None
        recorder = self.errands.recorder if self.errands is not None else None
        frame = settings.frame if settings is not None else self.config.frame
        scene = view.scene
        self._screen.draw(
            Picture(
                device=self.config.device,
                engaged=driving is not None and driving.engaged,
                frame="joint" if self.device.joints else frame,
                speeds=(0.0, 0.0) if settings is None else (settings.linear, settings.angular),
                guard=view.mode,
                driver=view.driver,
                fault=view.fault,
                tip=None if view.q is None else part_positions(view.q)[TIP],
                width=(view.width, None if settings is None else settings.width),
                task="" if scene is None else f"{scene.task}, {'done' if scene.success else 'not done yet'}",
                episode="" if recorder is None else episode_line(recorder),
                warnings=[] if recorder is None else list(recorder.warnings)[-3:],
                message=self.message,
                help=self.device.help,
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
