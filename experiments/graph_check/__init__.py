"""What holds of someone's graph as it is: `fanout check`."""
