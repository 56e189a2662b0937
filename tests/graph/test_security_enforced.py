"""Where ROS's security is demanded, a middleware without it is refused, not used unsecured."""

from __future__ import annotations

from pathlib import Path

import pytest
from graph.helpers import NodeProcess

pytestmark = pytest.mark.graph

FILES = (
    "identity_ca.cert.pem", "cert.pem", "key.pem", "permissions_ca.cert.pem",
    "governance.p7s", "permissions.p7s",
)  # fmt: skip
LIMIT = 120.0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("keystore", ["none", "worthless"])
def test_a_node_that_cannot_be_secured_does_not_start(ros_domain: int, tmp_path: Path, keystore: str) -> None:
    if keystore == "worthless":
        enclave = tmp_path / "enclaves"
        enclave.mkdir()
        for name in FILES:
            (enclave / name).touch()
    env = {
        "ROS_SECURITY_ENABLE": "true",
        "ROS_SECURITY_STRATEGY": "Enforce",
        "ROS_SECURITY_KEYSTORE": str(tmp_path),
    }
    with NodeProcess("vip_reward_node.monitor_node", env=env) as node:
        assert node.wait_exit(LIMIT) == 2
        last = node.output.strip().splitlines()[-1]
        assert "Traceback" not in node.output
    assert ("SECURITY ERROR" in last) if keystore == "none" else ("the node cannot be made" in last)
