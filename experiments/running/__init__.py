"""Running a sweep: what it would take, what is still to run, how far it is, when it stops."""
