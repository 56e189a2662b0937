"""How often a policy solves its task: in lockstep, through the live graph, or on a real arm with a person."""
