"""Whether what is shown comes from simulated models: the one word that every label uses."""

from collections.abc import Mapping
from typing import Any

import polars as pl

PARTLY = pl.col("partly_simulated").fill_null(False)


def simulation(trials: pl.DataFrame) -> str:
    """The word for all ("simulated"), some ("partly simulated") or none ("") of the models."""
    found = trials.get_column("simulated").fill_null(False)
    if not found.any():
        return ""
    partly = not found.all() or trials.select(PARTLY.any()).item()
    return "partly simulated" if partly else "simulated"


def of_manifest(manifest: Mapping[str, Any]) -> str:
    """The same from what a run says of itself."""
    partly = bool(manifest.get("partly_simulated"))
    return "partly simulated" if partly else "simulated" if manifest.get("simulated") else ""
