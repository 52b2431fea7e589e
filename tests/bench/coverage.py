"""How often the intervals hold what they say: `python -m tests.bench.coverage`.

Truths are the populations of `results.statistics.populations`; each cell draws many samples from
one and counts how often the 95% interval holds the true value. The A/A table gives one topology two
names and counts how often a difference is found. Nothing here is tuned: what is, is printed.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from multiprocessing import get_context
from typing import Any

import numpy as np
import polars as pl

from results.records import frame
from results.statistics.compare import compare
from results.statistics.differences import all_pass, paired_difference
from results.statistics.intervals import clopper_pearson
from results.statistics.on_these import difference_on_these
from results.statistics.populations import Population, paired_ranks
from results.statistics.posterior import grid, log_likelihood
from tests.bench.populations import POPULATIONS, share_below

TASKS = (12, 20, 50, 115)
TRIALS = (4, 8)
BAND = (0.92, 0.98)
FLOOR = 0.88
FALSE_POSITIVES = 0.065

PAIRS = ((0.1, 0.3), (0.5, 0.7), (0.7, 0.7), (0.7, 0.9), (0.9, 0.97), (0.97, 0.97))
PAIR_ICCS = (0.15, 0.7)
ALIKE = 0.5

Cell = dict[str, Any]


def pass_k_cell(truth: Population, tasks: int, trials: int, repeats: int, seed: int) -> list[Cell]:
    """Coverage of the posterior interval of pass^k for each k up to `trials`.

    One row a k: truth, tasks, trials, k, `value` (the truth), `covered`, and the shares of
    intervals that lie wholly `above` or `below` the truth.
    """
    rng = np.random.default_rng([seed, tasks, trials, POPULATIONS.index(truth)])
    passes = truth.draw(rng, (repeats, tasks), trials)
    counts = np.stack([(passes == c).sum(axis=1) for c in range(trials + 1)], axis=1)
    samples, times = np.unique(counts, axis=0, return_counts=True)
    likelihood = np.stack([log_likelihood(c, trials) for c in range(trials + 1)])
    ks = range(1, trials + 1)
    below = np.stack([share_below(k, truth.pass_k(k)) for k in ks], axis=1)
    prior = grid().log_prior
    shares: list[Any] = []
    for part in np.array_split(samples, max(1, len(samples) // 50)):
        weight = part @ likelihood + prior
        weight -= weight.max(axis=1, keepdims=True)
        np.exp(weight, out=weight)
        shares.append((weight @ below) / weight.sum(axis=1, keepdims=True))
    under = np.concatenate(shares)
    passed = np.stack([all_pass(np.arange(trials + 1), np.array(trials), k) for k in ks], axis=1)
    estimates = samples @ passed / tasks
    # An interval reaches to its estimate, so it leaves out only what lies beyond both.
    values = np.array([truth.pass_k(k) for k in ks])
    too_high = times @ ((under < 0.025) & (values < estimates)) / repeats
    too_low = times @ ((under > 0.975) & (values > estimates)) / repeats
    return [
        {
            "truth": truth.label,
            "tasks": tasks,
            "trials": trials,
            "k": k,
            "value": truth.pass_k(k),
            "covered": float(1 - too_high[k - 1] - too_low[k - 1]),
            "above": float(too_high[k - 1]),
            "below": float(too_low[k - 1]),
        }
        for k in ks
    ]


def difference_cell(
    rates: tuple[float, float], icc: float, tasks: int, trials: int, repeats: int, seed: int
) -> list[Cell]:
    """Coverage of the paired interval where half of the tasks are as hard for both topologies.

    One row for each k of 1 and `trials`; `settled` is the share of intervals that leave out 0.
    """
    key = [seed, tasks, trials, PAIRS.index(rates), PAIR_ICCS.index(icc)]
    rng = np.random.default_rng(key)
    sides = [Population("", rate, icc) for rate in rates]
    ranks = paired_ranks(rng, (repeats, tasks), ALIKE)
    passes = [rng.binomial(trials, side.at(rank)) for side, rank in zip(sides, ranks, strict=True)]
    n, units = np.full(tasks, trials), np.arange(tasks)
    rows: list[Cell] = []
    for k in (1, trials):
        truth = sides[1].pass_k(k) - sides[0].pass_k(k)
        held = settled = 0
        for base, other in zip(*passes, strict=True):
            found = paired_difference((other, n), (base, n), units, k)
            low, high = found.low, found.high
            if low is not None and high is not None:
                held += low <= truth <= high
                settled += low > 0 or high < 0
        label = f"{rates[0]:.2f} to {rates[1]:.2f}, ICC {icc:.2f}"
        rows.append(
            {"truth": label, "tasks": tasks, "trials": trials, "k": k, "value": truth}
            | {"covered": held / repeats, "settled": settled / repeats}
        )
    return rows


def these_cell(
    rates: tuple[float, float], icc: float, tasks: int, trials: int, repeats: int, seed: int
) -> list[Cell]:
    """Coverage of the difference on these tasks alone; the tasks of each sample are the truth.

    Rows as in `difference_cell`, for each k of 1 and 4.
    """
    key = [seed, tasks, trials, PAIRS.index(rates), PAIR_ICCS.index(icc), 1]
    rng = np.random.default_rng(key)
    sides = [Population("", rate, icc) for rate in rates]
    n, units = np.full(tasks, trials), np.arange(tasks)
    held, settled = dict.fromkeys((1, 4), 0), dict.fromkeys((1, 4), 0)
    for _ in range(repeats):
        ranks = paired_ranks(rng, (tasks,), ALIKE)
        base, other = (side.at(rank) for side, rank in zip(sides, ranks, strict=True))
        passes = [rng.binomial(trials, chance) for chance in (other, base)]
        for k in held:
            found = difference_on_these((passes[0], n), (passes[1], n), units, k)
            truth = float((other**k - base**k).mean())
            if found.low is not None and found.high is not None:
                held[k] += found.low <= truth <= found.high
                settled[k] += found.low > 0 or found.high < 0
    label = f"{rates[0]:.2f} to {rates[1]:.2f}, ICC {icc:.2f}"
    return [
        {"truth": label, "tasks": tasks, "trials": trials, "k": k, "value": None}
        | {"covered": held[k] / repeats, "settled": settled[k] / repeats}
        for k in held
    ]


def pass_k_table(
    repeats: int,
    seed: int = 1,
    truths: Sequence[Population] = POPULATIONS,
    tasks: Sequence[int] = TASKS,
    trials: Sequence[int] = TRIALS,
    processes: int = 1,
) -> pl.DataFrame:
    """Every cell of truths x tasks x trials x k; see `pass_k_cell`."""
    grid_of = [(*cell, repeats, seed) for cell in product(truths, tasks, trials)]
    return pl.DataFrame(_all(pass_k_cell, grid_of, processes))


def difference_table(
    repeats: int,
    seed: int = 1,
    pairs: Sequence[tuple[float, float]] = PAIRS,
    tasks: Sequence[int] = TASKS,
    trials: Sequence[int] = TRIALS,
    processes: int = 1,
) -> pl.DataFrame:
    """Every cell of pairs of rates x ICC x tasks x trials; see `difference_cell`."""
    grid_of = [(*cell, repeats, seed) for cell in product(pairs, PAIR_ICCS, tasks, trials)]
    return pl.DataFrame(_all(difference_cell, grid_of, processes))


def these_table(
    repeats: int,
    seed: int = 1,
    pairs: Sequence[tuple[float, float]] = PAIRS,
    tasks: Sequence[int] = (1, *TASKS[:2]),
    trials: Sequence[int] = (*TRIALS, 20),
    processes: int = 1,
) -> pl.DataFrame:
    """Every cell of pairs of rates x ICC x tasks x trials; see `these_cell`."""
    grid_of = [(*cell, repeats, seed) for cell in product(pairs, PAIR_ICCS, tasks, trials)]
    return pl.DataFrame(_all(these_cell, grid_of, processes))


def _all(cell: Any, grid_of: list[Any], processes: int) -> list[Cell]:
    if processes <= 1:
        return [row for arguments in grid_of for row in cell(*arguments)]
    with get_context("spawn").Pool(processes) as pool:
        return [row for rows in pool.starmap(cell, grid_of, chunksize=4) for row in rows]


def same_under_two_names(
    sweeps: int, tasks: int = 20, trials: int = 8, seed: int = 1
) -> pl.DataFrame:
    """Trials of `sweeps` sweeps in each of which two names stand for one topology.

    Each sweep draws its tasks from the next of POPULATIONS; both names then try the same tasks,
    each with luck of its own.
    """
    rng = np.random.default_rng([seed, sweeps, tasks, trials])
    rows: list[Cell] = []
    for sweep in range(sweeps):
        chance = POPULATIONS[sweep % len(POPULATIONS)].at(rng.uniform(size=tasks))
        for name in ("single_thread", "again"):
            passed = rng.uniform(size=(tasks, trials)) < chance[:, None]
            rows += [
                {"sweep": f"{sweep:04d}", "topology": name, "task_set": "made", "task": f"{task}"}
                | {"trial": trial, "passed": bool(passed[task, trial]), "simulated": True}
                for task in range(tasks)
                for trial in range(trials)
            ]
    return frame("trials", rows)


def false_positives(comparison: pl.DataFrame) -> pl.DataFrame:
    """How many rows of an A/A comparison found a difference, one row a k.

    Columns: k, `compared`, `found` (the interval leaves out 0), `rate`, and the `low` and `high`
    limits (95%, Clopper-Pearson) of that rate. Rows without an interval do not count.
    """
    settled = (pl.col("low") > 0) | (pl.col("high") < 0)
    counts = (
        comparison.filter(pl.col("low").is_not_null())
        .group_by("k")
        .agg(pl.len().alias("compared"), settled.sum().alias("found"))
        .sort("k")
    )
    limits = [clopper_pearson(found, of) or (0.0, 1.0) for _, of, found in counts.iter_rows()]
    return counts.with_columns(
        (pl.col("found") / pl.col("compared")).alias("rate"),
        pl.Series("low", [low for low, _ in limits], dtype=pl.Float64),
        pl.Series("high", [high for _, high in limits], dtype=pl.Float64),
    )


def in_words(cells: pl.DataFrame) -> str:
    """How many cells hold their nominal 95%, in a line."""
    covered = cells.get_column("covered")
    share = covered.is_between(*BAND).mean()
    return (
        f"{covered.len()} cells: {100 * float(str(share)):.1f}% between {100 * BAND[0]:.0f} and "
        f"{100 * BAND[1]:.0f}%, lowest {100 * float(str(covered.min())):.1f}%, "
        f"{(covered < FLOOR).sum()} below {100 * FLOOR:.0f}%"
    )


def lines(cells: pl.DataFrame) -> Iterator[str]:
    """The table of all cells: a line for each truth and number of tasks, a column for each k."""
    columns = cells.select("trials", "k").unique().sort("trials", "k").rows()
    width = max(len(str(truth)) for truth in cells.get_column("truth"))
    yield f"{'truth':{width}}  tasks  " + " ".join(f"{n}t k{k}" for n, k in columns)
    for (truth, tasks), rows in cells.group_by("truth", "tasks", maintain_order=True):
        covered = {(row["trials"], row["k"]): row["covered"] for row in rows.to_dicts()}
        shown = (f"{100 * covered[at]:5.1f}" if at in covered else "    -" for at in columns)
        yield f"{truth:{width}}  {tasks:5d}  " + " ".join(shown)


def main(arguments: Iterable[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.coverage", description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000, help="samples of a pass^k cell")
    parser.add_argument("--pairs", type=int, default=200, help="samples of a difference cell")
    parser.add_argument("--sweeps", type=int, default=1000, help="A/A sweeps")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args(None if arguments is None else list(arguments))
    cells = pass_k_table(asked.repeats, processes=asked.processes)
    print(f"Coverage in % of the 95% interval of pass^k, {asked.repeats} samples a cell")
    print(*lines(cells), in_words(cells), sep="\n", end="\n\n")
    pairs = difference_table(asked.pairs, processes=asked.processes)
    print(f"Coverage in % of the 95% interval of a paired difference, {asked.pairs} samples a cell")
    print(*lines(pairs), in_words(pairs), sep="\n", end="\n\n")
    these = these_table(asked.pairs, processes=asked.processes)
    print(f"The same for these tasks alone, {asked.pairs} samples a cell")
    print(*lines(these), in_words(these), sep="\n", end="\n\n")
    aa = false_positives(compare(same_under_two_names(asked.sweeps), by=["sweep"], ks=(1, 4)))
    print(f"One topology under two names, {asked.sweeps} sweeps of 20 tasks x 8 trials")
    for row in aa.iter_rows(named=True):
        print(
            f"pass^{row['k']}: a difference was found in {row['found']} of {row['compared']} "
            f"({100 * row['rate']:.1f}%; at most {100 * row['high']:.1f}% by upper bound, aim "
            f"{100 * FALSE_POSITIVES:.1f}%)"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
