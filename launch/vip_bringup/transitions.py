"""What the lifecycle manager decides, without ROS: which transition is next, and when to give up.

All nodes are configured at once, since loading takes long, and activated in order. A node whose activation
fails (its inputs are not fresh yet) is tried again for a while; the nodes after it go on meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

UNKNOWN, UNCONFIGURED, INACTIVE, ACTIVE, FINALIZED = (
    "unknown",
    "unconfigured",
    "inactive",
    "active",
    "finalized",
)
TARGETS = {"configure": INACTIVE, "activate": ACTIVE}


@dataclass(frozen=True)
class Patience:
    """Limits of the manager, s.

    Attributes:
        appear: until a started node must be on the graph.
        configure: until a node must have answered a request to configure (it loads weights meanwhile).
        activate: how long a refused activation is tried again.
        retry: between two tries.
        lost: after which an unanswered request counts as lost, once the node is seen unchanged.
    """

    appear: float = 60.0
    configure: float = 300.0
    activate: float = 45.0
    retry: float = 0.5
    lost: float = 2.0


@dataclass
class NodeTrack:
    """What is known of one node."""

    name: str
    state: str = UNKNOWN
    pending: str = ""
    pending_since: float = 0.0
    seen_unchanged: int = 0
    retry_at: float = 0.0
    deadline: float | None = None
    refused: bool = False
    was_active: bool = False
    released: bool = False
    reason: str = ""
    announced_wait: float = 0.0


class BringUp:
    """Decides transitions from observed states; collects lines to tell the user.

    Args:
        names: the nodes, in the order of activation.
        patience: limits.
        now: monotonic time, s.
    """

    def __init__(self, names: Sequence[str], patience: Patience, now: float) -> None:
        self.tracks = {name: NodeTrack(name) for name in names}
        self.failure = ""
        self._patience = patience
        self._begin = now
        self._lines: list[tuple[str, str]] = []

    @property
    def complete(self) -> bool:
        """True when every node is active, or inactive by someone else's hand."""
        return all(track.state == ACTIVE or track.released for track in self.tracks.values())

    def lines(self) -> Iterator[tuple[str, str]]:
        """Return and forget what there is to say: (severity "info" or "warn", text)."""
        while self._lines:
            yield self._lines.pop(0)

    def observe(self, name: str, state: str, now: float) -> None:
        """Note a node's own answer about its state."""
        track = self.tracks[name]
        if track.pending:
            self._observe_pending(track, state, now)
        elif state != track.state:
            self._observe_change(track, state)
            track.state = state

    def due(self, now: float) -> list[tuple[str, str]]:
        """Return the transitions to request now: (node, "configure" or "activate")."""
        requests = []
        may_activate = True
        for track in self.tracks.values():
            self._check_limits(track, now)
            if not track.pending and not track.released and now >= track.retry_at:
                if track.state == UNCONFIGURED:
                    requests.append((track.name, "configure"))
                elif track.state == INACTIVE and may_activate:
                    requests.append((track.name, "activate"))
            may_activate = may_activate and (track.state == ACTIVE or track.released or track.refused)
        return [] if self.failure else requests

    def requested(self, name: str, transition: str, now: float) -> None:
        """Note that a transition was requested."""
        track = self.tracks[name]
        track.pending, track.pending_since, track.seen_unchanged = transition, now, 0
        track.announced_wait = now

    def answered(self, name: str, success: bool, now: float) -> None:
        """Note a node's answer to the pending request."""
        track = self.tracks[name]
        transition, track.pending = track.pending, ""
        if not transition:
            return
        if success:
            self._succeeded(track, transition, now)
        elif transition == "activate":
            self._refused(track, now)
        elif track.was_active:
            self._try_again(track, now, "could not be configured again")
        else:
            self.failure = f"{name} could not be configured: {track.reason or 'see its log'}"

    def complained(self, name: str, text: str) -> None:
        """Note an error that the node logged: it tells why a transition fails."""
        if name in self.tracks:
            self.tracks[name].reason = " ".join(text.split())

    def _observe_pending(self, track: NodeTrack, state: str, now: float) -> None:
        """A node that answers, and is still where it was, has lost the request: it was restarted, say."""
        if now - track.pending_since < self._patience.lost or state not in (UNCONFIGURED, INACTIVE, ACTIVE):
            return
        if state == TARGETS[track.pending]:
            self.answered(track.name, True, now)
            return
        track.seen_unchanged += 1
        if track.seen_unchanged >= 2:
            track.pending, track.state = "", state

    def _observe_change(self, track: NodeTrack, state: str) -> None:
        if track.state == ACTIVE and state == UNCONFIGURED:
            self._say("warn", f"{track.name}: started anew, bringing it up again")
            track.deadline, track.refused = None, False
        elif track.state == ACTIVE and state == INACTIVE:
            self._say("warn", f"{track.name}: deactivated by someone else, left alone")
            track.released = True
        elif state == ACTIVE and track.state != UNKNOWN:
            self._say("info", f"{track.name}: active")
        if state == ACTIVE:
            track.released, track.was_active = False, True

    def _succeeded(self, track: NodeTrack, transition: str, now: float) -> None:
        track.state, track.retry_at, track.reason = TARGETS[transition], now, ""
        if transition == "configure":
            self._say("info", f"{track.name}: configured in {now - track.pending_since:.1f} s")
            return
        self._say("info", f"{track.name}: active")
        track.was_active, track.refused, track.deadline = True, False, None

    def _refused(self, track: NodeTrack, now: float) -> None:
        track.refused = True
        track.state = INACTIVE
        self._try_again(track, now, "could not be activated")

    def _try_again(self, track: NodeTrack, now: float, problem: str) -> None:
        reason = track.reason or "see its log"
        if track.deadline is None:
            track.deadline = now + self._patience.activate
            limit = self._patience.activate
            self._say("warn", f"{track.name}: not yet: {reason} (trying for up to {limit:.0f} s)")
        if now >= track.deadline:
            self.failure = f"{track.name} {problem} within {self._patience.activate:.0f} s: {reason}"
        track.retry_at = now + self._patience.retry

    def _check_limits(self, track: NodeTrack, now: float) -> None:
        if track.state == UNKNOWN and now - self._begin > self._patience.appear:
            self.failure = f"{track.name} did not appear within {self._patience.appear:.0f} s: see its log"
        if not track.pending:
            return
        waited = now - track.pending_since
        if waited > self._patience.configure:
            self.failure = f"{track.name} did not {track.pending} within {self._patience.configure:.0f} s"
        elif now - track.announced_wait >= 10.0:
            track.announced_wait = now
            self._say("info", f"{track.name}: still busy to {track.pending} ({waited:.0f} s)")

    def _say(self, severity: str, text: str) -> None:
        self._lines.append((severity, text))
