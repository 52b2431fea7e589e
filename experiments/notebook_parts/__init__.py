"""What the notebooks share: their controls, a sweep in the background, running as a script."""
