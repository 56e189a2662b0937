"""Tables of success over tasks, methods, encoders and amounts of data, cell by cell."""
