"""The encoder's weights file spoilt under a running stack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from faults.injections import Injection
from faults.live_stack import LIMIT, LiveStack
from std_srvs.srv import Trigger


class EncoderFile(Injection):
    """The encoder's weights file spoilt while the encoder runs, which is then started again or not.

    Args:
        spoil: does it to the file.
        restart: whether reward_node is killed and started again.
    """

    def __init__(self, spoil: Callable[[Path], None], restart: bool) -> None:
        self._spoil, self._restart = spoil, restart
        self._whole = b""

    def apply(self, stack: LiveStack) -> None:
        path = self._file(stack)
        self._whole = path.read_bytes()
        self._spoil(path)
        if self._restart:
            stack.restart("reward_node")
            self._await_refusal(stack)

    def mend(self, stack: LiveStack) -> None:
        self._file(stack).write_bytes(self._whole)
        if self._restart:
            stack.restart("reward_node")

    def _await_refusal(self, stack: LiveStack) -> None:
        """Wait until a file that is no encoder keeps reward_node from being configured, and it says so."""
        node = stack.nodes["reward_node"]

        def refused() -> bool:
            # What only the killed process's service took is lost: ask until the node itself has answered.
            assert not node.configure(stack.probe, LIMIT)
            return self._file(stack).name in node.output

        stack.probe.wait_for(refused, LIMIT, "the refusal")

    @staticmethod
    def _file(stack: LiveStack) -> Path:
        return Path(stack.params["reward_node"]["weights"])


class OtherEncoder(EncoderFile):
    """The encoder's weights exchanged and reward_node started again: the policy does not fit them."""

    def __init__(self) -> None:
        super().__init__(replaced, restart=True)

    def _await_refusal(self, stack: LiveStack) -> None:
        stack.nodes["reward_node"].wait_active(stack.probe, LIMIT)

    def mend(self, stack: LiveStack) -> None:
        assert stack.probe.ask(Trigger, "franka_node/reset").success

        def refused() -> bool:
            answer = stack.probe.ask(Trigger, "policy_node/start")
            assert not answer.success
            return "encoder" in answer.message

        try:
            stack.probe.wait_for(refused, LIMIT, "the policy's refusal of another encoder")
        finally:
            super().mend(stack)


def halved(path: Path) -> None:
    """Cut a file to half, where it is."""
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def replaced(path: Path) -> None:
    """Put other weights, which differ in one byte, in the place of a file of weights."""
    whole = path.read_bytes()
    other = path.with_suffix(".new")
    other.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    other.replace(path)
