from setuptools import find_packages, setup

setup(
    name="vip_reward_node",
    version="0.1.0",
    packages=find_packages(include=["vip_reward_node", "vip_reward_node.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/vip_reward_node"]),
        ("share/vip_reward_node", ["package.xml"]),
    ],
    entry_points={
        "console_scripts": [
            "camera_node = vip_reward_node.camera_node:main",
            "reward_node = vip_reward_node.reward_node:main",
            "monitor_node = vip_reward_node.monitor_node:main",
        ],
    },
    zip_safe=True,
    maintainer="vip-robot maintainers",
    maintainer_email="maintainers@vip-robot.invalid",
    description="From camera images to embeddings, distances to a goal image and rewards",
    license="Apache-2.0",
)
