"""What a node says about itself on /diagnostics, once per second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from vip_ros.qos import RELIABLE_10
from vip_ros.streams import StreamStats, StreamSummary

__all__ = ["DiagnosticsPublisher", "Status", "StreamStats", "StreamSummary"]

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)


@dataclass(frozen=True)
class Status:
    """One status: level (OK, WARN, ERROR, STALE of this module), a line for a person, named values."""

    level: bytes = OK
    message: str = "ok"
    values: Mapping[str, Any] = field(default_factory=dict)


class DiagnosticsPublisher:
    """Publishes the statuses of a node at 1 Hz.

    Args:
        node: the node that speaks; its name is the hardware id and the prefix of each status.
        period: s between two reports.
    """

    def __init__(self, node: Node, period: float = 1.0) -> None:
        self._node = node
        self._reports: dict[str, Callable[[], Status]] = {}
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", RELIABLE_10)
        self._timer = node.create_timer(period, self.publish_now)

    def add(self, name: str, report: Callable[[], Status]) -> None:
        """Ask report() for the status of that name each time; a second call replaces the first."""
        self._reports[name] = report

    def add_stream(self, stats: StreamStats) -> None:
        """Report count, rate, drops and age percentiles of a stream."""
        self.add(stats.name, lambda: stream_status(stats, self._node.get_clock().now().nanoseconds))

    def remove(self, name: str) -> None:
        """Stop reporting that name."""
        self._reports.pop(name, None)

    def publish_now(self) -> None:
        """Publish all statuses at once."""
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.status = [self._status(name, report()) for name, report in list(self._reports.items())]
        self._publisher.publish(message)

    def _status(self, name: str, status: Status) -> DiagnosticStatus:
        node_name = self._node.get_name()
        return DiagnosticStatus(
            level=status.level,
            name=f"{node_name}: {name}",
            hardware_id=node_name,
            message=status.message,
            values=[KeyValue(key=key, value=_text(value)) for key, value in status.values.items()],
        )


def stream_status(stats: StreamStats, now_ns: int) -> Status:
    """Return the status of a stream at now_ns."""
    summary = stats.summary(now_ns)
    values = {
        "count": summary.count,
        "rate_hz": summary.rate,
        "drops": summary.drops,
        "age_p50_ms": summary.age_p50 * 1e3,
        "age_p95_ms": summary.age_p95 * 1e3,
        "age_p99_ms": summary.age_p99 * 1e3,
    }
    if summary.count == 0:
        return Status(WARN, "nothing yet", values)
    if summary.rate == 0.0:
        return Status(WARN, "silent", values)
    return Status(OK, f"{summary.rate:.1f} Hz, {summary.drops} dropped", values)


def _text(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
