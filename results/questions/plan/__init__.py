"""How many tasks and trials a wanted difference takes, and what they cost."""
