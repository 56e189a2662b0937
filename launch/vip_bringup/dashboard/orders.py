"""The dashboard's buttons: each calls one Trigger service of the graph."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Order:
    """A button.

    Attributes:
        label: what stands on it.
        service: name of a std_srvs/Trigger service, relative to the stack's namespace.
        group: where it stands: stop, arm, policy, goal, recording.
        hint: one line for a person who points at it.
    """

    label: str
    service: str
    group: str
    hint: str


ORDERS: tuple[Order, ...] = (
    Order("STOP", "franka_node/stop", "stop", "decelerate inside the limits and hold, at any time"),
    Order("reset", "franka_node/reset", "arm", "clear the guard's fault"),
    Order("home", "franka_node/home", "arm", "move slowly to the home posture"),
    Order("hand back", "franka_node/hand_back", "arm", "give the arm back to the policy"),
    Order("start", "policy_node/start", "policy", "let the policy run"),
    Order("stop", "policy_node/stop", "policy", "end the policy's run"),
    Order("capture", "reward_node/capture_goal_now", "goal", "the mean of some live frames becomes the goal"),
    Order("new episode", "reward_node/reset_episode", "goal", "measure the initial distance anew"),
    Order("start", "recorder_node/start_now", "recording", "begin an episode"),
    Order("stop", "recorder_node/stop", "recording", "end the episode and review it"),
    Order("success", "recorder_node/mark_success", "recording", "mark the episode a success"),
    Order("failure", "recorder_node/mark_failure", "recording", "mark the episode a failure"),
    Order("keep", "recorder_node/keep", "recording", "write the episode for good"),
    Order("discard", "recorder_node/discard", "recording", "throw the episode away"),
)


def orders_of(group: str) -> list[Order]:
    """Return the buttons of a group, in order."""
    return [order for order in ORDERS if order.group == group]
