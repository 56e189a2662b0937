"""The base of every node: parameters, lifecycle, errors and the end of the process."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from graph.helpers import NodeProcess, Probe, set_parameter

pytestmark = pytest.mark.graph

NODE = """
    from __future__ import annotations
    import sys
    from dataclasses import dataclass
    from pathlib import Path
    from vip_ros.config import option
    from vip_ros.errors import UserError
    from vip_ros.node import StackNode, run_node

    @dataclass(frozen=True)
    class Config:
        rate: float = option(20.0, "rate, Hz")
        weights: str = option("", "weights file")
        broken: bool = option(False, "raise a bug in start")
        ready: str = option("", "file that must be there to activate")
        stuck: bool = option(False, "stop fails")

    class Demo(StackNode):
        config_class = Config

        def __init__(self):
            super().__init__("demo")

        def setup(self):
            if self.config.weights == "missing.pt":
                raise UserError("no such file: missing.pt", "check the parameter 'weights'")
            self.worker = self.make_worker(lambda item: 1 / item)
            print("setup", self.config.rate)

        def start(self):
            if self.config.broken:
                raise RuntimeError("a bug")
            if self.config.ready and not Path(self.config.ready).exists():
                raise UserError("no image yet", "start the camera")
            print("start")

        def stop(self):
            print("stop")
            if self.config.stuck:
                raise UserError("the arm did not come to rest")

        def teardown(self):
            print("teardown")

    sys.exit(run_node(Demo))
"""


@pytest.fixture
def demo(tmp_path: Path, ros_domain: int):
    script = tmp_path / "demo.py"
    script.write_text(textwrap.dedent(NODE))

    def start(**params: object) -> NodeProcess:
        return NodeProcess("demo", params, command=[str(script)])

    return start


def test_an_unknown_parameter_ends_the_node_with_the_nearest_name(demo) -> None:
    with demo(rat=10.0) as node:
        assert node.wait_exit() == 2
        assert node.output.strip().count("\n") == 0
        assert "unknown parameter 'rat'" in node.output
        assert "did you mean 'rate'" in node.output


def test_a_parameter_of_the_wrong_type_is_named(demo) -> None:
    with demo(rate="fast") as node:
        assert node.wait_exit() == 2
        assert "parameter 'rate' is 'fast'" in node.output
        assert "Traceback" not in node.output


def test_a_whole_number_sets_a_float_parameter(demo) -> None:
    with demo(rate=10) as node, Probe() as probe:
        assert node.configure(probe)
        assert "setup 10.0" in node.output


def test_the_hooks_follow_the_lifecycle(demo) -> None:
    with demo() as node, Probe() as probe:
        for transition, state in (
            ("configure", "inactive"),
            ("activate", "active"),
            ("deactivate", "inactive"),
            ("cleanup", "unconfigured"),
        ):
            assert node.change(probe, transition)
            assert node.state(probe) == state
        assert node.output.split() == ["setup", "20.0", "start", "stop", "teardown"]


def test_an_invalid_transition_is_refused_and_the_node_lives_on(demo) -> None:
    with demo() as node, Probe() as probe:
        assert not node.change(probe, "deactivate")
        assert node.state(probe) == "unconfigured"
        assert node.configure(probe)


def test_a_users_error_fails_the_transition_in_one_line_and_can_be_mended(demo) -> None:
    with demo(weights="missing.pt") as node, Probe() as probe:
        status = probe.statuses()
        assert not node.configure(probe)
        assert node.state(probe) == "unconfigured"
        assert "no such file: missing.pt: check the parameter 'weights'" in node.output
        assert "Traceback" not in node.output
        probe.wait_for(lambda: "missing.pt" in (status("demo: lifecycle") or {"message": ""})["message"])
        assert set_parameter(probe, "demo", "weights", "there.pt").successful
        assert node.configure(probe)


def test_parameters_are_refused_once_configured_and_unknown_types_always(demo) -> None:
    with demo() as node, Probe() as probe:
        assert not set_parameter(probe, "demo", "rate", "fast").successful
        assert set_parameter(probe, "demo", "rate", 5.0).successful
        assert node.configure(probe)
        answer = set_parameter(probe, "demo", "rate", 6.0)
        assert not answer.successful
        assert "clean it up first" in answer.reason


def test_a_bug_in_a_hook_ends_the_process_with_its_traceback(demo) -> None:
    with demo(broken=True) as node, Probe() as probe:
        assert node.configure(probe)
        assert not node.activate(probe)
        assert node.wait_exit() == 1
        assert "RuntimeError: a bug" in node.output


def test_autostart_activates_as_soon_as_inputs_are_there(demo, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with demo(autostart=True, ready=str(ready)) as node, Probe() as probe:
        probe.wait_for(lambda: node.output.count("stop") >= 2, what="failed attempts")
        assert node.output.count("no image yet") == 1
        ready.touch()
        node.wait_state(probe, "active")


def test_autostart_that_cannot_configure_ends_with_one_line(demo) -> None:
    with demo(autostart=True, weights="missing.pt") as node:
        assert node.wait_exit() == 2
        assert "no such file: missing.pt" in node.output


@pytest.mark.parametrize("signal_name", ["interrupt", "terminate"])
def test_a_signal_ends_an_active_node_cleanly_through_its_hooks(demo, signal_name: str) -> None:
    with demo() as node, Probe() as probe:
        node.wait_active(probe)
        if signal_name == "interrupt":
            assert node.interrupt() == 0
        else:
            node.process.terminate()
            assert node.wait_exit() == 0
        assert node.output.split()[-2:] == ["stop", "teardown"]
        assert "Traceback" not in node.output


def test_a_stop_that_fails_does_not_keep_the_rest_from_being_let_go(demo) -> None:
    with demo(stuck=True) as node, Probe() as probe:
        node.wait_active(probe)
        assert node.interrupt() == 0
        assert "the arm did not come to rest" in node.output
        assert node.output.split()[-1] == "teardown"


def test_a_doubled_ctrl_c_is_one_wish(demo) -> None:
    with demo() as node, Probe() as probe:
        node.wait_active(probe)
        node.process.send_signal(2)
        assert node.interrupt() == 0
        assert node.output.split()[-2:] == ["stop", "teardown"]


@pytest.mark.parametrize("arguments", [["-p", "rate"], ["--params-file", "/no/such/file.yaml"]])
def test_arguments_that_ros_refuses_end_in_one_line(demo, tmp_path: Path, arguments: list[str]) -> None:
    script = str(tmp_path / "demo.py")  # written by the fixture
    with NodeProcess("demo", command=[script, "--ros-args", *arguments]) as node:
        assert node.wait_exit() == 2
        assert "ROS cannot start: Couldn't parse" in node.output.replace("rcl: ", "")
        assert "Traceback" not in node.output
