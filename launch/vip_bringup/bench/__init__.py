"""What encoding costs on this machine: ratios measured in turns, in one run."""
