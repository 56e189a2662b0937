"""Messages that were lost on the way, told by the gaps in their publishers' own counts."""

from __future__ import annotations

from vip_teleop.sample import Sample


class SequenceCounts:
    """Follows each topic's sequence numbers.

    Only a topic with a single publisher can be followed: the numbers of two are not told apart. A number
    that goes back means a second publisher or a restarted one; the topic is then given up.
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._missed: dict[str, int] = {}
        self._given_up: set[str] = set()

    def note(self, sample: Sample) -> None:
        """Look at a message's number."""
        if not sample.sequence or sample.topic in self._given_up:
            return
        last = self._last.get(sample.topic)
        self._last[sample.topic] = sample.sequence
        if last is None:
            return
        if sample.sequence <= last:
            self._given_up.add(sample.topic)
            self._missed.pop(sample.topic, None)
            return
        self._missed[sample.topic] = self._missed.get(sample.topic, 0) + sample.sequence - last - 1

    def missed(self) -> dict[str, int]:
        """Return the messages lost so far per followed topic."""
        return dict(self._missed)
