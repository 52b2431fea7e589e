"""What holds for all of a report: how its numbers were made, and what they cannot show."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from results.infeasible import ungraded
from results.simulation import simulation
from results.statistics.consistency import CRASHES, lost
from results.strata import strata
from results.usage import unknown_usage
from results.withheld import withheld_in
from results.words import many

SIMULATED = (
    "Simulated runs show that the instrument works and what would have to be true; they are no "
    "evidence about any real model."
)


def method(
    trials: pl.DataFrame, reference: str, comparison: pl.DataFrame, crashed: str = "drop"
) -> Iterator[tuple[str, str]]:
    """Name and text of each part of the method, for the trials and comparison at hand."""
    yield (
        "Grading",
        f"{_graded_by(trials)} A false claim is a trial that said done and had not passed. Cost "
        "per pass is what all graded trials took over the trials that passed.",
    )
    yield (
        "Estimators",
        "With c of n graded trials of a task passed, pass^k is C(c,k)/C(n,k) and pass@k is "
        "1 - C(n-c,k)/C(n,k), both unbiased and undefined where k is above n; over tasks each "
        "task weighs the same. Passed is pass^1. On tasks that write, pass@k assumes that what a "
        "failed try wrote is rolled back before the next.",
    )
    yield (
        "Crashed trials",
        f"{lost(trials) or f'0 of {trials.height} trials crashed'}. A crash is not a failure. "
        "Convention used: "
        f"{crashed} ({CRASHES[crashed]}). Costs are over graded trials.",
    )
    yield (
        "Intervals",
        "All are 95%, but for those of differences and verdicts, which hold together: a claim has "
        "one interval, of the level that is named beside it. Pass^k: equal-tailed "
        "posterior of E[p^k] under a beta-binomial model of tasks, flat on the mean and on the "
        "intra-class correlation, half of the prior allowing a share of hopeless or of certain "
        "tasks beside them. It reaches to the estimate: where nothing or all passed, 0 or 100% is "
        "an end of it. Settings of one base task count together as one task. An "
        "interval of p is never raised to the power k.",
    )
    if not comparison.is_empty():
        yield from _compared(trials, reference)
    encodings = trials.get_column("encoding").drop_nulls().unique().sort().to_list()
    yield (
        "Tokens",
        f"Counted with {', '.join(encodings) or 'an unknown encoding'}. Prompt includes cached, "
        "completion includes reasoning. Counts of different encodings are never added or "
        "compared. A mean is given only when every graded trial has the count.",
    )
    yield (
        "Dollars",
        "Cached input at its own price; uncached is the same usage as if nothing had been cached. "
        "The two can disagree about which topology is cheaper. Unknown prices stay unknown.",
    )


def _graded_by(trials: pl.DataFrame) -> str:
    if trials.get_column("kit").is_null().all():
        return "Whether a trial passed was decided by the harness that recorded it."
    return (
        "A trial passes when the final state of the world (and, for questions, the submitted "
        "answer) is right, whatever the agent says."
    )


def _compared(trials: pl.DataFrame, reference: str) -> Iterator[tuple[str, str]]:
    yield (
        "Comparisons",
        f"Every topology is compared to {reference} on the tasks both did. The unit is the base "
        "task: Student's t on its unbiased differences with one degree of freedom less than "
        "tasks. Where a few tasks carry the whole difference that interval is too narrow, and is "
        "widened to what the posteriors of both sides allow, put together with the correlation of "
        "the tasks (Newcombe). Fewer than 2 tasks give no interval for tasks like these. "
        "For these tasks alone the trials are the sample: each side's posterior of mean p^k over "
        "these tasks, put together in the same way. How well all intervals cover is printed by "
        "`python -m tests.bench.coverage`.",
    )
    pairing = (
        "In simulation the luck of the work is shared by topologies trial by trial; "
        if trials.get_column("simulated").any()
        else ""
    )
    said = f"{pairing}with a real model only the task is shared. Both pair by task."
    yield ("Pairing", said[0].upper() + said[1:])


def limits(manifest: Mapping[str, Any], simulated: bool) -> Iterator[str]:
    """What this run cannot show."""
    if simulated:
        yield (
            "The model is simulated. Its errors follow declared parameters, for one setting of "
            "them here: nothing in this report is evidence about any real model."
        )
        yield "Seconds are simulated: they follow the declared latencies, not a clock."
    yield (
        "The runs are imported as another harness recorded them: how its tasks were chosen and its "
        "trials were run is not known here. Intervals speak of more tasks like these, not of other "
        "work."
        if manifest.get("imported")
        else "Tasks are generated from a few families of work. Intervals speak of more tasks of "
        "the same families at the same settings, not of other work."
    )
    yield (
        "An interval of a difference that includes 0 does not show that two topologies are equal, "
        "only that these trials cannot tell them apart."
    )
    reached: dict[str, Any] = manifest.get("limits") or {}
    if reached:
        text = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in reached.items())
        yield f"Trials were cut off at these limits and graded as they stood: {text}."


def unfinished(trials: pl.DataFrame, manifest: Mapping[str, Any]) -> list[str]:
    """What is said of a run that has not all of its trials."""
    planned = manifest.get("planned")
    if planned is None or trials.height >= planned:
        return []
    return [
        f"This run is not complete: {trials.height} of {planned} planned trials are recorded. The "
        "missing ones need not be like the others."
    ]


def caveats(
    trials: pl.DataFrame, by: Sequence[str] | None = None, crashed: str = "drop"
) -> list[str]:
    """What holds for everything said about these trials: simulation, pairing, counts, crashes.

    `by` are the settings that tell cells apart: those that vary, if it is not said.
    """
    found: list[str] = []
    simulated = trials.get_column("simulated").fill_null(False)
    if simulated.any():
        models = trials.filter(simulated).get_column("model").drop_nulls().unique().sort()
        how = "All of these runs are simulated"
        if simulation(trials) == "partly simulated":
            some = "Some of these runs are simulated"
            how = "These runs are partly simulated" if simulated.all() else some
        found.append(
            f"{how}. {SIMULATED} They "
            f"hold for {', '.join(models)} as set here; other settings can turn them round."
        )
    if not simulated.all() and trials.get_column("topology").n_unique() > 1:
        found.append(
            "With a real model, topologies are paired by task only: trials of the same "
            "number share no luck."
        )
    found += unknown_usage(trials)
    encodings = sorted(trials.get_column("encoding").drop_nulls().unique().to_list())
    if len(encodings) > 1:
        found.append(
            f"Tokens were counted in {len(encodings)} ways ({', '.join(encodings)}); counts made "
            "in different ways are neither added nor compared."
        )
    beyond = int(trials.get_column("infeasible").fill_null(False).sum())
    found += [one.sentence for one in withheld_in(trials, strata(trials) if by is None else by)]
    noted = trials.drop_nulls("usage_note").get_column("usage_note")
    if noted.len():
        said = noted.value_counts(sort=True).row(0)
        found.append(
            f"What {noted.len()} of {trials.height} trials used is not known in full (such as: "
            f"{said[0]}); it is null, never a guess."
        )
    unsure = trials.filter(pl.col("ambiguous_calls") > 0)
    if unsure.height:
        names = ", ".join(unsure.get_column("topology").unique().sort())
        found.append(
            f"Which agent made {unsure.get_column('ambiguous_calls').sum()} calls in "
            f"{many(unsure.height, 'trial')} of {names} could not be told: they count for the "
            "trial and for no agent, and isolation anomalies are not looked for in those trials."
        )
    unjudged = ungraded(trials)
    if unjudged:
        found.append(
            f"{unjudged} of {trials.height} trials are not graded: they are in no rate, cost or "
            "difference, only in what needs no grade (`fanout profile`, conflicts)."
        )
    if beyond:
        found.append(
            f"{beyond} of {trials.height} trials had a budget that is not enough for all of the "
            "tasks even without an error: they are left out, whatever came of them, and are no "
            "failures."
        )
    if lost(trials):
        found.append(f"{lost(trials)}: {CRASHES[crashed]}.")
    return found
