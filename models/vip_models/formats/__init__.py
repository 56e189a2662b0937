"""Readers of other programs' files that look at the data and never run what comes with it."""
