"""The main job, end to end: demonstrations, policy, closed loop through the ROS graph, report."""
