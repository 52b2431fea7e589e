"""Which counter attributes the tokens of a run: the one its model counted with, if it is known."""

import polars as pl

from results.attribution import CHARACTERS, Counter
from topologies.simulated import tokens


def counter_of(trials: pl.DataFrame) -> Counter:
    """The simulated model's own encoding for runs counted with it alone, else characters."""
    encodings = trials.get_column("encoding").drop_nulls().unique().to_list()
    return SIMULATED if encodings == [tokens.ENCODING_NAME] else CHARACTERS


SIMULATED = Counter(tokens.ENCODING_NAME, tokens.count_piece, tokens.PRIMING)
