"""The join: sweeps, trials and their runner, the command line and the notebooks."""
