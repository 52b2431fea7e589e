"""Sweeps over many profiles of the simulated model, and where a real one lies among them."""
