"""Recorded trials as a person can follow them."""
