"""What the figures should keep to, by encoder and figure."""

from __future__ import annotations

from vip_bringup.bench.figures import Figure
from vip_models.machine import Machine

_AT_MOST = {
    ("vip-resnet50", "path_median_ratio"): 1.25,
    ("vip-resnet50", "path_p99_ratio"): 1.6,
    ("vip-resnet18", "path_median_ratio"): 1.5,
    ("vip-resnet18", "path_p99_ratio"): 1.6,
    ("vip-resnet18", "chain_median_ratio"): 1.3,
    ("vip-resnet18", "chain_p99_ratio"): 2.0,
    ("vip-resnet50", "official_distance_error"): 1.0,
}
_AT_LEAST = {("vip-resnet50", "offline_ratio"): 0.9}
# Times the official way's frames per second, with 16-bit matrix units in the processor and without.
_OFFICIAL = {True: 6.0, False: 2.0}


def figure(encoder: str, machine: Machine, key: str, value: float, unit: str, what: str) -> Figure:
    """Return a figure with the limit that this encoder has on this machine."""
    at_least = _AT_LEAST.get((encoder, key))
    if (encoder, key) == ("vip-resnet50", "official_ratio"):
        at_least = _OFFICIAL[any(flag.startswith("amx") for flag in machine.flags)]
    return Figure(key, value, unit, what, _AT_MOST.get((encoder, key)), at_least)
