"""A profile in words: is fan-out worth a trial, for which part, and why not."""

from collections import Counter
from typing import Any

import polars as pl

from results.questions.gain.profile import VERDICTS, WORTHWHILE, ProfileResult

MISSES = (
    "Dependencies are inferred from values and resources. Not seen: a call made because of what a "
    "reply said, with no value in common; values computed from replies; state nobody declared. So "
    "the bounds are too high where such dependencies exist.",
    "Seen too much: values that two replies hold by chance, and orders that were never needed. "
    "Where the true dependencies are known, measure both with `dependency_accuracy`.",
    "A run shows one way to do the task. Whether subagents would do their parts as well, and "
    "whether shorter conversations would make fewer errors, only a trial shows.",
)
"""What the inference can miss; it belongs beside every number."""

MOST_NAMED = 6


def profile_sentences(result: ProfileResult) -> list[str]:
    """What can be said over all runs, most important first; the last ones are MISSES."""
    told = [
        _conclusion(result),
        _which(result),
        _bounds(result),
        _splits(result),
        _writes(result),
        _choices(result),
        _briefs(result),
        _cost(result),
        _scope(result),
    ]
    return [sentence for sentence in told if sentence] + list(MISSES)


def task_sentences(result: ProfileResult) -> list[str]:
    """One sentence a task: worth a trial or not, and why."""
    return [_task(row) for row in result.per_task.iter_rows(named=True)]


def _conclusion(result: ProfileResult) -> str:
    counts: dict[str, int] = result.overall["verdicts"]
    runs = result.overall["runs"]
    said = [f"{VERDICTS[name]}: {counts[name]}" for name in VERDICTS if name in counts]
    return f"Of {_many(runs, 'run')} by one agent, fan-out is {'; '.join(said)}."


def _which(result: ProfileResult) -> str:
    """Which tasks, and what their subagents would do."""
    worth = result.per_task.filter(pl.col("verdict").is_in(WORTHWHILE))
    if worth.is_empty():
        return "No task is worth a trial by the middle of its runs."
    tasks = worth.get_column("task").to_list()
    ids = result.per_run.filter(pl.col("verdict").is_in(WORTHWHILE)).select("trial_id")
    parts = result.parts.join(ids, on="trial_id", how="semi")
    tools = Counter(tool for row in parts.get_column("tools").to_list() for tool in row)
    total = sum(tools.values())
    share = ", ".join(f"{tool} ({n / total:.0%})" for tool, n in tools.most_common(4))
    return (
        f"Worth a trial for {_named(tasks, 'task')}. What subagents would do in the runs that are "
        f"worth it: {share}."
    )


def _bounds(result: ProfileResult) -> str:
    overall, middle = result.overall, result.overall["medians"]
    _, half, upper = overall["bound_quartiles"]
    off = (pl.col("bound") - half).abs()
    near = result.per_run.sort(off, "trial_id").row(0, named=True)
    text = (
        f"With any number of agents and no cost of handing over, no schedule could make half of "
        f"the runs more than {half:.2f} times as fast (a quarter {upper:.2f} or more, the most "
        f"{overall['bound_most']:.2f}): in a run in the middle {near['path']:.0f} of "
        f"{_many(near['steps'], 'step')} wait for one another."
    )
    if result.per_run.select((pl.col("steps") < pl.col("calls")).any()).item():
        text += " Calls of one message are one step, for they were made at once already."
    if middle["bound_seconds"] is not None:
        text += f" Counted in seconds the middle bound is {middle['bound_seconds']:.2f}."
    if middle["bound_told_all"] is not None:
        text += (
            f" Words with the user are kept in order; had all of them been said at the start, it "
            f"would be {middle['bound_told_all']:.2f}."
        )
    return text


def _splits(result: ProfileResult) -> str:
    overall, runs = result.overall, result.per_run
    worth = overall["worth_from"]
    natural = runs.filter(pl.col("natural_speed_up") >= worth).height
    text = (
        f"Split among up to {overall['agents']} subagents at a time, handing over counted as two "
        f"calls and nobody erring, {natural} of {_many(runs.height, 'run')} could at best be "
        f"{worth} times as fast or more"
    )
    if not overall["writes_known"]:
        return f"{text}; whether they would share what they write is not known for all runs."
    safe = runs.filter(pl.col("safe_speed_up") >= worth).height
    if safe == natural:
        return f"{text}, without sharing anything they write."
    return f"{text}, and {safe} without sharing anything they write."


