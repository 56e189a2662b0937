"""The base of every node: lifecycle, parameters from a dataclass, errors in one line."""

from __future__ import annotations

import dataclasses
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy._rclpy_pybind11 import RCLError
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from vip_ros import diagnostics
from vip_ros.config import from_mapping
from vip_ros.diagnostics import DiagnosticsPublisher, Status
from vip_ros.errors import UserError
from vip_ros.runner import run_node
from vip_ros.worker import LatestWorker

__all__ = ["LatestWorker", "NoConfig", "StackNode", "is_foreign", "run_node"]

# Parameters that are no field of config_class: rclpy's own and the base's.
_FOREIGN = ("use_sim_time", "start_type_description_service", "autostart")
_FOREIGN_PREFIXES = ("qos_overrides.",)
# An error that comes again within this time is not logged again, s.
_REPEAT = 10.0


@dataclasses.dataclass(frozen=True)
class NoConfig:
    """The configuration of a node without parameters."""


class StackNode(LifecycleNode):
    """A lifecycle node whose parameters are the fields of config_class.

    Subclasses fill the hooks setup (configure), start (activate), stop (deactivate) and teardown
    (cleanup, shutdown). A UserError in a hook becomes one log line and the transition fails; after a
    failed setup teardown runs, after a failed start stop runs, so both must cope with half-made state.

    Attributes:
        config: the parameters, read anew at each configure.
        last_error: the newest error line, empty after a transition that worked.
        fatal: an exception that ends the process (see run_node), or None.
    """

    config_class: type[Any] = NoConfig

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, automatically_declare_parameters_from_overrides=True, **kwargs)
        self.last_error = ""
        self.fatal: Exception | None = None
        self._reported: tuple[str, float] = ("", 0.0)
        self._declare_parameters()
        self.config: Any = self.read_config()
        self.add_on_set_parameters_callback(self._check_new_parameters)
        self._answer_invalid_transitions()
        self.diagnostics = DiagnosticsPublisher(self)
        self.diagnostics.add("lifecycle", self._lifecycle_status)

    def setup(self) -> None:
        """Configure: load, allocate, warm up, create publishers and subscriptions."""

    def start(self) -> None:
        """Activate: raise UserError while inputs are not fresh yet."""

    def stop(self) -> None:
        """Deactivate: come to rest; called again after a failed start."""

    def teardown(self) -> None:
        """Cleanup or shutdown: undo setup; called again after a failed setup."""

    @property
    def state(self) -> str:
        """Name of the lifecycle state: unconfigured, inactive, active, finalized or a transition."""
        return self._state_machine.current_state[1]

    def make_worker(self, work: Callable[[Any], None], name: str = "worker") -> LatestWorker[Any]:
        """Return a keep-last-1 worker whose errors this node reports; start and stop it in the hooks."""
        return LatestWorker(work, self.report, name)

    def now_ns(self) -> int:
        """Return the node's time in ns."""
        return self.get_clock().now().nanoseconds

    def report(self, error: Exception) -> None:
        """Log an error and keep it for diagnostics; one that is not the user's ends the process."""
        if not isinstance(error, UserError):
            self.get_logger().fatal("".join(traceback.format_exception(error)))
            self.fatal = error
            return
        self.last_error = str(error)
        text, at = self._reported
        if text != self.last_error or time.monotonic() - at > _REPEAT:
            self._reported = (self.last_error, time.monotonic())
            self.get_logger().error(self.last_error)

    def mended(self) -> None:
        """Say that what the last error was about works again."""
        if self.last_error:
            self.get_logger().info(f"mended: {self.last_error}")
        self.last_error, self._reported = "", ("", 0.0)

    def read_config(self) -> Any:
        """Return the parameters as config_class; raises UserError for an unknown name or a wrong type."""
        names = [name for name in self.get_parameters_by_prefix("") if not is_foreign(name)]
        own = {name: self.get_parameter(name).value for name in names}
        return from_mapping(self.config_class, own, where=self.get_name())

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run setup."""
        return self._transition(self._configure, undo=self.teardown, ros=super().on_configure, state=state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run start."""
        return self._transition(self.start, undo=self.stop, ros=super().on_activate, state=state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run stop."""
        return self._transition(self.stop, ros=super().on_deactivate, state=state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run teardown."""
        return self._transition(self.teardown, ros=super().on_cleanup, state=state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run stop and teardown, as far as the state before asks for them."""
        hooks = {"active": (self.stop, self.teardown), "inactive": (self.teardown,)}.get(state.label, ())
        return self._transition(*hooks, ros=super().on_shutdown, state=state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give up what there is and go back to unconfigured."""
        return self._transition(self.stop, self.teardown, ros=super().on_error, state=state)

    def _configure(self) -> None:
        self.config = self.read_config()
        self.setup()

    def _transition(
        self,
        *hooks: Callable[[], None],
        ros: Callable[[LifecycleState], TransitionCallbackReturn],
        state: LifecycleState,
        undo: Callable[[], None] | None = None,
    ) -> TransitionCallbackReturn:
        failed = [error for hook in hooks if (error := self._error_of(hook)) is not None]
        if failed:
            if undo is not None:
                self._error_of(undo)
            self.last_error = str(failed[0])  # the one to mend
            self.diagnostics.publish_now()
            known = all(isinstance(error, UserError) for error in failed)
            return TransitionCallbackReturn.FAILURE if known else TransitionCallbackReturn.ERROR
        self.last_error, self._reported = "", ("", 0.0)
        return ros(state)

    def _error_of(self, hook: Callable[[], None]) -> Exception | None:
        """Run a hook; every one runs, so that a failed stop does not keep the robot from being let go."""
        try:
            hook()
        except Exception as error:  # rclpy would swallow it
            self.report(error)
            return error
        return None

    def _declare_parameters(self) -> None:
        given = self.get_parameters_by_prefix("")
        self._declare("autostart", False, "configure and activate without a lifecycle manager", given)
        defaults = self.config_class()
        for field in dataclasses.fields(self.config_class):
            default = getattr(defaults, field.name)
            self._declare(field.name, default, field.metadata.get("doc", ""), given)

    def _declare(self, name: str, default: Any, doc: str, given: Iterable[str]) -> None:
        if name in given:
            self.undeclare_parameter(name)
        # Dynamic typing lets "rate: 20" set a float; read_config checks the type.
        self.declare_parameter(name, default, ParameterDescriptor(description=doc, dynamic_typing=True))

    def _check_new_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        own = {p.name: p.value for p in parameters if not is_foreign(p.name)}
        try:
            from_mapping(self.config_class, own, where=self.get_name())
        except UserError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if own and self.state != "unconfigured":
            reason = f"{self.get_name()} is {self.state}: parameters are read at configure, clean it up first"
            return SetParametersResult(successful=False, reason=reason)
        return SetParametersResult(successful=True)

    def _answer_invalid_transitions(self) -> None:
        """Refuse a transition the state does not have; rclpy raises out of spin and never answers."""
        service = self._service_change_state
        answer = service.callback

        def refuse_or_answer(request: Any, response: Any) -> Any:
            try:
                return answer(request, response)
            except RCLError:
                asked = request.transition.label or request.transition.id
                self.get_logger().warning(f"transition {asked} does not exist in state {self.state}")
                response.success = False
                return response

        service.callback = refuse_or_answer

    def _lifecycle_status(self) -> Status:
        if self.last_error:
            return Status(diagnostics.ERROR, self.last_error, {"state": self.state})
        return Status(diagnostics.OK, self.state, {"state": self.state})


def is_foreign(name: str) -> bool:
    """Tell whether a parameter is no node's own: rclpy's, or the base's."""
    return name in _FOREIGN or name.startswith(_FOREIGN_PREFIXES)
