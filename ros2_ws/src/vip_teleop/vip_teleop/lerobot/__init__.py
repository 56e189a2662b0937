"""Episodes as a LeRobot v3 dataset, and back; written after the format's description, without its library."""
