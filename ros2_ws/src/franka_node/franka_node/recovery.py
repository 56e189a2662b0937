"""Making a robot ready again after an error: steps in order, tried a bounded number of times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vip_ros.errors import UserError


class StepFailed(Exception):
    """A step of a recovery did not work this time; the text says why."""


@dataclass(frozen=True)
class Step:
    """One step: its name for a person, and what does it (raises StepFailed or, when hopeless, UserError)."""

    name: str
    run: Callable[[], None]


def recover(
    steps: Sequence[Step], attempts: int, between: Callable[[], None], mend: str = "see the robot's messages"
) -> int:
    """Run all steps in order, from the first again after a failure; return the number of attempts taken.

    Args:
        steps: in order; a later one makes no sense before those ahead of it.
        attempts: at least 1.
        between: called before each new attempt, to give the robot time.
        mend: what a person can do when it does not work.

    Raises:
        UserError: the step that failed in the last attempt, and why; at once when a step raised it.
    """
    for attempt in range(1, attempts + 1):
        try:
            for step in steps:
                current = step
                step.run()
        except StepFailed as error:
            if attempt == attempts:
                what = f"recovery failed {attempts} times, at last in '{current.name}': {error}"
                raise UserError(what, mend) from None
            between()
        else:
            return attempt
    return attempts
