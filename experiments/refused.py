"""Refusals of either side of the house, for those who tell a person of them."""

from results.refused import Refused as _RefusedByResults
from tasks.refused import Refused as Refused

REFUSALS = (Refused, _RefusedByResults)
"""What is bad input; any other exception is a bug."""
