"""How well `fanout profile` infers dependencies, on the kit's own task sets where they are known.

    python -m tests.bench.dependencies

Single-thread trials by simulated workers, on tasks and seeds by which no rule was made. Two tables:
precision and recall of the dependencies, and the bound on speed-up that follows from them beside
the true one, with the share of trials where the inferred bound is more than a hundredth above or
below it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from experiments.loading import load_task_set, topology_named
from experiments.printed.output import columns
from experiments.trials.spec import Limits, TrialSpec
from experiments.trials.trial import run_trial
from results.questions.gain.inference import dependencies_frame, infer
from results.records import SCHEMAS, frame
from tasks.task import settings_of
from tests.bench.dependency_accuracy import bound_accuracy, dependency_accuracy
from tests.bench.dependency_truth import ENDING, Frames, Row, true_dependencies

CELLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("stdlib", {"width": 8}),
    ("ledger", {"width": 4}),
    ("orders", {"width": 8, "coupling": 0.5, "style": "atomic"}),
    ("orders", {"width": 8, "coupling": 0.5, "style": "crud"}),
)
PROFILES = ("perfect", "typical")
SEEDS = (11, 12)
"""Not among the seeds 0 to 5 by which the inference was made; so are the held-out tasks."""

TASKS = 12
CLOSE = 1.01
"""Bounds within this factor of each other are alike."""


def recorded(task_set: str, settings: Mapping[str, Any], model: str) -> Frames:
    """Single-thread trials of one cell on held-out tasks, as frames."""
    path, factors = topology_named("single_thread")
    chosen = settings_of(load_task_set(task_set), dict(settings))
    rows: dict[str, list[Row]] = {name: [] for name in SCHEMAS}
    for seed in SEEDS:
        for index in range(TASKS):
            spec = TrialSpec(
                sweep=f"dependencies-{seed}",
                sweep_seed=seed,
                topology="single_thread",
                build=path,
                topology_settings=factors,
                task_set=task_set,
                settings=chosen,
                split="held_out",
                index=index,
                trial=0,
                models={"default": f"simulated:{model}"},
                limits=Limits(),
            )
            for name, new in run_trial(spec).items():
                rows[name] += new
    return {name: frame(name, own) for name, own in rows.items()}


def measured(frames: Frames) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What was inferred of single-thread trials beside what is true, without what hands in.

    Frames as `dependency_accuracy` and `bound_accuracy` have them.
    """
    inferred = dependencies_frame(infer(frames["trials"], frames["steps"], frames["accesses"]))
    calls = frames["steps"].filter(pl.col("kind") == "tool", pl.col("tool") != ENDING)
    ends = calls.select("trial_id", to_step="step")
    kept = inferred.join(ends, on=["trial_id", "to_step"], how="semi")
    true = true_dependencies(frames)
    return dependency_accuracy(kept, true), bound_accuracy(calls, kept, true)


def accuracy_rows(accuracy: pl.DataFrame) -> Iterator[list[str]]:
    """What to print of the precision and recall of one cell."""
    for row in accuracy.iter_rows(named=True):
        # A kind alone has no recall: the others may find what it does not.
        recall = row["recall"] if row["kind"] == "all" else None
        shares = ["-" if share is None else f"{share:.3f}" for share in (row["precision"], recall)]
        counts = [f"{row['inferred']:,}", f"{row['true']:,}"]
        yield [row["compared"], row["kind"], *counts, *shares]


def bound_row(bounds: pl.DataFrame) -> list[str]:
    """What to print of the bounds on speed-up of one cell: means over trials, and shares."""
    ratio = pl.col("inferred") / pl.col("true")
    found = bounds.select("true", "inferred", above=ratio > CLOSE, below=ratio < 1 / CLOSE)
    true, inferred, above, below = found.mean().row(0)
    return [f"{found.height}", f"{true:.2f}x", f"{inferred:.2f}x", f"{above:.0%}", f"{below:.0%}"]


def main() -> None:
    """Print both tables."""
    accuracy = [
        ["task set", "profile", "compared", "kind", "inferred", "true", "precision", "recall"]
    ]
    bounds = [["task set", "profile", "trials", "true", "inferred", "above", "below"]]
    for task_set, settings in CELLS:
        name = " ".join([task_set, str(settings.get("style", ""))]).strip()
        for model in PROFILES:
            pairs, speed_ups = measured(recorded(task_set, settings, model))
            accuracy += [[name, model, *row] for row in accuracy_rows(pairs)]
            bounds.append([name, model, *bound_row(speed_ups)])
    print("Dependencies of one call on another, simulated\n")
    print("\n".join(columns(accuracy, indent="")))
    print("\nThe bound on speed-up that follows, simulated\n")
    print("\n".join(columns(bounds, indent="")))


if __name__ == "__main__":
    main()
