"""The parts of the ros2_control driver; the driver itself is drivers/ros2_control.py."""
