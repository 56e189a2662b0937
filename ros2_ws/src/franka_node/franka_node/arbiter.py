"""Who may drive the arm when several want to: a person comes before every program."""

from __future__ import annotations

PERSON = "teleop"
"""The source of chunks that a person gives."""


class Arbiter:
    """Lets a person take the arm at any moment, and keeps it until it is handed back on purpose.

    A program that was driving, or that wanted to while a person drove, does not move the arm again by
    itself when the person lets go.

    Attributes:
        held: the arm is the person's, also while nobody moves it.
    """

    def __init__(self) -> None:
        self.held = False

    def refusal(self, source: str, driving: str) -> str:
        """Return why chunks of a source are not followed now, or an empty string.

        Args:
            source: who wants to drive.
            driving: who does; empty: nobody.
        """
        if source == PERSON:
            return ""
        if driving == PERSON:
            self.held = True
        if self.held:
            return "a person drives: franka_node/hand_back gives the arm back"
        if driving not in ("", source):
            return f"'{driving}' is in control, '{source}' is not"
        return ""

    def takes_over(self, source: str, driving: str) -> bool:
        """Return whether a chunk of this source takes the arm from somebody else."""
        return source == PERSON and driving not in ("", PERSON)

    def followed(self, source: str, driving: str) -> None:
        """Note that a chunk of a source is followed now, and who drove before."""
        self.held = self.held or self.takes_over(source, driving)

    def hand_back(self, driving: str) -> str:
        """Give the arm back to the programs; return why not, or an empty string."""
        if driving == PERSON:
            return "a person still drives: let go first"
        self.held = False
        return ""
