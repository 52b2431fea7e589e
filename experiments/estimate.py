"""What a sweep would take, before it runs: from a small simulated pilot, or from a recorded run.

A pilot plays a few trials of each cell on the simulated model. Its calls and tokens stand for those
of the model to be used, priced at that model's prices: an order of magnitude, not a promise.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from experiments.engine import load_engine
from experiments.spec import Limits
from experiments.sweep import Sweep, TaskCell, TopologyCell, specs
from experiments.sweep_grid import DEFAULT_MODEL
from results.journal import unpacked
from results.records import frame
from results.store import Run

PILOT_TRIALS = 2


@dataclass(frozen=True)
class CellEstimate:
    """One cell of the grid. `calls`, `tokens` and `dollars` are totals over its `trials`.

    Null where nothing is known: no price, or no such cell in the recorded run.
    """

    topology: str
    cell: str
    trials: int
    calls: float | None
    tokens: float | None
    dollars: float | None


@dataclass(frozen=True)
class Estimate:
    """The whole grid; `basis` says what the numbers rest on."""

    cells: tuple[CellEstimate, ...]
    basis: str

    def total(self, what: str) -> float | None:
        """The sum of `trials`, `calls`, `tokens` or `dollars`; null if any cell's is."""
        values: list[float | None] = [getattr(cell, what) for cell in self.cells]
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None


def from_pilot(sweep: Sweep, trials: int = PILOT_TRIALS, workers: int | None = None) -> Estimate:
    """An estimate from `trials` simulated trials of each cell."""
    simulated = {
        role: name if name.startswith("simulated:") else DEFAULT_MODEL
        for role, name in sweep.models.items()
    }
    pilot = replace(
        sweep,
        models=simulated,
        model_settings={},
        trials=1,
        cells=tuple(replace(cell, tasks=min(trials, cell.tasks)) for cell in sweep.cells),
        limits=Limits(model_calls=sweep.limits.model_calls),
        budgets=(),
    )
    planned = specs(pilot)
    engine = load_engine("pool")
    records = [unpacked(e.packed) for e in engine(iter(planned), workers or os.cpu_count() or 1)]
    rows = {
        name: frame(name, (row for record in records for row in record[name]))
        for name in ("trials", "steps")
    }
    steps = rows["steps"].filter(pl.col("kind") == "model")
    if not sweep.simulated:
        steps = _priced(steps, sweep.models)
    basis = (
        f"an estimate from a simulated pilot of {len(records)} trials; a real model may take "
        "several times as much or as little"
    )
    return _estimated(sweep, rows["trials"], steps, basis)


def from_run(sweep: Sweep, run: Run) -> Estimate:
    """An estimate from what the same cells took in a recorded run."""
    graded = run.trials.filter(pl.col("passed").is_not_null())
    steps = run.steps.filter(pl.col("kind") == "model")
    used = sorted(graded.get_column("models").unique().to_list())
    basis = f"an estimate from {graded.height} trials of {run.folder.name} ({', '.join(used)})"
    return _estimated(sweep, graded, steps, basis)


def _estimated(sweep: Sweep, trials: pl.DataFrame, steps: pl.DataFrame, basis: str) -> Estimate:
    used = steps.group_by("trial_id").agg(
        pl.len().alias("calls"),
        _known("prompt_tokens", "completion_tokens").alias("tokens"),
        _known("dollars").alias("dollars"),
    )
    each = trials.join(used, on="trial_id", how="left")
    return Estimate(
        tuple(
            _cell(each, topology, cell, cell.tasks * sweep.trials * max(1, len(sweep.budgets)))
            for topology in sweep.topologies
            for cell in sweep.cells
        ),
        basis,
    )


def _cell(each: pl.DataFrame, topology: TopologyCell, cell: TaskCell, trials: int) -> CellEstimate:
    """The means of the trials in this cell, times its trials."""
    mine = each.filter(
        (pl.col("topology") == topology.name)
        & (pl.col("task_set") == cell.task_set)
        & (pl.col("settings") == _settings(cell))
    )
    means = mine.select(
        pl.when(pl.col(name).null_count() == 0).then(pl.col(name).mean()).alias(name)
        for name in ("calls", "tokens", "dollars")
    )
    calls, tokens, dollars = (None,) * 3 if mine.is_empty() else means.row(0)
    return CellEstimate(
        topology.name,
        cell.label,
        trials,
        *(None if mean is None else mean * trials for mean in (calls, tokens, dollars)),
    )


def _settings(cell: TaskCell) -> str:
    return json.dumps(dict(cell.settings), sort_keys=True)


def _known(*columns: str) -> pl.Expr:
    """The sum over a trial's steps; null if any step lacks it."""
    each = pl.sum_horizontal(*columns, ignore_nulls=False)
    return pl.when(each.null_count() == 0).then(each.sum())


def _priced(steps: pl.DataFrame, models: Mapping[str, str]) -> pl.DataFrame:
    """The steps with the dollars that the sweep's own models would have asked for them."""
    from topologies.prices import Usage, price

    def dollars(row: dict[str, Any]) -> float | None:
        name = models.get(row["role"], models["default"]).partition(":")[2]
        usage = Usage(row["prompt_tokens"], row["cached_tokens"], row["completion_tokens"])
        return price(name, usage)[0]

    prices = [dollars(row) for row in steps.iter_rows(named=True)]
    return steps.with_columns(pl.Series("dollars", prices, dtype=pl.Float64))
