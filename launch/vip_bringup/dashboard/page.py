"""The page of the dashboard: built once per browser, refreshed from the state."""

from __future__ import annotations

from typing import Any, TypeVar

from nicegui import run, ui

from vip_bringup.dashboard import readings
from vip_bringup.dashboard.charts import line_chart
from vip_bringup.dashboard.ears import Ears
from vip_bringup.dashboard.orders import Order, orders_of
from vip_bringup.dashboard.state import DashboardState
from vip_ros.errors import UserError

E = TypeVar("E", bound=ui.element)

# Refreshes per second, Hz: curves move smoothly enough, and the robot's own computer keeps its time.
RATE = 2.0
_HEALTH_PERIOD = 2.0  # s
# The page fetches the camera's picture itself, a while after it has shown the last one, s: a timer here
# costs the robot's computer more than the picture does, and a slow line gets as many as it carries.
NEXT_PICTURE, _NO_PICTURE = 0.25, 1.0
_CAMERA_SCRIPT = f"""<script>
(function show() {{
  const img = document.querySelector("[data-name=camera] img");
  if (!img || document.hidden) return setTimeout(show, {1e3 * _NO_PICTURE});
  img.onload = () => setTimeout(show, {1e3 * NEXT_PICTURE});
  img.onerror = () => {{ img.removeAttribute("src"); setTimeout(show, {1e3 * _NO_PICTURE}); }};
  img.src = "/pictures/camera.jpg?n=" + Date.now();
}})();
</script>"""
_HEALTH_COLUMNS = [
    {"name": name, "label": label, "field": name, "align": "left"}
    for name, label in (
        ("node", "node"),
        ("stream", "what"),
        ("level", "level"),
        ("message", "says"),
        ("age", "age, ms"),
    )
]


