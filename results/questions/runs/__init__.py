"""Several runs side by side, paired where they did the same tasks."""
