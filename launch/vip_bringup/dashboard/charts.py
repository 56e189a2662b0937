"""Options of the dashboard's charts (Apache ECharts)."""

from __future__ import annotations

from typing import Any

_INK, _GRID = "#9aa7b4", "#2c3742"


def line_chart(*series: tuple[str, str, int], window: float, second_axis: bool = False) -> dict[str, Any]:
    """Return a chart over the last seconds.

    Args:
        series: (name, colour, axis) of each line; axis 1 is the right one.
        window: time shown, s.
        second_axis: whether there is a right axis, for shares.
    """
    axis: dict[str, Any] = {
        "type": "value",
        "scale": True,
        "axisLabel": {"color": _INK},
        "splitLine": {"lineStyle": {"color": _GRID}},
    }
    right = {**axis, "splitLine": {"show": False}, "min": -0.2, "max": 1.2, "interval": 0.2}
    return {
        "animation": False,
        "legend": {"textStyle": {"color": _INK}, "top": 0},
        "grid": {"left": 52, "right": 44 if second_axis else 16, "top": 30, "bottom": 28},
        "xAxis": {**axis, "min": -window, "max": 0, "axisLabel": {"color": _INK, "formatter": "{value} s"}},
        "yAxis": [axis, right] if second_axis else [axis],
        "series": [_line(name, colour, axis) for name, colour, axis in series],
    }


def _line(name: str, colour: str, axis: int) -> dict[str, Any]:
    return {
        "name": name,
        "type": "line",
        "yAxisIndex": axis,
        "showSymbol": False,
        "lineStyle": {"width": 2, "color": colour},
        "itemStyle": {"color": colour},
        "data": [],
    }