class Page:
    """One browser's view.

    Args:
        state: what is shown.
        ears: who calls the services behind the buttons.
    """

    def __init__(self, state: DashboardState, ears: Ears) -> None:
        self._state = state
        self._ears = ears
        self._buttons: dict[Order, ui.button] = {}
        self._goal_seen = 0
        self._levels: list[tuple[str, str]] = []
        self._health_at = 0.0
        self._bars: dict[str, tuple[ui.linear_progress, ui.label]] = {}
        ui.colors(
            primary="#3b82c4", positive="#3f9d63", negative="#d6455a", dark_page="#13181f", dark="#1c232c"
        )
        ui.query("body").style("font-variant-numeric: tabular-nums")
        self._head()
        with ui.row().classes("w-full no-wrap items-start gap-3"):
            with ui.column().classes("w-1/3 gap-3"):
                self._pictures()
            with ui.column().classes("w-5/12 gap-3"):
                self._curves()
                self._nodes()
            with ui.column().classes("w-1/4 gap-3"):
                self._arm()
                self._recording()
        ui.timer(1.0 / RATE, self.refresh)
        ui.add_body_html(_CAMERA_SCRIPT)

    def refresh(self) -> None:
        """Bring the page up to date."""
        state = self._state
        for chip, reading in (
            (self._guard_chip, readings.guard_chip(state)),
            (self._recorder_chip, readings.recorder_chip(state)),
        ):
            chip.set_text(reading.text)
            _colour(chip, reading.colour)
        self._reward.set_text(readings.reward_line(state))
        self._latency.set_text(f"image to command: {readings.latency_line(state)}")
        self._guard.set_text("\n".join(readings.guard_lines(state)))
        self._recorder.set_text("\n".join(readings.recorder_lines(state)))
        for order, button in self._buttons.items():
            button.set_enabled(self._ears.can(order))
        self._refresh_goal()
        self._refresh_curves()
        self._refresh_joints()
        self._refresh_health()

    def _head(self) -> None:
        with ui.row().classes("w-full items-center gap-3"):
            ui.label("VIP robot stack").classes("text-lg font-medium")
            self._guard_chip = _named(ui.chip("", color=readings.IDLE, text_color="white"), "guard")
            self._recorder_chip = _named(ui.chip("", color=readings.IDLE, text_color="white"), "recorder")
            self._reward = _named(ui.label(), "reward").classes("grow")
            (stop,) = orders_of("stop")
            self._button(stop).props("color=negative size=lg")

    def _pictures(self) -> None:
        with ui.card().classes("w-full p-2 gap-1"):
            ui.label("camera").classes("text-sm text-grey")
            with _named(ui.element("div"), "camera").classes("w-full"):
                ui.element("img").classes("w-full")
        with ui.card().classes("w-full p-2 gap-1"):
            with ui.row().classes("w-full items-center"):
                ui.label("goal").classes("grow text-sm text-grey")
                for order in orders_of("goal"):
                    self._button(order)
            self._goal = _named(ui.interactive_image(), "goal").classes("w-full")

    def _curves(self) -> None:
        window = self._state.curves["distance"].window
        distance = line_chart(
            ("distance", "#5ca4f5", 0), ("progress", "#56c77e", 1), window=window, second_axis=True
        )
        reward = line_chart(("reward", "#e0b34c", 0), window=window)
        with ui.card().classes("w-full p-2"):
            self._distance_chart = ui.echart(distance).classes("h-64 w-full")
        with ui.card().classes("w-full p-2"):
            self._reward_chart = ui.echart(reward).classes("h-44 w-full")

    def _arm(self) -> None:
        with ui.card().classes("w-full p-2 gap-1"):
            with ui.row().classes("w-full items-center gap-1"):
                ui.label("arm").classes("grow text-sm text-grey")
                for order in orders_of("arm"):
                    self._button(order)
            self._latency = ui.label().classes("text-sm")
            self._joints = _named(ui.column(), "joints").classes("w-full gap-0")
            self._guard = _named(ui.label(), "guard-lines").classes("text-xs whitespace-pre-line")
            with ui.row().classes("w-full items-center gap-1"):
                ui.label("policy").classes("grow text-sm text-grey")
                for order in orders_of("policy"):
                    self._button(order)

    def _recording(self) -> None:
        with ui.card().classes("w-full p-2 gap-1"):
            ui.label("recording").classes("text-sm text-grey")
            with ui.row().classes("gap-1"):
                for order in orders_of("recording"):
                    self._button(order)
            self._recorder = ui.label().classes("text-xs whitespace-pre-line")

    def _nodes(self) -> None:
        with ui.expansion("nodes", value=True).classes("w-full"):
            self._health = ui.table(rows=[], columns=_HEALTH_COLUMNS, row_key="name")
            _named(self._health, "health").props("dense flat wrap-cells").classes("w-full")

    def _button(self, order: Order) -> ui.button:
        button = _named(ui.button(order.label, on_click=lambda: self._press(order)), order.service)
        button.props("dense no-caps")
        button.tooltip(f"{order.hint} ({order.service})")
        self._buttons[order] = button
        return button

    async def _press(self, order: Order) -> None:
        try:
            message = await run.io_bound(self._ears.call, order)
        except UserError as error:
            ui.notify(str(error), type="negative")
        else:
            ui.notify(f"{order.label}: {message}", type="positive")

    def _refresh_goal(self) -> None:
        number = self._state.pictures["goal"].number
        if number != self._goal_seen:
            self._goal_seen = number
            self._goal.set_source(f"/pictures/goal.jpg?n={number}")

    def _refresh_health(self) -> None:
        """Show the table anew: at once where a level has changed, else now and then; all of it travels."""
        rows, now = readings.health_rows(self._state), self._state.clock()
        levels = [(row["name"], row["level"]) for row in rows]
        if levels != self._levels or now - self._health_at >= _HEALTH_PERIOD:
            self._levels, self._health_at = levels, now
            self._health.update_rows(rows)

    def _refresh_curves(self) -> None:
        now = self._state.clock()
        curves = {name: curve.until(now) for name, curve in self._state.curves.items()}
        _show(self._distance_chart, curves["distance"], curves["progress"])
        _show(self._reward_chart, curves["reward"])

    def _refresh_joints(self) -> None:
        for bar in readings.joint_bars(self._state):
            if bar.name not in self._bars:
                self._bars[bar.name] = self._make_bar(bar.name)
            progress, label = self._bars[bar.name]
            progress.set_value(round(bar.share, 3))
            _colour(progress, "negative" if bar.near_limit else "primary")
            label.set_text(f"{bar.position:+.2f}")

    def _make_bar(self, name: str) -> tuple[ui.linear_progress, ui.label]:
        with self._joints, ui.row().classes("w-full no-wrap items-center gap-2"):
            ui.label(name).classes("text-xs w-36 shrink-0")
            progress = ui.linear_progress(0.5, show_value=False, size="8px").classes("grow")
            return progress, ui.label().classes("text-xs w-12 text-right")


def _named(element: E, name: str) -> E:
    """Give an element a name under which a program that drives the browser finds it: data-name."""
    return element.props(f'data-name="{name}"')


def _colour(element: ui.element, colour: str) -> None:
    if element.props.get("color") != colour:  # reading properties from a text takes long
        element.props["color"] = colour


def _show(chart: ui.echart, *lines: Any) -> None:
    chart.run_chart_method("setOption", {"series": [{"data": line} for line in lines]})
