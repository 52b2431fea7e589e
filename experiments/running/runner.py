"""Runs a sweep into a run folder: what is recorded stays, what is missing is run.

Resuming is a set difference: the trials of the sweep without those in the journal. Order in time is
drawn at random from the sweep's seed, so that drift of an endpoint hits all topologies alike and a
sweep that stops early is balanced.
"""

import json
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from experiments.engines.engine import Engine, load_engine
from experiments.refused import Refused
from experiments.running.manifest import endpoints_together, manifest_of, refuse_another
from experiments.running.progress import Tally, Watch, unwatched
from experiments.running.stopping import Stop
from experiments.sweeps.checks import check
from experiments.sweeps.sweep import Sweep, SweepLimits, specs
from experiments.trials.counted import Counted, counting
from experiments.trials.spec import TrialSpec
from results.infeasible import LEAST
from results.journal import Entry, Journal
from results.parquet import compact
from results.store import MANIFEST, RUNS, Run, open_run, read_manifest, write_manifest
from tasks.task import luck
from topologies.secrets import hidden

AT_ONCE = 8
"""Trials of a real model under way at once, unless asked otherwise."""


def run_sweep(
    sweep: Sweep,
    folder: Path | None = None,
    *,
    engine: str | None = None,
    workers: int | None = None,
    progress: Watch = unwatched,
    retry_crashed: bool = False,
    command: str | None = None,
    another_endpoint: bool = False,
) -> Run:
    """Run what is missing of a sweep, and open the run.

    `folder` defaults to results/runs/NAME. `engine` defaults to processes for simulated models and
    to one event loop for others, `workers` to the number of processors or to 8 trials at once.
    `Run.outcome` says whether it is complete or which limit of the sweep was reached.
    `retry_crashed` runs trials again that crashed. KeyboardInterrupt passes through, with
    all that ended kept. `Refused` for a sweep that cannot be, and for a folder that holds another.
    """
    check(sweep)
    folder = folder or RUNS / sweep.name
    manifest = manifest_of(sweep, command)
    claim(folder, manifest, another_endpoint=another_endpoint)
    _find_least_budgets(sweep, folder)
    plan = Plan(specs(sweep), sweep.seed, sweep.sweep_limits, sweep.simulated)
    return play(plan, folder, engine, workers, progress, retry_crashed)


@dataclass(frozen=True)
class Plan:
    """Trials in the order of their records, and what holds for all of them.

    They run in an order in time that is drawn from `seed`, or, with `in_order`, as they stand.
    """

    trials: Sequence[TrialSpec]
    seed: int
    limits: SweepLimits
    simulated: bool
    in_order: bool = False


def play(
    plan: Plan,
    folder: Path,
    engine: str | None = None,
    workers: int | None = None,
    progress: Watch = unwatched,
    retry_crashed: bool = False,
) -> Run:
    """Run what is missing of a plan in a folder that `claim` made its own, and open the run."""
    start = load_engine(engine or ("pool" if plan.simulated else "endpoint"))
    workers = workers or ((os.cpu_count() or 1) if plan.simulated else AT_ONCE)
    with Journal(folder, write=True) as journal:
        session = journal.begin(_now())
        outcome = "failed"
        try:
            outcome = _play(plan, journal, start, workers, progress, retry_crashed)
        except KeyboardInterrupt:
            outcome = "interrupted"
            raise
        except Exception as error:
            outcome = f"failed: {hidden(str(error) or repr(error)).splitlines()[-1]}"
            raise
        finally:
            journal.end(session, _now(), outcome)
        compact(folder)
    return open_run(folder)


def claim(folder: Path, manifest: dict[str, Any], *, another_endpoint: bool = False) -> None:
    """Make the folder this sweep's, or take up the run of it that is there.

    With `another_endpoint` that run may have been served elsewhere so far.

    `Refused` for a folder that holds something else.
    """
    manifest = json.loads(hidden(json.dumps(manifest, ensure_ascii=False)))
    if not (folder / MANIFEST).exists():
        # What begins with a dot is a draft of the manifest that was being written.
        if folder.exists() and any(not file.name.startswith(".") for file in folder.iterdir()):
            raise Refused(f"{folder} holds something that is not a run; choose another name")
        write_manifest(folder, manifest)
        return
    refuse_another(folder, manifest, another_endpoint=another_endpoint)
    there = read_manifest(folder)
    may_change = {key: manifest[key] for key in ("question", "sweep_limits", "sweep")}
    may_change["endpoints"] = endpoints_together(there, manifest)
    if there != there | may_change:
        write_manifest(folder, there | may_change)


def _find_least_budgets(sweep: Sweep, folder: Path) -> None:
    """Keep with the run below which budgets its trials say nothing; found once for a run."""
    there = read_manifest(folder)
    if sweep.budgets and LEAST not in there:
        from experiments.running.least_budget import least_budgets

        write_manifest(folder, there | {LEAST: least_budgets(sweep)})


def _play(
    plan: Plan,
    journal: Journal,
    engine: Engine,
    workers: int,
    progress: Watch,
    retry_crashed: bool,
) -> str:
    """Run what is missing; what came of it."""
    position = {spec.trial_id: place for place, spec in enumerate(plan.trials)}
    tally = Tally(total=len(plan.trials))
    newest: dict[str, Entry] = {}
    for past in journal.entries():
        tally.spend(past)
        newest[past.trial_id] = past
    for past in newest.values():
        if not (retry_crashed and past.ended == "crashed"):
            tally.finish(past)
    for left in journal.interrupted():
        tally.spend(left)
    tally.resumed = tally.done
    recorded = journal.ids(crashed=not retry_crashed)
    missing = [spec for spec in plan.trials if spec.trial_id not in recorded]
    if not plan.in_order:
        luck("order in time", plan.seed).shuffle(missing)
    if not plan.simulated:
        from experiments.trials.recorder import Recorder

        before = Recorder.asked
        tally.calls = lambda: Recorder.asked - before
    progress(tally)
    stop = Stop(plan.limits, tally, workers)
    counted = Counted(journal, tally.call)
    with counting(counted), closing(engine(stop.until(missing), workers)) as ended:
        for entry in ended:
            counted.write()
            journal.add(position[entry.trial_id], entry)
            tally.spend(entry)
            tally.finish(entry)
            stop.see(entry)
            progress(tally)
            if stop.dead:
                break
    return "complete" if tally.done == tally.total else stop.reason or ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
