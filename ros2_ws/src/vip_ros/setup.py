from setuptools import find_packages, setup

setup(
    name="vip_ros",
    version="0.1.0",
    packages=find_packages(),
    package_data={"vip_ros": ["*.xml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/vip_ros"]),
        ("share/vip_ros", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
)
