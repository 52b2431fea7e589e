"""What a sweep is, how its file is read, and the sweeps that come with the kit."""
