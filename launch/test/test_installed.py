"""What was installed stands in ROS's own index with its files.

`colcon test` runs this, and it needs no more than ROS; what the packages do is tested by `./vip test`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory

# What each package must have installed, relative to its share folder.
SHARED = {
    "vip_interfaces": ["msg/Reward.msg", "srv/StartEpisode.srv", "action/RunPolicy.action"],
    "vip_ros": [],
    "vip_models": ["cards/vip-sim.yaml", "weights"],
    "vip_reward_node": [],
    "policy_node": [],
    "franka_node": ["assets/panda/NOTICE"],
    "vip_teleop": [],
    "vip_bringup": [
        "launch/vip_bringup.launch.py",
        "launch/monitor.launch.py",
        "config/default.yaml",
        "rviz/vip.rviz",
        "layouts/foxglove.json",
    ],
}


@pytest.mark.parametrize("package", SHARED)
def test_a_package_is_in_the_index_with_its_files(package: str) -> None:
    """Each package is found by its name, and what others read of it lies there."""
    share = Path(get_package_share_directory(package))
    assert ElementTree.parse(share / "package.xml").getroot().findtext("name") == package
    assert not [name for name in SHARED[package] if not (share / name).exists()]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:lark")
def test_messages_are_built_for_python() -> None:
    """A message can be made and has the support by which it is sent."""
    from vip_interfaces.msg import Reward

    assert Reward(distance=0.5).distance == 0.5
    assert Reward.__class__.__import_type_support__() is None
    assert Reward.__class__._TYPE_SUPPORT is not None
