"""How often the intervals of horizons hold the truth: `python -m tests.bench.horizons`.

Families of tasks are made whose tasks pass by a logistic of log2 minutes that is known; with
`spread`, families differ in difficulty, and the truth is the logistic that very many of them give.
"""

import argparse
import sys
from collections.abc import Iterable
from functools import lru_cache
from itertools import product

import numpy as np

from results.resilience.logistic import (
    Floats,
    Tasks,
    family_draws,
    family_weights,
    fitted,
    log_lengths,
    percentiles,
)

INTERCEPT, SLOPE = 4.1276, -0.7017
"""The law of the two published lengths, 59 and 15 minutes at 50 and 80% (METR)."""
SUCCESSES = (0.5, 0.8)


def made_tasks(
    rng: np.random.Generator, families: int, each: int, trials: int, spread: float
) -> Tasks:
    """Families of `each` tasks of 1 to 1,000 minutes, `trials` of each."""
    family = np.repeat(np.arange(families), each)
    log_minutes = rng.uniform(0, np.log2(1000), size=family.size)
    harder = rng.normal(0, spread, size=families)[family] if spread else 0.0
    chance = 1 / (1 + np.exp(-(INTERCEPT + SLOPE * log_minutes + harder)))
    passed: Floats = rng.binomial(trials, chance) / trials
    return Tasks(log_minutes, passed, family_weights(family), family)


@lru_cache(maxsize=8)
def truth(spread: float) -> tuple[float, ...]:
    """log2 of the true horizons at SUCCESSES."""
    rng = np.random.default_rng(0)
    law = fitted(made_tasks(rng, 40_000, 3, 4, spread)) if spread else (INTERCEPT, SLOPE)
    intercept, slope = (np.atleast_1d(np.asarray(one, np.float64)) for one in law)
    return tuple(float(log_lengths(intercept, slope, success)[0]) for success in SUCCESSES)


def covered(repeats: int, families: int, spread: float, seed: int = 1) -> dict[float, float]:
    """Success to the share of samples whose 95% interval holds the true horizon."""
    rng = np.random.default_rng([seed, families, int(10 * spread)])
    held = dict.fromkeys(SUCCESSES, 0)
    for _ in range(repeats):
        tasks = made_tasks(rng, families, 3, 4, spread)
        drawn = fitted(tasks, family_draws(tasks.family, tasks.family))
        for success, true in zip(SUCCESSES, truth(spread), strict=True):
            found = log_lengths(*drawn, success)
            low, high = percentiles(found[~np.isnan(found)], families)
            held[success] += low <= true <= high
    return {success: count / repeats for success, count in held.items()}


def main(arguments: Iterable[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.horizons", description=__doc__)
    parser.add_argument("--repeats", type=int, default=500, help="samples of a cell")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    for families, spread in product((10, 20, 50), (0.0, 1.0)):
        shares = covered(asked.repeats, families, spread)
        told = ", ".join(f"at {100 * at:.0f}% {100 * share:.1f}%" for at, share in shares.items())
        print(f"{families:3d} families x 3 tasks x 4 trials, spread {spread}: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
