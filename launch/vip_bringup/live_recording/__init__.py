"""`vip record` through the live graph: who drives, what is on the screen, one episode after another."""
