"""Several runs side by side, each topology paired by task where the runs did the same tasks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from results.questions.runs.unpaired import renamed, why_unpaired
from results.records import Graded
from results.refused import Refused
from results.simulation import simulation
from results.statistics.compare import compare
from results.statistics.consistency import group_columns
from results.statistics.summary import summary
from results.strata import cell_label, strata
from results.table import Row, Table, difference_columns, grouped
from results.text import markdown
from results.words import dollars, number, percent_interval

DEFAULT_K = 4


@dataclass(frozen=True)
class SideBySide:
    """The runs compared: `outcomes` a row for each run, topology and cell; `differences` to the
    first run; the same as `tables`; what to know as `notes`; all of it as `markdown`."""

    outcomes: pl.DataFrame
    differences: pl.DataFrame
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    markdown: str


def paired_runs(
    runs: dict[str, pl.DataFrame], topology: str, k: int, level: float = 0.95
) -> pl.DataFrame:
    """Runs of one topology compared to the first of them, by task: rows as of `compare`.

    `topology` names the later run in these rows; `compared` is the topology itself.
    """
    frames = [
        frame.filter(pl.col("topology") == topology).with_columns(pl.lit(name).alias("topology"))
        for name, frame in runs.items()
    ]
    together = pl.concat(frames, how="diagonal")
    first = next(iter(runs))
    by = common_strata(runs.values())
    return compare(together, first, by, ks=(k,), level=level).with_columns(
        pl.lit(topology).alias("compared")
    )


def common_strata(frames: Iterable[pl.DataFrame]) -> list[str]:
    """The settings that vary within a run; what only differs between runs is what is compared."""
    return list(dict.fromkeys(column for trials in frames for column in strata(trials)))


def compare_runs(
    runs: Sequence[Graded], k: int = DEFAULT_K, called: Sequence[str] = ()
) -> SideBySide:
    """Two or more runs beside each other; the first is what the others are compared to.

    Runs of one name are told apart by their place. `called` says which topology or task set of a
    run is which of the first, as in `results.questions.runs.unpaired.renamed`. `k` is cut to the
    trials that there are. Fewer than two runs, or a run without trials, is `Refused`.
    """
    if len(runs) < 2:
        raise Refused("a comparison takes at least two runs")
    if k < 1:
        raise Refused(f"k is {k}; it counts trials and must be at least 1")
    named = _named(runs)
    for name, run in named.items():
        if run.trials.is_empty():
            raise Refused(f"the run {name} has no trials yet")
    frames = renamed({name: run.trials for name, run in named.items()}, called)
    together = pl.concat(
        (trials.with_columns(pl.lit(name).alias("run")) for name, trials in frames.items()),
        how="diagonal",
    )
    by = common_strata(frames.values())
    most = together.group_by("run", "topology", *by, "task_set", "task").len().get_column("len")
    most_trials = int(str(most.max()))
    if k > most_trials and k != DEFAULT_K:
        raise Refused(f"k is {k}, but no task has more than {most_trials} trials")
    k = min(k, most_trials)
    outcomes = pl.concat(
        summary(trials, by, sorted({1, k})).with_columns(pl.lit(name).alias("run"))
        for (name,), trials in together.group_by(["run"], maintain_order=True)
    ).with_columns(cell_label(by))
    first = next(iter(frames))
    shared = [
        paired_runs({first: frames[first], name: trials}, topology, each)
        for name, trials in list(frames.items())[1:]
        for topology in sorted(set(frames[first]["topology"]) & set(trials["topology"]))
        for each in sorted({1, k})
    ]
    differences = pl.concat(shared, how="diagonal") if shared else pl.DataFrame()
    tables = [_outcomes(outcomes, by, k)]
    if not differences.is_empty():
        tables.append(_differences(differences, first))
    notes = _notes(named)
    for name, trials in list(frames.items())[1:]:
        pairs = differences.filter(pl.col("topology") == name) if shared else differences
        if not shared or not pairs.get_column("tasks").sum():
            notes.append(why_unpaired((first, frames[first]), (name, trials), by))
    return SideBySide(outcomes, differences, tuple(tables), tuple(notes), _markdown(tables, notes))


def _named(runs: Sequence[Graded]) -> dict[str, Graded]:
    names = [str(run.manifest.get("name", "run")) for run in runs]
    return {
        name if names.count(name) == 1 else f"{name} ({place})": run
        for place, (name, run) in enumerate(zip(names, runs, strict=True), start=1)
    }


def _outcomes(outcomes: pl.DataFrame, by: Sequence[str], k: int) -> Table:
    keys = [key for key in group_columns(by) if key != "topology"]

    def share(name: str) -> Callable[[Row], str]:
        return lambda row: percent_interval(row[name], row[f"{name}_low"], row[f"{name}_high"])

    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("run", lambda row: row["run"]),
        ("topology", lambda row: row["topology"]),
        ("tasks", lambda row: number(row["tasks"])),
        ("graded trials", lambda row: number(row["graded"])),
        ("passed", share("success")),
        *([(f"pass^{k}", share(f"pass_hat_{k}"))] if k > 1 else []),
        ("tokens per trial", lambda row: number(row["tokens"])),
        ("dollars per trial", lambda row: dollars(row["dollars"])),
        ("dollars per pass", lambda row: dollars(row["dollars_per_pass"])),
    ]
    ordered = outcomes.sort(*keys, "topology", nulls_last=True, maintain_order=True)
    return grouped(ordered, "Runs side by side", columns)


def _differences(differences: pl.DataFrame, first: str) -> Table:
    return grouped(
        differences.sort("cell", "compared", "k", maintain_order=True),
        f"Differences to {first}, paired by task",
        [
            ("run", lambda row: row["topology"]),
            ("topology", lambda row: row["compared"]),
            ("measure", lambda row: "passed" if row["k"] == 1 else f"pass^{row['k']}"),
            ("common tasks", lambda row: number(row["tasks"])),
            *difference_columns(),
        ],
        "Exploratory: these contrasts were not named before the runs, and each has an interval of "
        "its own. Tasks like these: base tasks are the sample. These tasks alone: their trials.",
    )


def _notes(named: Mapping[str, Graded]) -> list[str]:
    notes: list[str] = []
    for key, word in (("seed", "seeds"), ("corpora", "corpora")):
        values = [run.manifest.get(key) for run in named.values()]
        if any(value != values[0] for value in values):
            notes.append(
                f"The runs have different {word}: tasks of one id need not be the same work, and "
                "pairs are only as good as that."
            )
    words = {simulation(run.trials) for run in named.values()}
    if len(words) > 1:
        notes.append("Some of the runs are simulated and some are not: they do not compare.")
    elif words != {""}:
        notes.append(f"These runs are {words.pop()}: no evidence about any real model.")
    return notes


def _markdown(tables: Sequence[Table], notes: Sequence[str]) -> str:
    lines = [line for table in tables for line in table.markdown()]
    return "\n".join([*lines, "", *(f"- {markdown(note)}" for note in notes)]).strip() + "\n"
