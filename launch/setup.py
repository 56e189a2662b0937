from pathlib import Path

from setuptools import find_packages, setup

package_name = "vip_bringup"
here = Path(__file__).parent


def files(pattern: str) -> list[str]:
    return sorted(str(path.relative_to(here)) for path in here.glob(pattern))


setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(include=[package_name, f"{package_name}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
        (f"share/{package_name}/launch", files("*.launch.py")),
        (f"share/{package_name}/config", files("config/*.yaml")),
        (f"share/{package_name}/rviz", files("rviz/*.rviz")),
        (f"share/{package_name}/layouts", files("layouts/*")),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="VIP robot maintainers",
    maintainer_email="maintainers@vip-robot.invalid",
    description="Brings the VIP robot stack up: the graph description, the launch files and the vip command",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "vip = vip_bringup.cli:main",
            "manager = vip_bringup.manager:main",
        ],
    },
)
