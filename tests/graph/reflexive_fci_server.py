"""franky-sim's FR3 server, with a reflex at each SIGUSR1; runs in franky-sim's environment.

As on the real robot the motion is aborted, the state tells the reflex, and nothing moves before the automatic
error recovery. Arguments are those of franky-sim.
"""

from __future__ import annotations

import signal

from franky_sim import run_server
from franky_sim.franka_robot_protocol import (
    AutomaticErrorRecoveryCommand,
    BaseCommand,
    MoveStatus,
    RobotCommand,
    RobotMode,
)
from franky_sim.franka_robot_server import FrankaRobotServer

# Place of cartesian_reflex among libfranka's 41 errors.
CARTESIAN_REFLEX = tuple(index == 7 for index in range(41))

asked = in_reflex = False


def _ask(number: int, frame: object) -> None:
    global asked
    asked = True


class Reflexive(FrankaRobotServer):
    """Aborts the motion under way when it was asked to."""

    def process_commands(self) -> None:
        global asked, in_reflex
        if asked:
            asked, in_reflex = False, True
            motion = self.current_motion_id
            self.reset_current_motion_id()
            self.stop_motion(send_preemption_signal=False)
            if motion:
                BaseCommand.send_response(
                    self._tcp_socket, RobotCommand.kMove, motion, MoveStatus.kReflexAborted
                )
        super().process_commands()

    @property
    def robot_state(self):
        state = super().robot_state
        if not in_reflex:
            return state
        return state.replace(
            robot_mode=RobotMode.kReflex, errors=CARTESIAN_REFLEX, reflex_reason=CARTESIAN_REFLEX
        )


def _recover(command: AutomaticErrorRecoveryCommand, server: object) -> None:
    global in_reflex
    in_reflex = False
    command.reply(0)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _ask)
    AutomaticErrorRecoveryCommand.handle = _recover
    run_server.franky_sim.simulation_server.FrankaRobotServer = Reflexive
    run_server.main()
