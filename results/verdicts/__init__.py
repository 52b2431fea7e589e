"""What may be concluded: rules fixed before a run, verdicts, gates, plans, runs side by side."""
