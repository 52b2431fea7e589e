"""On the simulated model our count of a prompt is the model's own, call by call."""

from typing import Any

import polars as pl
import pytest

from experiments.recorded.counting import SIMULATED, counter_of, prices_of
from experiments.trials.trial import run_trial
from results.records import SCHEMAS, frame
from results.reports.conflict_section import conflict_section
from results.tokens.attribution import CHARACTERS, attribution
from results.view import view_of
from tests.trials import spec
from topologies import TOPOLOGIES

pytestmark = pytest.mark.slow

Frames = dict[str, pl.DataFrame]


def recorded(topology: str, **settings: object) -> Frames:
    chosen = {"width": 4, "coupling": 1.0, **settings}
    records = [
        run_trial(spec(topology, "orders", "typical", index, trial, **chosen))  # pyright: ignore[reportArgumentType]
        for index in (1, 2)
        for trial in (0, 1)
    ]
    return {
        name: frame(name, [row for record in records for row in record[name]]) for name in SCHEMAS
    }


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_every_prompt_token_is_counted_as_the_model_counts_it(topology: str) -> None:
    found = recorded(topology)
    assert counter_of(found["trials"]) == SIMULATED
    rows = attribution(found["steps"], SIMULATED)
    assert rows.get_column("scale").unique().to_list() == [1.0]
    own = rows.group_by("trial_id", "step").agg(pl.col("tokens", "cached").sum())
    calls = found["steps"].filter(pl.col("kind") == "model")
    both = own.join(calls, on=["trial_id", "step"])
    assert both.height == own.height == calls.height
    assert both.filter(
        (pl.col("tokens") != pl.col("prompt_tokens"))
        | (pl.col("cached") != pl.col("cached_tokens"))
    ).is_empty()


def test_only_a_team_has_briefs_and_reports_and_a_shared_trace_carries_more() -> None:
    briefs: dict[str, int] = {}
    for topology in ("single_thread", "lead_subagents", "shared_trace"):
        rows = attribution(recorded(topology)["steps"], SIMULATED)
        sums = dict(rows.group_by("part").agg(pl.col("tokens").sum()).iter_rows())
        briefs[topology] = sums.get("brief", 0)
        assert ("report" in sums) == (topology != "single_thread")
    assert briefs["shared_trace"] > 2 * briefs["lead_subagents"] > briefs["single_thread"] == 0


def test_schemas_stand_once_for_all_calls_that_were_offered_them() -> None:
    steps = recorded("lead_subagents")["steps"]
    calls = steps.filter(pl.col("kind") == "model", pl.col("trial_id") == steps["trial_id"][0])
    given = calls.get_column("tools").to_list()
    assert sum(text.startswith("[") for text in given) == 2
    assert all(text.isdigit() for text in given if not text.startswith("["))


def test_another_harness_is_counted_by_characters_and_priced_only_if_known() -> None:
    trials = recorded("single_thread")["trials"]
    prices = prices_of(trials)
    assert prices is not None
    assert 0 < prices.cached < prices.fresh < prices.output
    other = trials.with_columns(pl.lit("provider").alias("encoding"))
    assert counter_of(other) == CHARACTERS
    assert prices_of(other.with_columns(pl.lit("openai:no-such-model").alias("model"))) is None


class _Run:
    def __init__(self, frames: list[Frames]) -> None:
        self.manifest: dict[str, Any] = {}
        self.trials, self.steps, self.accesses, self.milestones = (
            pl.concat([one[name] for one in frames])
            for name in ("trials", "steps", "accesses", "milestones")
        )


def test_the_report_shows_a_conflict_that_failed_a_trial_beside_its_serial_twin() -> None:
    run = _Run([recorded(name, style="crud") for name in ("lead_subagents", "serial_team")])
    section = conflict_section(view_of(run))
    assert section is not None
    assert {"conflicts_by_coupling", "conflict_anatomy"} <= set(section.charts)
    assert [table.title for table in section.tables][-1] == "The same trials, one agent at a time"
    told = " ".join(section.sentences)
    assert "lead_subagents met stale-basis" in told
    assert "In simulation, of" in told
    assert "add serial_team" not in told


def test_a_team_without_its_serial_twin_is_told_what_to_add_to_the_sweep() -> None:
    team = recorded("lead_subagents", style="crud")
    section = conflict_section(view_of(_Run([team])))
    assert section is not None
    assert "add serial_team (the same team, one agent at a time)" in " ".join(section.sentences)
    twin = recorded("serial_team", style="crud")
    crashed = twin | {"trials": twin["trials"].with_columns(passed=pl.lit(None, pl.Boolean))}
    section = conflict_section(view_of(_Run([team, crashed])))
    assert section is not None
    assert "no graded trial of serial_team is the same trial" in " ".join(section.sentences)


def test_without_accesses_nothing_is_said_of_conflicts() -> None:
    found = recorded("single_thread")
    assert (
        conflict_section(view_of(_Run([found | {"accesses": found["accesses"].clear()}]))) is None
    )
