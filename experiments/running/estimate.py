"""What a sweep would take, before it runs: from a small simulated pilot, or from a recorded run.

A pilot plays a few trials of each cell on the simulated model. Its calls and tokens stand for those
of the model to be used, priced at that model's prices: an order of magnitude, not a promise.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from experiments.engines.engine import load_engine
from experiments.running.runner import AT_ONCE
from experiments.sweeps.models_table import DEFAULT_MODEL
from experiments.sweeps.sweep import Sweep, TaskCell, TopologyCell, specs
from experiments.trials.roles import model_of
from experiments.trials.spec import Limits
from results.journal import Record, unpacked
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
    """The whole grid; `basis` says what the numbers rest on.

    `seconds` is about how long it would take by the clock on `workers` at once, null where that is
    not known. `unpriced` are the models whose price is not known, and where they are served.
    """

    cells: tuple[CellEstimate, ...]
    basis: str
    seconds: float | None = None
    workers: int = 1
    unpriced: tuple[str, ...] = ()

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
        role_settings={},
        trials=1,
        cells=tuple(replace(cell, tasks=min(trials, cell.tasks)) for cell in sweep.cells),
        limits=Limits(model_calls=sweep.limits.model_calls),
        budgets=(),
    )
    planned = specs(pilot)
    engine = load_engine("pool")
    records: list[Record] = []
    ended: list[float] = []
    for one in engine(iter(planned), workers or os.cpu_count() or 1):
        records.append(unpacked(one.packed))
        ended.append(time.monotonic())
    rows = {
        name: frame(name, (row for record in records for row in record[name]))
        for name in ("trials", "steps")
    }
    steps = rows["steps"].filter(pl.col("kind") == "model")
    unpriced: tuple[str, ...] = ()
    if not sweep.simulated:
        steps, unpriced = _priced(steps, sweep)
    basis = (
        f"an estimate from a simulated pilot of {len(records)} trials; a real model may take "
        "several times as much or as little"
    )
    found = _estimated(sweep, rows["trials"], steps, basis, workers)
    if sweep.simulated and len(ended) > 1:
        # From the first end on, so that starting the workers does not count.
        pace = (ended[-1] - ended[0]) / (len(ended) - 1)
        found = replace(found, seconds=pace * (found.total("trials") or 0))
    return replace(found, unpriced=unpriced)


def from_run(sweep: Sweep, run: Run, workers: int | None = None) -> Estimate:
    """An estimate from what the same cells took in a recorded run."""
    graded = run.trials.filter(pl.col("passed").is_not_null())
    steps = run.steps.filter(pl.col("kind") == "model")
    used = sorted(graded.get_column("models").drop_nulls().unique().to_list())
    basis = f"an estimate from {graded.height} trials of {run.folder.name} ({', '.join(used)})"
    unpriced: tuple[str, ...] = ()
    if not sweep.simulated and used != [json.dumps(dict(sweep.models), sort_keys=True)]:
        steps, unpriced = _priced(steps, sweep)
    found = replace(_estimated(sweep, graded, steps, basis, workers), unpriced=unpriced)
    # What a simulated trial takes by the clock is in no record.
    return replace(found, seconds=None) if sweep.simulated else found


def _estimated(
    sweep: Sweep, trials: pl.DataFrame, steps: pl.DataFrame, basis: str, workers: int | None
) -> Estimate:
    used = steps.group_by("trial_id").agg(
        pl.len().alias("calls"),
        _known("prompt_tokens", "completion_tokens").alias("tokens"),
        _known("dollars").alias("dollars"),
    )
    # What a trial took stands on its steps alone: those of a pilot are priced anew.
    each = trials.select("trial_id", "topology", "task_set", "settings", "seconds")
    each = each.join(used, on="trial_id", how="left")
    points = max(1, len(sweep.budgets)) * max(1, len(sweep.faults))
    planned = [
        (topology, cell, cell.tasks * sweep.trials * points)
        for topology in sweep.topologies
        for cell in sweep.cells
    ]
    cells = tuple(_cell(each, *one) for one in planned)
    lasted = [_mean(each, topology, cell, "seconds", many) for topology, cell, many in planned]
    found = Estimate(cells, basis, workers=workers or AT_ONCE)
    return replace(found, seconds=_by_the_clock(sweep, found, lasted))


def _by_the_clock(sweep: Sweep, found: Estimate, lasted: Sequence[float | None]) -> float | None:
    """How long trials that last so long take at once, and at least what the rates allow."""
    if None in lasted:
        return None
    least = [sum(seconds or 0 for seconds in lasted) / found.workers]
    for rate, what in (("requests_per_minute", "calls"), ("tokens_per_minute", "tokens")):
        most, amount = sweep.model_settings.get(rate), found.total(what)
        if most and amount is not None:
            least.append(60 * amount / most)
    return max(least)


def _cell(each: pl.DataFrame, topology: TopologyCell, cell: TaskCell, trials: int) -> CellEstimate:
    """The means of the trials in this cell, times its trials."""
    found = (_mean(each, topology, cell, name, trials) for name in ("calls", "tokens", "dollars"))
    return CellEstimate(topology.name, cell.label, trials, *found)


def _mean(
    each: pl.DataFrame, topology: TopologyCell, cell: TaskCell, name: str, trials: int
) -> float | None:
    mine = each.filter(
        (pl.col("topology") == topology.name)
        & (pl.col("task_set") == cell.task_set)
        & (pl.col("settings") == _settings(cell))
    ).get_column(name)
    return None if mine.is_empty() or mine.has_nulls() else float(mine.mean()) * trials  # pyright: ignore


def _settings(cell: TaskCell) -> str:
    return json.dumps(dict(cell.settings), sort_keys=True)


def _known(*columns: str) -> pl.Expr:
    """The sum over a trial's steps; null if any step lacks it."""
    each = pl.sum_horizontal(*columns, ignore_nulls=False)
    return pl.when(each.null_count() == 0).then(each.sum())


def _priced(steps: pl.DataFrame, sweep: Sweep) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The steps at the prices of the sweep's own models, and the models that have none."""
    from experiments.trials.charges import price_of
    from topologies.models.endpoints import shown
    from topologies.models.model import ModelSettings, make_model
    from topologies.models.prices import Usage

    asked: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for role in steps.get_column("role").unique().to_list():
        name, settings = model_of(sweep, role)
        model = make_model(name, ModelSettings(**settings))
        label = str(getattr(model, "model_name", None) or name.rpartition(":")[2])
        asked[role] = label, model.metadata or {}
    unpriced: dict[str, None] = {}

    def dollars(row: dict[str, Any]) -> float | None:
        name, known = asked[row["role"]]
        used = Usage(row["prompt_tokens"], row["cached_tokens"], row["completion_tokens"])
        found, _ = price_of(name, used, known, None)
        if found is None:
            unpriced[f"{name} at {shown(known.get('endpoint'))}"] = None
        return found

    prices = [dollars(row) for row in steps.iter_rows(named=True)]
    return steps.with_columns(pl.Series("dollars", prices, dtype=pl.Float64)), tuple(unpriced)
