"""A simulated Franka arm on a table: physics, pictures, tasks and scripted demonstrations, without ROS."""
