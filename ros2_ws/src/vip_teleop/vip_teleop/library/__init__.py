"""What can be done with recorded episodes: look, cut, gather, divide."""
