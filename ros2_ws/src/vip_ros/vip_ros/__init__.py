"""What every node of the stack shares."""