def _writes(result: ProfileResult) -> str:
    shared = result.shared
    known = result.per_run.filter(pl.col("writes").is_not_null())
    if known.is_empty():
        return (
            "Which calls write is not known: the record has no accesses and no hints of tools. "
            "Name the tools that write with --writes."
        )
    writing = known.filter(pl.col("writes") > 0).height
    text = f"{writing} of {known.height} runs write"
    if shared.is_empty():
        return f"{text}; no split found would have subagents share what they write."
    kinds = Counter(str(name).partition(":")[0] for name in shared.get_column("resource"))
    named = ", ".join(f"{kind} ({n})" for kind, n in kinds.most_common(4))
    return (
        f"{text}. Split by data alone, subagents would share something that one of them writes in "
        f"{_many(shared.get_column('trial_id').n_unique(), 'run')}: {named}."
    )


def _choices(result: ProfileResult) -> str:
    if result.unsettled.is_empty():
        return ""
    unsettled = result.unsettled.group_by("parameter").agg(
        pl.col("trial_id").n_unique().alias("runs"),
        pl.col("values").explode().unique().sort().alias("values"),
    )
    named = "; ".join(
        f"{row['parameter']} ({', '.join(row['values'][:4])})"
        for row in unsettled.sort("runs", "parameter", descending=[True, False])
        .head(4)
        .iter_rows(named=True)
    )
    return f"Subagents would each choose what nobody told them, so the brief must settle: {named}."


def _briefs(result: ProfileResult) -> str:
    middle = result.overall["medians"]
    if middle["brief_least"] is None:
        return ""
    return (
        f"A brief would carry between {middle['brief_least']:.0f} tokens (the values it uses) and "
        f"{middle['brief_most']:.0f} (all that was asked, and whole replies it needs), in the "
        f"middle of the runs that split; {_sizes(result)}."
    )


def _cost(result: ProfileResult) -> str:
    middle = result.overall["medians"]
    if middle["token_ratio_least"] is None:
        return ""
    tokens, fresh = (
        sorted(middle[f"{name}_ratio_{end}"] for end in ("least", "most"))
        for name in ("token", "fresh")
    )
    text = (
        f"Where a split pays in time, the team is predicted to use {tokens[0]:.2f} to "
        f"{tokens[1]:.2f} times the tokens, and {fresh[0]:.2f} to {fresh[1]:.2f} times the input "
        "that no cache serves"
    )
    dollars = result.per_run.select(
        (pl.col(f"dollars_team_{name}") / pl.col("dollars_alone")).median().alias(name)
        for name in ("least", "most")
    ).row(0)
    if None not in dollars:
        text += f"; in dollars {min(dollars):.2f} to {max(dollars):.2f} times"
    fit = result.overall["tokens_alone_over_recorded"]
    if fit is not None:
        text += f" (for the single agent the formula gives {fit:.2f} of the recorded tokens)"
    if result.overall["token_source"] == "assumed":
        text += "; tool descriptions, which every agent is sent, are not in this record"
    return f"{text}."


def _scope(result: ProfileResult) -> str:
    overall = result.overall
    text = f"Profiled: {_many(overall['runs'], 'run')} of {_many(overall['tasks'], 'task')}"
    if overall["left_out"]:
        text += (
            f"; {_many(overall['left_out'], 'trial')} left out, which had several agents or no "
            f"recorded steps"
        )
    if overall["simulated"]:
        text += "; the model is simulated, so this is no evidence about any real model"
    return f"{text}."


def _task(row: dict[str, Any]) -> str:
    verdict: str = row["verdict"]
    why = {
        "trial": "its parts share nothing that is written",
        "by resource": "split by data alone its parts would share what they write",
        "settle": "its parts share nothing that is written, but would choose for themselves",
        "one writer": "its parts would share what they write",
        "stay": "its calls wait for one another"
        if row["bound"] < 1.5
        else "handing over takes what the parts would save",
        "unknown": "its parts may share what they write",
    }[verdict]
    safe = row["safe_speed_up"]
    split = row["natural_speed_up"] if safe is None else safe
    return (
        f"{row['task']}: {VERDICTS[verdict]}; {why} (bound {row['bound']:.2f}, split "
        f"{split:.2f} times as fast; medians of {_many(row['runs'], 'run')}, "
        f"{row['passed']} passed)."
    )


def _sizes(result: ProfileResult) -> str:
    per = result.overall["tokens_a_character"]
    if result.overall["token_source"] == "recorded":
        return f"sized from the recorded counts, {1 / per:.1f} characters a token"
    return f"sized at an assumed {1 / per:.0f} characters a token"


def _named(names: list[str], kind: str) -> str:
    """The first few names, and how many there are."""
    if len(names) <= MOST_NAMED:
        return f"{kind}{'s' if len(names) > 1 else ''} {', '.join(names)}"
    return f"{len(names)} {kind}s ({', '.join(names[:MOST_NAMED])}, ...)"


def _many(count: float, kind: str) -> str:
    return f"{count:.0f} {kind}{'' if count == 1 else 's'}"
