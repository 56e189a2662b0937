"""What the drivers of the Franka control interface (FCI) share: drivers/franky.py and drivers/panda_py.py."""
