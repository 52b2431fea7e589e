"""How often the intervals of the long run hold what they say: `python -m tests.bench.long_run`.

Trials are made of a law that is known (Weibull's, in whole steps) and of tasks of many lengths;
counted is how often the 95% interval holds the true half-life, the length at 90%, the share that
has failed by 20 steps, and the shape. Nothing here is tuned: what is, is printed.
"""

import argparse
import sys
from collections.abc import Iterable
from itertools import product

import numpy as np

from results.resilience.laws import Spans, climb, fit

HALF = 30.0
BY = 20


def made_spans(
    rng: np.random.Generator, tasks: int, trials: int, half: float, shape: float, dated: bool
) -> Spans:
    """Trials of tasks of 5 to 60 steps under the law; what is not dated shows at the end alone."""
    units = np.repeat(np.arange(tasks), trials)
    lengths = rng.integers(5, 61, size=tasks)[units].astype(np.float64)
    fell = np.ceil(half * (-np.log2(rng.uniform(size=units.size))) ** (1 / shape))
    failed = fell <= lengths
    known = failed & dated
    after = np.where(known, fell - 1, 0.0)
    return Spans(after, np.where(known, fell, lengths), failed, units)


def covered(
    repeats: int, shape: float, dated: bool, tasks: int = 30, trials: int = 4, seed: int = 1
) -> dict[str, float]:
    """What is measured to the share of samples whose interval holds the truth.

    A sample in which the records do not tell counts as one that does not hold it.
    """
    rng = np.random.default_rng([seed, tasks, trials, int(10 * shape), dated])
    names = ("half-life", "length at 90%", "failed by 20", "shape")
    truths = dict(zip(names, _truths(shape), strict=True))
    held = dict.fromkeys(names, 0)
    for _ in range(repeats):
        seen = made_spans(rng, tasks, trials, HALF, shape, dated)
        constant, free = fit(seen, constant=True), fit(seen, constant=False)
        law = constant if shape == 1 else free
        if law is None or free is None or constant is None:
            continue
        test = climb(seen, free, constant)
        ends = (law.length_within(0.5), law.length_within(0.9), law.failed_within(BY))
        for name, end in zip(names, (*ends, (test.low, test.high)), strict=True):
            held[name] += end is not None and end[0] <= truths[name] <= end[1]
    return {name: count / repeats for name, count in held.items()}


def _truths(shape: float) -> tuple[float, float, float, float]:
    length = HALF * (np.log(0.9) / np.log(0.5)) ** (1 / shape)
    return HALF, float(length), float(1 - 2 ** -((BY / HALF) ** shape)), shape


def main(arguments: Iterable[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.long_run", description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000, help="samples of a cell")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    for tasks, shape, dated in product((12, 30, 100), (0.6, 1.0, 1.6), (True, False)):
        shares = covered(asked.repeats, shape, dated, tasks)
        told = ", ".join(f"{name} {100 * share:.1f}%" for name, share in shares.items())
        how = "dated" if dated else "at the end"
        print(f"{tasks:4d} tasks x 4, shape {shape}, failures {how:10}: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
