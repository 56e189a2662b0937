from pathlib import Path

from setuptools import find_packages, setup

NAME = "franka_node"
HERE = Path(__file__).resolve().parent
MESHES = sorted(str(path.relative_to(HERE)) for path in (HERE / "assets" / "panda").iterdir())

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"share/{NAME}/assets/panda", MESHES),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    description="Guard, drivers and simulator of a Franka arm",
    license="Apache-2.0",
    entry_points={"console_scripts": [f"franka_node = {NAME}.franka_node:main"]},
)
