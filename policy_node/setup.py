from setuptools import find_packages, setup

package_name = "policy_node"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="The VIP robot stack maintainers",
    maintainer_email="maintainers@example.com",
    description="Policy node, offline learning from episodes, evaluation",
    license="Apache-2.0",
    entry_points={"console_scripts": ["policy_node = policy_node.policy_node:main"]},
)
