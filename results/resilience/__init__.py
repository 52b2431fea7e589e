"""What becomes of work over many steps and under faults: trajectories, survival, harm left."""
