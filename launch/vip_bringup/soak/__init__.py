"""The whole graph under load for a long time."""
