"""The fields of a profile's frames, and the rows that one run gives to each."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from results.questions.gain.graph import on_critical_path, speed_up_bound
from results.questions.gain.one_run import TEAM_SIZES, OneRun, mean_brief, mean_width, times_as_fast
from results.questions.gain.split import LEAD
from results.questions.gain.team_cost import Prices

Row = dict[str, Any]

PER_RUN = pl.Schema(
    {
        "trial_id": pl.String,
        "task_set": pl.String,
        "task": pl.String,
        "topology": pl.String,
        "trial": pl.Int64,
        "passed": pl.Boolean,
        "simulated": pl.Boolean,
        "calls": pl.Int64,  # tool calls, words to the user and the end
        "turns": pl.Int64,  # of these, words to the user
        "steps": pl.Int64,  # how long the run took in calls, those of one message at once
        "path": pl.Float64,  # calls on the critical path
        "bound": pl.Float64,  # steps / path, 1 at least: no schedule is faster
        "bound_told_all": pl.Float64,  # the same if all that the user said had been known
        "seconds": pl.Float64,
        "path_seconds": pl.Float64,
        "bound_seconds": pl.Float64,
        **{f"speed_up_{size}": pl.Float64 for size in TEAM_SIZES},  # greedy, on so many agents
        "mean_width": pl.Float64,
        "most_width": pl.Int64,
        "natural_speed_up": pl.Float64,  # split by data alone, handing over included
        "safe_speed_up": pl.Float64,  # split so that no written resource is shared
        "subagents": pl.Int64,
        "writes": pl.Int64,
        "shared_resources": pl.Int64,  # written, by data alone between subagents
        "unsettled_choices": pl.Int64,  # parameters that subagents would each choose
        "brief_least": pl.Float64,  # tokens a brief, mean over subagents
        "brief_most": pl.Float64,
        "tokens_alone": pl.Float64,
        "tokens_team_least": pl.Float64,
        "tokens_team_most": pl.Float64,
        "token_ratio_least": pl.Float64,
        "token_ratio_most": pl.Float64,
        "fresh_ratio_least": pl.Float64,  # prompt tokens that no cache serves
        "fresh_ratio_most": pl.Float64,
        "dollars_alone": pl.Float64,
        "dollars_team_least": pl.Float64,
        "dollars_team_most": pl.Float64,
        "longest_alone": pl.Float64,  # tokens of the longest prompt
        "longest_team": pl.Float64,
        "verdict": pl.String,
    }
)
NODES = pl.Schema(
    {
        "trial_id": pl.String,
        "step": pl.Int64,
        "order": pl.Int64,
        "kind": pl.String,
        "tool": pl.String,
        "writes": pl.Boolean,
        "failed": pl.Boolean,
        "start": pl.Float64,  # in calls, if it waited for nothing but what it needs
        "seconds": pl.Float64,
        "agent": pl.Int64,  # 0 is the lead
        "critical": pl.Boolean,
    }
)
WIDTHS = pl.Schema(
    {"trial_id": pl.String, "start": pl.Float64, "end": pl.Float64, "width": pl.Int64}
)
PARTS = pl.Schema(
    {
        "trial_id": pl.String,
        "agent": pl.Int64,
        "calls": pl.Int64,
        "writes": pl.Int64,
        "tools": pl.List(pl.String),
        "brief_least": pl.Float64,
        "brief_most": pl.Float64,
    }
)
SHARED = pl.Schema(
    {"trial_id": pl.String, "resource": pl.String, "agents": pl.Int64, "writers": pl.Int64}
)
UNSETTLED = pl.Schema(
    {
        "trial_id": pl.String,
        "parameter": pl.String,
        "values": pl.List(pl.String),
        "agents": pl.Int64,
    }
)


def run_row(one: OneRun, prices: Prices | None) -> Row:
    """The numbers of PER_RUN, without what names the run and without the verdict."""
    nodes = one.run.trace.nodes
    calls = len(nodes)
    writes = None if one.run.writes is None else sum(one.run.writes)
    least, most = one.teams or (None, None)
    bound = speed_up_bound(one.steps, one.path)
    row: Row = {
        "trial_id": one.run.trace.trial_id,
        "calls": calls,
        "turns": sum(node.kind == "turn" for node in nodes),
        "steps": one.steps,
        "path": one.path,
        "bound": bound,
        "bound_told_all": one.told_all,
        "seconds": one.seconds,
        "path_seconds": one.path_seconds,
        "bound_seconds": None
        if one.seconds is None or one.path_seconds is None
        else speed_up_bound(max(one.seconds, one.path_seconds), one.path_seconds),
        **{f"speed_up_{size}": min(calls / one.bounded[size], bound or 1.0) for size in TEAM_SIZES},
        "mean_width": mean_width(one),
        "most_width": max((width for _, _, width in one.widths), default=0),
        "natural_speed_up": times_as_fast(one, one.natural),
        "safe_speed_up": None if one.safe is None else times_as_fast(one, one.safe),
        "subagents": len(one.briefs),
        "writes": writes,
        "shared_resources": None if writes is None else len(one.shared),
        "unsettled_choices": len(one.unsettled),
        "brief_least": mean_brief(one, 0),
        "brief_most": mean_brief(one, 1),
        "tokens_alone": one.alone.total,
        "dollars_alone": one.alone.dollars(prices) if prices else None,
        "longest_alone": one.alone.longest,
        "longest_team": most.longest if most else None,
    }
    fresh = one.alone.prompt - one.alone.cached
    for name, usage in (("least", least), ("most", most)):
        if usage is not None:
            row |= {
                f"tokens_team_{name}": usage.total,
                f"token_ratio_{name}": usage.total / one.alone.total if one.alone.total else None,
                f"fresh_ratio_{name}": (usage.prompt - usage.cached) / fresh if fresh else None,
                f"dollars_team_{name}": usage.dollars(prices) if prices else None,
            }
    return row


def node_rows(one: OneRun) -> Iterator[Row]:
    """The calls of a run, in the order in which they were made."""
    critical = set(on_critical_path(one.before, [1.0] * len(one.before)))
    for at, node in enumerate(one.run.trace.nodes):
        yield {
            "trial_id": one.run.trace.trial_id,
            "step": node.step,
            "order": at,
            "kind": node.kind,
            "tool": node.tool,
            "writes": None if one.run.writes is None else one.run.writes[at],
            "failed": node.failed,
            "start": one.begun[at],
            "seconds": node.seconds,
            "agent": one.chosen.agent[at],
            "critical": at in critical,
        }


def width_rows(one: OneRun) -> Iterator[Row]:
    """How many calls could run at once, over time in calls."""
    for start, end, width in one.widths:
        yield {
            "trial_id": one.run.trace.trial_id,
            "start": start,
            "end": end,
            "width": width,
        }


def part_rows(one: OneRun) -> Iterator[Row]:
    """What each subagent of the split would do."""
    nodes, writes = one.run.trace.nodes, one.run.writes
    for agent, (least, most) in one.briefs.items():
        own = [at for at, whose in enumerate(one.chosen.agent) if whose == agent != LEAD]
        yield {
            "trial_id": one.run.trace.trial_id,
            "agent": agent,
            "calls": len(own),
            "writes": None if writes is None else sum(writes[at] for at in own),
            "tools": [str(nodes[at].tool) for at in own],
            "brief_least": least,
            "brief_most": most,
        }


def shared_rows(one: OneRun) -> Iterator[Row]:
    """The written resources that subagents would share if the work were split by data alone."""
    for shared in one.shared:
        yield {
            "trial_id": one.run.trace.trial_id,
            "resource": shared.resource,
            "agents": len(shared.agents),
            "writers": shared.writers,
        }


def unsettled_rows(one: OneRun) -> Iterator[Row]:
    """What several subagents would each choose, and the choices that the single agent made."""
    for parameter, choices in one.unsettled:
        yield {
            "trial_id": one.run.trace.trial_id,
            "parameter": parameter,
            "values": sorted({choice.value for choice in choices}),
            "agents": len({one.chosen.agent[choice.at] for choice in choices}),
        }
