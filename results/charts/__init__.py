"""Pictures: each a function of a run, each title saying what it shows."""
