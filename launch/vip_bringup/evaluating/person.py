"""Episodes on a real arm: a person sets the scene, lets the policy begin, and says whether it was solved."""

from __future__ import annotations

import sys
from typing import Any

from vip_interfaces.msg import GuardState

from vip_bringup.demo.progress import CONSOLE
from vip_bringup.demo.report import EpisodeTrace
from vip_bringup.live_evaluation import LiveEvaluator
from vip_ros.errors import UserError

_READY_LIMIT = 60.0
"""s until the arm must hold still after the person has said go."""


def check_terminal() -> None:
    """Raise UserError unless a person can answer."""
    if not sys.stdin.isatty():
        raise UserError("a person has to judge a real robot", "run this in a terminal")


class PersonEvaluator(LiveEvaluator):
    """As LiveEvaluator, but the scene is set and judged by a person."""

    def episode(self, task: str, seed: int, timeout: float) -> EpisodeTrace:
        """Run one episode and ask for its outcome; an episode that the person calls void is run again."""
        while True:
            trace = super().episode(task, seed, timeout)
            answer = _ask(f"  it ended by {trace.outcome}. Solved? [y]es, [n]o, [a]gain: ", "yna")
            if answer != "a":
                trace.success = answer == "y"
                return trace

    def _prepare_scene(self, task: str, seed: int) -> None:
        CONSOLE.print(f"{task}: set the scene (topic vip/overlay shows how an episode begins).")
        _ask("  Enter lets the policy begin: ", "")

    def _outcome(self, success: bool, result: Any) -> str:
        return super()._outcome(False, result)

    def _wait_until_still(self) -> None:
        complaint = "the guard did not come to HOLD"
        self.wait_until(lambda: self._mode == GuardState.HOLD, complaint, _READY_LIMIT)


def _ask(question: str, answers: str) -> str:
    """Return the person's answer, one of the letters; any line where there are none."""
    while True:
        try:
            answer = input(question).strip().lower()[:1]
        except EOFError:
            raise UserError("there is nobody to answer", "run this in a terminal") from None
        if not answers or (answer and answer in answers):
            return answer
