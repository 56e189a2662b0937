from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="vip_models",
    version="0.1.0",
    packages=find_packages(include=["vip_models", "vip_models.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/vip_models"]),
        ("share/vip_models", ["package.xml"]),
        ("share/vip_models/cards", [str(p) for p in Path("cards").glob("[!.]*.yaml")]),
        ("share/vip_models/weights", [str(p) for p in Path("weights").glob("[!.]*.safetensors")]),
    ],
    zip_safe=True,
    maintainer="vip-robot maintainers",
    maintainer_email="maintainers@vip-robot.invalid",
    description="Encoders from camera frames to embeddings: cards, weights, export, pre-training",
    license="Apache-2.0",
)
