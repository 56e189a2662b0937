"""What guard and control loop say on /diagnostics."""

from __future__ import annotations

from franka_node.control_loop import ControlLoop
from franka_node.guard import Guard
from vip_ros.diagnostics import ERROR, OK, WARN, Status

# A control loop without a cycle for longer hangs, s.
LONGEST_STANDSTILL = 1.0


def guard(guard: Guard) -> Status:
    """Return the guard's mode, or the fault that is latched."""
    values = {
        "mode": guard.mode.name,
        "chunks_accepted": guard.admission.accepted,
        "chunks_rejected": guard.admission.rejected,
        "last_rejection": guard.admission.last_rejection,
        "command_latency_ms": guard.command_latency * 1e3,
        "interventions": sum(i.count for i in guard.interventions.summary()),
    }
    if guard.fault:
        return Status(ERROR, f"{guard.fault}: {guard.fault_detail}", values)
    return Status(OK, guard.mode.name.lower(), values)


def control_loop(loop: ControlLoop | None) -> Status:
    """Return how well the loop keeps its period, and what the guard costs."""
    if loop is None:
        return Status(WARN, "not running")
    values = {
        "cycles": loop.cycles,
        "late_cycles": loop.late_cycles,
        "guard_p50_us": loop.cost_percentile(50) * 1e6,
        "guard_p99_us": loop.cost_percentile(99) * 1e6,
    }
    if loop.standstill() > LONGEST_STANDSTILL:
        why = f"stands still for {loop.standstill():.1f} s: the driver does not answer"
        return Status(ERROR, why, values)
    return Status(ERROR, loop.error, values) if loop.error else Status(OK, "ok", values)
