"""How the tokens of a recorded run are counted and priced, where its model is known."""

import polars as pl

from results.questions.gain.team_cost import Prices
from results.tokens.attribution import CHARACTERS, Counter
from topologies.models.prices import Usage, price
from topologies.simulated import tokens
from topologies.simulated.profile import profile


def counter_of(trials: pl.DataFrame) -> Counter:
    """The simulated model's own encoding for runs counted with it alone, else characters."""
    encodings = trials.get_column("encoding").drop_nulls().unique().to_list()
    return SIMULATED if encodings == [tokens.ENCODING_NAME] else CHARACTERS


SIMULATED = Counter(tokens.ENCODING_NAME, tokens.count_piece, tokens.PRIMING)


def prices_of(trials: pl.DataFrame) -> Prices | None:
    """Dollars per million tokens of a run's one model; None if it has several or is not listed.

    A simulated model is priced as its profile says. Prices in tiers are those of small prompts.
    """
    names = trials.get_column("model").unique().to_list()
    if len(names) != 1 or names[0] is None:
        return None
    provider, _, name = str(names[0]).rpartition(":")
    known = profile(name).priced_as if provider == "simulated" else name
    parts = (Usage(1000, 0, 0, 0), Usage(1000, 1000, 0, 0), Usage(0, 0, 1000, 0))
    fresh, cached, output = (price(known, usage)[0] for usage in parts)
    if fresh is None or cached is None or output is None:
        return None
    return Prices(*(1000 * dollars for dollars in (fresh, cached, output)))
