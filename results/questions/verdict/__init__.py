"""What may be concluded of a team and one thread, by rules fixed before the run."""
